//! The text of the generated kernels, byte by byte.
//!
//! A change of a template shows here as a diff of `golden/*.cu`; `cargo xtask bless` accepts it.

use expect_test::expect_file;
use std::collections::BTreeSet;
use std::fmt::Debug;
use std::path::{Path, PathBuf};
use std::process::Command;
use topkit::{
    DType, SelectorSpec, Variant,
    inspect::render,
    spec::{IndexType, KernelKind, NanPolicy, RowShape, Select},
};
use topkit_tests::goldens;
use topkit_tests::rendered;
use topkit_tests::templates::blocks_of_templates;

fn folder(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join(name)
}

#[test]
fn the_text_is_as_it_was() {
    for variant in goldens::variants() {
        let source = rendered(&variant);
        expect_file![folder("golden").join(format!("{}.cu", source.entry))].assert_eq(&source.text);
    }
}

#[test]
fn every_golden_belongs_to_a_variant() {
    let kept: BTreeSet<String> = std::fs::read_dir(folder("golden"))
        .unwrap()
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .collect();
    let wanted: BTreeSet<String> =
        goldens::variants().iter().map(|variant| format!("{}.cu", variant.symbol())).collect();
    assert_eq!(kept, wanted, "delete the goldens that are left over");
}

#[test]
fn the_goldens_use_every_key_and_every_block() {
    let variants = goldens::variants();
    assert!(variants.len() >= 12);
    for dtype in goldens::AT_EACH_WIDTH {
        for vec_size in [1, 2, 4, 8] {
            assert!(variants.iter().any(|v| v.dtype == dtype && v.vec_size == vec_size));
        }
    }
    fn uses<T: PartialEq + Debug>(variants: &[Variant], all: &[T], of: impl Fn(&Variant) -> T) {
        for value in all {
            assert!(
                variants.iter().any(|variant| of(variant) == *value),
                "no golden has {value:?}"
            );
        }
    }
    uses(&variants, KernelKind::ALL, |v| v.kernel);
    uses(&variants, &DType::ALL, |v| v.dtype);
    uses(&variants, &[256, 512, 1024, 2048, 4096], |v| v.bins);
    uses(&variants, &[128, 256, 512, 1024], |v| v.threads);
    uses(&variants, Select::ALL, |v| v.semantics.select);
    uses(&variants, NanPolicy::ALL, |v| v.semantics.nan);
    uses(&variants, IndexType::ALL, |v| v.semantics.index);
    uses(&variants, RowShape::ALL, |v| v.semantics.rows);
    let mut texts: Vec<String> = variants.iter().map(|v| rendered(v).text).collect();
    // A program's blocks are in no kernel without one.
    let own = SelectorSpec::builder("Own").dtype([DType::F32]);
    let own = own.functions("", "fn score(x: f32) -> f32 { -x }").unwrap().build().unwrap();
    texts.push(render(&own, &own.variants()[0]).unwrap().text);
    let blocks = blocks_of_templates();
    assert!(blocks.len() > 20, "{blocks:?}");
    for (block, _) in blocks {
        let banner = format!("// ---- {block} ");
        assert!(texts.iter().any(|text| text.contains(&banner)), "no golden uses {block}");
    }
}

#[test]
fn the_text_is_whole_and_names_its_key() {
    for variant in goldens::variants() {
        let source = rendered(&variant);
        for absent in ["#include", "{{ ", "{%", "std::"] {
            assert!(!source.text.contains(absent), "{absent} in {}", source.entry);
        }
        let banner: String = source.text.lines().take(18).collect::<Vec<_>>().join("\n");
        for part in [
            source.entry.clone(),
            format!("dtype = {}", variant.dtype),
            format!("vec_size = {}", variant.vec_size),
            format!("bins = {}", variant.bins),
            format!("threads = {}", variant.threads),
            format!("index = {}", variant.semantics.index),
        ] {
            assert!(banner.contains(&part), "{part} is not in\n{banner}");
        }
        assert!(source.text.contains(&format!(
            "__launch_bounds__({}, {})",
            variant.threads,
            variant.ctas()
        )));
    }
}

/// The code that differs between GPU and interpreter is in one room, each body beside the other.
#[test]
fn instructions_and_conditions_are_in_ptx_alone() {
    for (block, text) in blocks_of_templates() {
        for line in text.lines() {
            let code = line.split("//").next().unwrap();
            let words = code.split(|c: char| !c.is_ascii_alphanumeric() && c != '_');
            let differs =
                words.clone().any(|word| word == "asm") || code.trim_start().starts_with("#if");
            assert!(!differs || block.starts_with("ptx/"), "{block} has {line}");
        }
    }
}

#[test]
fn a_variant_that_cannot_be_is_refused() {
    let sound = goldens::variants()[0];
    let unsound = Variant { vec_size: 3, bins: 1000, ..sound };
    let error = render(&SelectorSpec::of(&sound), &unsound).unwrap_err().to_string();
    assert!(error.contains("`vec_size: 3`") && error.contains("`bins: 1000`"), "{error}");
}

const CHILD: &str = "TOPKIT_TESTS_PRINT_DIGESTS";

#[test]
fn two_processes_render_the_same_bytes() {
    let digests = || goldens::variants().iter().map(|v| rendered(v).digest + "\n").collect();
    let mine: String = digests();
    if std::env::var_os(CHILD).is_some() {
        print!("{mine}");
        return;
    }
    for language in ["C", "tr_TR.UTF-8"] {
        let child = Command::new(std::env::current_exe().unwrap())
            .args(["golden::two_processes_render_the_same_bytes", "--exact", "--nocapture"])
            .env(CHILD, "1")
            .env("LC_ALL", language)
            .output()
            .unwrap();
        let printed = String::from_utf8(child.stdout).unwrap();
        assert!(printed.contains(&mine), "{printed}");
    }
}
