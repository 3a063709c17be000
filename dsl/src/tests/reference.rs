//! Checks that the reference in the macro's documentation matches the table of keys.

use super::faults;
use topkit_codegen::{DType, Key, KeyKind};

/// The values of a key.
fn takes(key: Key) -> Vec<String> {
    match key.kind() {
        KeyKind::Dtype => DType::ALL.map(|dtype| dtype.name().to_owned()).to_vec(),
        KeyKind::K => vec![],
        KeyKind::Tuning(row) => row.allowed().iter().map(u32::to_string).collect(),
        KeyKind::Semantic(row) => row.words().iter().map(|word| (*word).to_owned()).collect(),
    }
}

fn table() -> String {
    let defaults = crate::fallback::spec(String::new());
    let mut table = "| key | takes | default | meaning |\n|---|---|---|---|\n".to_owned();
    for &key in Key::ALL {
        let values: Vec<String> = takes(key).iter().map(|value| format!("`{value}`")).collect();
        let (takes, default) = match key.kind() {
            KeyKind::Dtype => (values.join(", "), "required".to_owned()),
            KeyKind::K => ("1 to 2147483647".to_owned(), format!("`{}`", key.written(&defaults))),
            _ => (values.join(", "), format!("`{}`", key.written(&defaults))),
        };
        let name = match key.kind() {
            KeyKind::Tuning(_) => format!("`tuning {{ {key} }}`"),
            _ => format!("`{key}`"),
        };
        table += &format!("| {name} | {takes} | {default} | {} |\n", key.summary());
    }
    table
}

#[test]
fn the_table_is_that_of_the_keys() {
    expect_test::expect_file!["../keys.md"].assert_eq(&table());
}

#[test]
fn every_documented_value_is_one_that_the_macro_knows() {
    for &key in Key::ALL {
        for value in takes(key) {
            let entry = match key.kind() {
                KeyKind::Dtype => format!("dtype: {value}"),
                KeyKind::Tuning(_) => format!("dtype: f32, tuning {{ {key}: {value} }}"),
                _ => format!("dtype: f32, {key}: {value}"),
            };
            let faults = faults(&entry);
            assert!(faults.lines().all(|fault| fault.contains("contradicts")), "{faults}");
        }
    }
}
