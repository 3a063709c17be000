//! What the registry and its readers need of each crate that is published. `cargo xtask package`
//! shows that the packages build; this needs cargo and nothing else.

use crate::tree::root;
use serde_json::Value;
use std::fs;
use std::path::Path;
use std::process::Command;

/// The packages of the workspace and of the fronts, as cargo reads them.
fn packages() -> Vec<Value> {
    [".", "fronts/candle"].into_iter().flat_map(packages_of).collect()
}

fn packages_of(workspace: &str) -> Vec<Value> {
    let mut cargo = Command::new(env!("CARGO"));
    cargo.args(["metadata", "--no-deps", "--offline", "--format-version", "1"]);
    cargo.arg("--manifest-path").arg(root().join(workspace).join("Cargo.toml"));
    let output = cargo.current_dir(root()).output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let metadata: Value = serde_json::from_slice(&output.stdout).unwrap();
    metadata["packages"].as_array().unwrap().clone()
}

/// `publish = false` is an empty list of registries.
fn is_published(package: &Value) -> bool {
    package["publish"].is_null()
}

#[test]
fn those_that_users_depend_on_or_install_are_published() {
    let published = packages().into_iter().filter(is_published);
    let mut names: Vec<_> =
        published.map(|package| package["name"].as_str().unwrap().to_owned()).collect();
    names.sort();
    let with_fronts = ["topkit", "topkit-candle", "topkit-cli"];
    let parts = ["topkit-codegen", "topkit-dsl", "topkit-lab"];
    assert_eq!(names, [with_fronts, parts].concat());
}

#[test]
fn a_published_crate_says_what_it_is_and_has_its_licences() {
    let mut descriptions = Vec::new();
    for package in packages().into_iter().filter(is_published) {
        let name = package["name"].as_str().unwrap();
        let folder = Path::new(package["manifest_path"].as_str().unwrap()).parent().unwrap();
        for licence in ["LICENSE-APACHE", "LICENSE-MIT"] {
            let text = fs::read(folder.join(licence));
            let text = text.unwrap_or_else(|error| panic!("{name}, {licence}: {error}"));
            assert!(text == fs::read(root().join(licence)).unwrap(), "{name}: another {licence}");
        }
        let readme = package["readme"].as_str().unwrap_or_else(|| panic!("{name} has no readme"));
        assert!(folder.join(readme).is_file(), "{name}: there is no {readme}");
        for list in ["keywords", "categories"] {
            let count = package[list].as_array().map_or(0, Vec::len);
            assert!(
                (1..=5).contains(&count),
                "{name} has {count} {list}; the registry takes 1 to 5"
            );
        }
        descriptions.push(package["description"].as_str().unwrap().to_owned());
    }
    let count = descriptions.len();
    descriptions.sort();
    descriptions.dedup();
    assert_eq!(descriptions.len(), count, "two crates have one description");
}

#[test]
fn crates_of_one_release_take_each_other_exactly() {
    let packages = packages();
    for package in packages.iter().filter(|package| is_published(package)) {
        let name = &package["name"];
        for dependency in package["dependencies"].as_array().unwrap() {
            let Some(sister) = packages.iter().find(|other| other["name"] == dependency["name"])
            else {
                continue;
            };
            assert!(is_published(sister), "{name} needs {}, which is not", sister["name"]);
            let exact = format!("={}", sister["version"].as_str().unwrap());
            assert_eq!(dependency["req"], exact.as_str(), "{name} on {}", sister["name"]);
        }
    }
}

#[test]
fn a_build_that_names_no_bindings_ends_in_one_message() {
    let folder = tempfile::tempdir().unwrap();
    let build = |features: &[&str]| {
        let mut rustc = Command::new(std::env::var_os("RUSTC").unwrap_or_else(|| "rustc".into()));
        rustc.args(["--edition", "2024", "--emit", "metadata", "--out-dir"]).arg(folder.path());
        rustc.args(features.iter().flat_map(|name| ["--cfg".into(), format!("feature={name:?}")]));
        let output = rustc.arg(root().join("runtime/build.rs")).output().unwrap();
        (output.status.success(), String::from_utf8(output.stderr).unwrap())
    };
    let (built, message) = build(&["interpret"]);
    assert!(!built && message.contains("`cuda-12`") && message.contains("`cuda-any`"), "{message}");
    for features in [&["cuda-12"][..], &["cuda-any"], &["cuda-12", "cuda-any"]] {
        let (built, message) = build(features);
        assert!(built, "{features:?}: {message}");
    }
    // Else the bindings' own build script fails first, with a message of its own.
    let packages = packages();
    let topkit = packages.iter().find(|package| package["name"] == "topkit").unwrap();
    let dependencies = topkit["dependencies"].as_array().unwrap();
    let cudarc = dependencies.iter().find(|dependency| dependency["name"] == "cudarc").unwrap();
    assert_eq!(cudarc["optional"], true);
}
