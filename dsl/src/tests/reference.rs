//! The reference in the macro's documentation says what the macro does.

use super::faults;
use topkit_codegen::{Key, SpecBuilder};

/// The cells of each row of the table of keys: key, takes, default.
fn rows() -> Vec<[&'static str; 3]> {
    let lines = include_str!("../lib.rs").lines();
    let rows = lines.filter_map(|line| line.strip_prefix("/// | `"));
    rows.map(|row| {
        let mut cells = row.split(" | ");
        let mut cell = || cells.next().expect("a row of the table has four cells");
        [cell().trim_matches('`'), cell(), cell()]
    })
    .collect()
}

#[test]
fn the_table_has_every_key_in_order() {
    let documented: Vec<&str> = rows().iter().map(|[key, ..]| *key).collect();
    let keys: Vec<&str> = Key::ALL.iter().map(|key| key.name()).collect();
    assert_eq!(documented, keys);
}

#[test]
fn the_documented_defaults_are_those_of_the_spec() {
    let defaults = crate::fallback::spec(String::new());
    for [key, _, documented] in rows() {
        let Some(key) = Key::from_name(key) else { panic!("{key}") };
        let expected = match key {
            Key::Dtype => "required".into(),
            Key::K => format!("`{}`", SpecBuilder::DEFAULT_K),
            _ => format!("`{}`", crate::expand::value(key, &defaults)),
        };
        assert_eq!(documented, expected, "{key}");
    }
}

#[test]
fn every_documented_value_is_one_that_the_macro_knows() {
    for [key, takes, _] in rows().into_iter().filter(|[key, ..]| *key != "k") {
        for value in takes.split(", ").map(|value| value.trim_matches('`')) {
            let dtype = if key == "dtype" { "" } else { "dtype: f32, " };
            let faults = faults(&format!("{dtype}{key}: {value}"));
            let not_yet = faults.lines().all(|fault| fault.contains("no kernel supports"));
            assert!(not_yet, "{faults}");
        }
    }
}
