//! The documents say what the code says, and the files keep the house's shape. Needs nothing.

use crate::tree::{files, read, root};
use std::fs;

#[test]
fn the_example_of_the_readme_is_the_one_that_is_built() {
    let readme = read("README.md");
    let (_, rest) = readme.split_once("```rust\n").unwrap();
    let (example, _) = rest.split_once("```").unwrap();
    let quickstart = read("runtime/examples/quickstart.rs");
    assert!(quickstart.contains(example), "README.md differs from quickstart.rs:\n{example}");
    let lines = example.lines().filter(|line| !line.is_empty()).count();
    assert!(lines <= 15, "the example has {lines} lines");
}

/// Each was replaced by a plain sentence, and comes back with an old paragraph.
#[test]
fn sentences_that_were_hard_to_follow_stay_away() {
    let hard = [
        "names a kernel that is not warm",
        "is taken where its source and options",
        "What is rare is compiled",
    ];
    for path in ["README.md", "ARCHITECTURE.md", "CONTRIBUTING.md"] {
        let text = read(path).split_whitespace().collect::<Vec<_>>().join(" ");
        for words in hard {
            assert!(!text.contains(words), "{path} says \"{words}\"");
        }
    }
    let plain = "After warm-up, no problem in these ranges triggers a compile";
    let caching = read("docs/caching.md");
    assert!(
        caching.contains(&format!("\n\n{plain}")),
        "docs/caching.md lacks a paragraph: {plain}"
    );
}

#[test]
fn every_block_has_a_row() {
    let readme = read("templates/README.md");
    for path in files("templates") {
        let block = path.strip_prefix("templates/").unwrap();
        let row = format!("| `{block}` |");
        assert!(block == "README.md" || readme.contains(&row), "templates/README.md lacks {row}");
    }
}

#[test]
fn every_dependency_has_its_reason() {
    let manifest = read("Cargo.toml");
    let (_, section) = manifest.split_once("[workspace.dependencies]\n").unwrap();
    let (section, _) = section.split_once("\n[").unwrap();
    let table: String =
        read("ARCHITECTURE.md").lines().filter(|line| line.starts_with("| ")).collect();
    let names = section.lines().filter_map(|line| Some(line.split_once(" = ")?.0));
    let foreign: Vec<&str> = names.filter(|name| !name.starts_with("topkit")).collect();
    assert!(foreign.len() > 10, "the manifest was not read: {foreign:?}");
    for name in foreign {
        let listed = [format!("| {name} |"), format!("| {name},"), format!(", {name} |")];
        let middle = format!(", {name},");
        let found = listed.iter().chain([&middle]).any(|words| table.contains(words));
        assert!(found, "ARCHITECTURE.md does not say why {name} is used");
    }
}

/// The features of a manifest.
fn features(manifest: &str) -> Vec<String> {
    let text = read(manifest);
    let (_, section) = text.split_once("[features]\n").unwrap_or_default();
    let (section, _) = section.split_once("\n[").unwrap_or((section, ""));
    let names = section.lines().filter_map(|line| line.split_once(" = "));
    names.map(|(name, _)| name.to_owned()).filter(|name| !name.starts_with('#')).collect()
}

/// The features that a text names: after the word, in dependencies and commands, in a table of them,
/// and wherever it speaks of bindings of CUDA.
fn named_features(text: &str) -> Vec<String> {
    let mut named = Vec::new();
    let mut rows = text.lines();
    while let Some(head) = rows.next() {
        if head.starts_with("| feature |") {
            let rows = rows.by_ref().skip(1).take_while(|row| row.starts_with("| "));
            named.extend(rows.map(|row| row.split('`').nth(1).unwrap().to_owned()));
        }
    }
    let text = text.split_whitespace().collect::<Vec<_>>().join(" ");
    let word = |rest: &str| -> String {
        rest.chars().take_while(|c| c.is_ascii_alphanumeric() || "-_/".contains(*c)).collect()
    };
    for before in ["feature `", "features `", "features = [\"", "--features ", "`cuda-"] {
        for (at, _) in text.match_indices(before) {
            let start = if before == "`cuda-" { at + 1 } else { at + before.len() };
            // With the crate, as `topkit/interpret`.
            named.push(word(&text[start..]).rsplit('/').next().unwrap().to_owned());
        }
    }
    named
}

#[test]
fn the_size_of_the_shipped_tables_is_told_as_it_is() {
    let size: usize = files("runtime/data/tuned").iter().map(|path| read(path).len()).sum();
    for path in ["README.md", "runtime/src/lib.rs", "runtime/Cargo.toml"] {
        assert!(
            read(path).contains(&format!("{size} bytes")),
            "{path}: the tables are {size} bytes"
        );
    }
}

#[test]
fn every_feature_that_a_document_names_is_there() {
    let text = "With the feature\n`a`, `--features topkit/b`, `features = [\"c\"]`, `cuda-9`.\n\n\
                | feature | bindings |\n|---|---|\n| `d`, the default | some |\n";
    let mut named = named_features(text);
    named.sort();
    assert_eq!(named, ["a", "b", "c", "cuda-9", "d"]);

    let own = features("runtime/Cargo.toml");
    assert!(own.contains(&"cuda-12".to_owned()) && own.contains(&"cuda-any".to_owned()), "{own:?}");
    let crates = ["capi", "cli", "codegen", "dsl", "fronts/candle", "lab", "tests", "xtask"];
    let others = crates.map(|name| features(&format!("{name}/Cargo.toml"))).concat();
    let documents = ["README.md", "ARCHITECTURE.md", "CONTRIBUTING.md"].map(str::to_owned);
    let folders = ["capi", "cli", "docs", "fronts", "lab", "templates", "tests"];
    let more = folders.into_iter().flat_map(files).filter(|path| path.ends_with(".md"));
    for path in documents.into_iter().chain(more) {
        for feature in named_features(&read(&path)) {
            // The other crates have features for their tests and for peers, and none for bindings.
            let there = own.contains(&feature)
                || others.contains(&feature) && !feature.starts_with("cuda-");
            assert!(there, "{path} names the feature {feature}, which no Cargo.toml declares");
        }
    }
    let named = named_features(&read("README.md"));
    for feature in own.iter().filter(|feature| *feature != "default") {
        assert!(named.contains(feature), "README.md does not name the feature {feature}");
    }
}

#[test]
fn files_are_short_and_have_a_header() {
    let folders =
        ["capi", "cli", "codegen", "dsl", "lab", "runtime", "templates", "tests", "xtask"];
    let all = folders
        .into_iter()
        .chain(["fronts/candle/src", "fronts/candle/tests", "fronts/candle/examples"])
        .flat_map(files);
    // The cases of the macro are what a user would write.
    let sources: Vec<String> = all
        .filter(|path| [".rs", ".cuh", ".j2"].iter().any(|end| path.ends_with(end)))
        .filter(|path| !path.starts_with("tests/macro/"))
        .collect();
    assert!(sources.len() > 50, "the sources were not found");
    for path in sources {
        let text = read(&path);
        let lines = text.lines().count();
        assert!(lines <= 500, "{path} has {lines} lines; split it by idea");
        let mark = if path.ends_with(".rs") { "//! " } else { "// " };
        let header = text.lines().next().and_then(|line| line.strip_prefix(mark));
        // A sentence, or the first line of one.
        let says = header.is_some_and(|line| line.split_whitespace().count() >= 3);
        assert!(says, "{path} does not begin with what it is");
    }
}

/// Whether a function of the driver has this name, or it with a suffix as the bindings put them:
/// `_v2`, `_ptsz`.
fn is_named(function: &str, name: &str) -> bool {
    let plain = |name: &str| {
        let name = name.strip_suffix("_ptsz").unwrap_or(name).to_owned();
        match name.rsplit_once("_v") {
            Some((before, version)) if version.parse::<u32>().is_ok() => before.to_owned(),
            _ => name,
        }
    };
    function == name || (plain(name) == name && plain(function) == name)
}

#[test]
fn functions_of_the_driver_are_told_apart() {
    for (function, name) in [
        ("cuMemFree_v2", "cuMemFree"),
        ("cuMemFree_v2", "cuMemFree_v2"),
        ("cuMemcpyDtoHAsync_v2_ptsz", "cuMemcpyDtoHAsync"),
        ("cuInit", "cuInit"),
    ] {
        assert!(is_named(function, name), "{function} {name}");
    }
    for (function, name) in [
        ("cuMemFreeAsync", "cuMemFree"),
        ("cuMemFree", "cuMemFreeAsync"),
        ("cuMemFree_v2", "cuMemFree_v3"),
        ("cuEventElapsedTime", "cuEventElapsedTime_v2"),
        ("cuModuleLoadDataEx", "cuModuleLoadData"),
    ] {
        assert!(!is_named(function, name), "{function} {name}");
    }
}

/// The bindings panic where the driver lacks a function, unless it was looked up before.
#[test]
fn every_function_of_the_driver_is_probed() {
    let probe = read("runtime/src/library/driver.rs");
    let folders = ["runtime/src", "lab/src", "cli/src", "capi/src"];
    let sources = folders.into_iter().flat_map(files).filter(|path| path.ends_with(".rs"));
    let mut called = Vec::new();
    for path in sources {
        let text = read(&path);
        for (at, _) in text.match_indices("sys::cu") {
            let name: String = text[at + "sys::".len()..]
                .chars()
                .take_while(|c| c.is_ascii_alphanumeric() || *c == '_')
                .collect();
            let call = text[at + "sys::".len() + name.len()..].starts_with('(');
            if call && name.chars().nth(2).is_some_and(|c| c.is_ascii_uppercase()) {
                called.push((name, path.clone()));
            }
        }
    }
    assert!(called.len() > 5, "the calls were not found: {called:?}");
    for (name, path) in called {
        let listed = probe.split('"').skip(1).step_by(2).any(|known| is_named(known, &name));
        assert!(listed, "{path} calls {name}, which runtime/src/library/driver.rs does not probe");
    }
}

/// What denies and counts compiles is in the cache, so nothing else calls the compiler.
#[test]
fn the_cache_alone_calls_the_compiler() {
    let own = [
        "runtime/src/compile/cache/mod.rs",
        "runtime/src/compile/compiler.rs",
        "runtime/src/compile/nvrtc/mod.rs",
    ];
    let calls = ["ompiler.compile(", "vrtc.compile(", "vrtc()?.compile(", "Compiler::compile("];
    let calls =
        calls.iter().chain(&["ompiler.ptx(", "vrtc.ptx(", "vrtc()?.ptx(", "Compiler::ptx("]);
    let folders = ["runtime/src", "lab/src", "cli/src", "capi/src"];
    for path in folders.into_iter().flat_map(files).filter(|path| !own.contains(&path.as_str())) {
        if let Ok(text) = fs::read_to_string(root().join(&path)) {
            let call = calls.clone().find(|call| text.contains(**call));
            assert_eq!(call, None, "{path} calls the compiler beside the cache");
        }
    }
    let cache = read(own[0]);
    assert_eq!(cache.matches("compiler.compile(").count(), 1);
}
