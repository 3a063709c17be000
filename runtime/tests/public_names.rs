//! The public names of the crate, compared with a golden file, so that none appears or goes unseen.
//!
//! It reads the sources that make names public: the root, and the module file of each public module. It
//! lists paths, not signatures. `UPDATE_EXPECT=1` writes the golden file.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

/// Public modules with a file of their own.
const MODULES: [(&str, &str); 7] = [
    ("topkit", "lib.rs"),
    ("topkit::cache::pack", "compile/store/pack/mod.rs"),
    ("topkit::host", "host.rs"),
    ("topkit::interpret", "interpret.rs"),
    ("topkit::measure", "measure/mod.rs"),
    ("topkit::tune", "tune/mod.rs"),
    ("topkit::tune::input", "tune/input/mod.rs"),
];

/// At most so many names stand at the root.
const ROOT: usize = 40;

#[test]
fn the_public_names_are_those_of_the_golden_file() {
    let sources = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    let mut names = BTreeSet::new();
    for (module, file) in MODULES {
        let text = fs::read_to_string(sources.join(file)).unwrap();
        for name in public(module, &text) {
            names.insert(name);
        }
    }
    let root = names.iter().filter(|name| name.matches("::").count() == 1).count();
    assert!(root <= ROOT, "{root} names at the root");
    let got: String = names.iter().map(|name| format!("{name}\n")).collect();
    let golden = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/public_names.txt");
    if std::env::var_os("UPDATE_EXPECT").is_some() {
        fs::write(&golden, &got).unwrap();
    }
    let due = fs::read_to_string(&golden).unwrap();
    assert!(got == due, "the public names changed; UPDATE_EXPECT=1 writes them:\n{got}");
}

/// The public names of a module's text, and of the modules inside it.
fn public(module: &str, text: &str) -> Vec<String> {
    let mut names = Vec::new();
    let mut inline: Option<String> = None;
    let mut lines = text.lines();
    while let Some(line) = lines.next() {
        if line == "}" {
            inline = None;
        }
        let within = inline.clone().unwrap_or_else(|| module.to_owned());
        let code = match &inline {
            Some(_) => line.strip_prefix("    ").unwrap_or(""),
            None => line,
        };
        let Some(item) = code.strip_prefix("pub ") else { continue };
        if let Some(tree) = item.strip_prefix("use ") {
            let mut tree = tree.to_owned();
            while !tree.ends_with(';') {
                tree += lines.next().expect("a use ends");
            }
            names.extend(used(&tree).into_iter().map(|name| format!("{within}::{name}")));
            continue;
        }
        let kinds = ["mod ", "struct ", "enum ", "trait ", "fn ", "const fn ", "const ", "type "];
        let Some(rest) = kinds.iter().find_map(|kind| item.strip_prefix(kind)) else { continue };
        let end = rest.find(|c: char| !c.is_alphanumeric() && c != '_').unwrap_or(rest.len());
        names.push(format!("{within}::{}", &rest[..end]));
        if item.starts_with("mod ") && item.ends_with('{') {
            inline = Some(format!("{within}::{}", &rest[..end]));
        }
    }
    names
}

/// The names that a `use` imports. A glob imports the names of a file of [`MODULES`].
fn used(tree: &str) -> Vec<String> {
    assert!(tree.matches('{').count() < 2, "a use with one brace can be read: {tree}");
    let tree = tree.trim_end_matches(';');
    let list = match tree.split_once('{') {
        Some((_, list)) => list.trim_end_matches('}'),
        None => tree,
    };
    let last = |path: &str| path.rsplit([':', ' ']).next().unwrap_or(path).to_owned();
    let names: Vec<String> =
        list.split(',').map(str::trim).filter(|path| !path.is_empty()).map(last).collect();
    assert!(!names.contains(&"*".to_owned()), "public names are listed: {tree}");
    names
}
