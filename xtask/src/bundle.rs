//! Packs the files with which a GPU machine without Rust tests this repository.
//!
//! It packs the test suites that need NVRTC or a GPU, by their `required-features`; the others run on any
//! machine with Rust. NVRTC is not packed: it is large, and belongs to the machine.
//! On failure the folder may be left half written; the next run empties it first.

use crate::cargo::Built;
use crate::{Result, cargo, examples};
use std::ffi::OsStr;
use std::fs;
use std::path::{Path, PathBuf};

/// Rented machines limit the size of an upload.
const LIMIT: u64 = 64 << 20;

const SCRIPTS: [(&str, &str); 3] = [
    ("run-tests.sh", include_str!("../bundle/run-tests.sh")),
    ("sanitize.sh", include_str!("../bundle/sanitize.sh")),
    ("tune.sh", include_str!("../bundle/tune.sh")),
];

/// The example of the C library, with as much of the CUDA runtime as it needs.
const C_FILES: [&str; 4] = [
    "examples/select.c",
    "include/topkit.h",
    "tests/c/cuda/cuda_runtime.c",
    "tests/c/cuda/cuda_runtime.h",
];

/// Builds everything and writes the folder anew.
pub fn write(folder: &Path) -> Result<()> {
    empty(folder)?;
    let mut parts: Vec<(String, PathBuf)> = Vec::new();
    // Each build has all packages and all features, so that each crate is compiled once.
    let mut suites = vec!["test".to_owned(), "--no-run".to_owned()];
    for (kind, name) in suites_and_benches()? {
        suites.extend([format!("--{kind}"), name]);
    }
    for built in build(&suites)? {
        match built.kind.as_str() {
            "test" => parts.push((format!("tests/{}", built.name), built.file)),
            "bench" => parts.push((format!("benches/{}", built.name), built.file)),
            _ => {}
        }
    }
    if !parts.iter().any(|(place, _)| place.starts_with("tests/")) {
        return Err("no suite of topkit-tests needs NVRTC or a GPU; nothing to pack".into());
    }
    let names = examples::names()?;
    // With the interface by which `topkit bench` loads the library as a peer.
    for built in build(&["build", "--lib", "--bins", "--examples"])? {
        match built.kind.as_str() {
            "example" if names.contains(&built.name) => {
                parts.push((format!("examples/{}", built.name), built.file));
            }
            "bin" => parts.push((format!("bin/{}", built.name), built.file)),
            "cdylib" => parts.push((named(&built.file), built.file)),
            _ => {}
        }
    }
    if !parts.iter().any(|(place, _)| place == "libtopkit.so") {
        return Err("cargo built no libtopkit.so of topkit-capi".into());
    }
    for file in C_FILES {
        let path = cargo::root().join("capi").join(file);
        parts.push((format!("c/{}", named(&path)), path));
    }
    for file in fs::read_dir(cargo::root().join("data"))? {
        let path = file?.path();
        parts.push((format!("data/{}", named(&path)), path));
    }

    for (name, text) in SCRIPTS {
        let path = folder.join(name);
        fs::write(&path, text)?;
        executable(&path)?;
    }
    for (place, from) in &parts {
        let to = folder.join(place);
        fs::create_dir_all(to.parent().unwrap_or(folder))?;
        fs::copy(from, &to).map_err(|error| format!("{}: {error}", from.display()))?;
    }
    report(folder, parts.into_iter().map(|(place, _)| place))
}

/// Makes the folder, without what an earlier bundle left in it. Any other content is not ours.
fn empty(folder: &Path) -> Result<()> {
    if folder.exists() {
        let bundle = SCRIPTS.iter().any(|(name, _)| folder.join(name).is_file());
        if !bundle && fs::read_dir(folder)?.next().is_some() {
            let folder = folder.display();
            return Err(format!("{folder} holds something else; name an empty folder").into());
        }
        fs::remove_dir_all(folder)?;
    }
    Ok(fs::create_dir_all(folder)?)
}

/// The name of a file without its folder.
fn named(path: &Path) -> String {
    path.file_name().unwrap_or_default().to_string_lossy().into_owned()
}

/// The packages whose targets are packed; xtask and the laboratory are not among them.
const PACKAGES: [&str; 4] = ["topkit", "topkit-tests", "topkit-cli", "topkit-capi"];

/// Runs a cargo command in the profile `bundle` and lists what it made.
fn build(arguments: &[impl AsRef<OsStr>]) -> Result<Vec<Built>> {
    let mut command = cargo::command(&[])?;
    command.args(arguments).args(["--profile", "bundle", "--features", "nvrtc,gpu,peer"]);
    cargo::build(command.args(PACKAGES.iter().flat_map(|name| ["--package", name])))
}

/// The suites and benches that need NVRTC or a GPU and nothing else, as their manifest says.
fn suites_and_benches() -> Result<Vec<(String, String)>> {
    let packages = cargo::packages()?;
    let tests = packages.iter().filter(|package| package["name"] == "topkit-tests");
    let targets = tests.flat_map(|package| package["targets"].as_array().into_iter().flatten());
    let needy = targets.filter_map(|target| {
        let needs = target["required-features"].as_array().filter(|needs| !needs.is_empty())?;
        let (kind, name) = (target["kind"][0].as_str()?, target["name"].as_str()?);
        let packed = needs.iter().all(|need| need == "nvrtc" || need == "gpu");
        packed.then(|| (kind.to_owned(), name.to_owned()))
    });
    Ok(needy.collect())
}

/// Prints the packed files, and refuses a bundle above the limit.
fn report(folder: &Path, places: impl Iterator<Item = String>) -> Result<()> {
    let mut sizes = Vec::new();
    for place in places {
        sizes.push((fs::metadata(folder.join(&place))?.len(), place));
    }
    sizes.sort_by(|one, other| other.cmp(one));
    let total: u64 = sizes.iter().map(|(bytes, _)| bytes).sum();
    println!("{}: {:.1} MiB", folder.display(), mib(total));
    for (bytes, place) in &sizes {
        println!("  {:6.1}  {place}", mib(*bytes));
    }
    if total > LIMIT {
        let largest: Vec<_> = sizes.iter().take(3).map(|(_, place)| place.as_str()).collect();
        let (total, limit) = (mib(total), mib(LIMIT));
        return Err(format!(
            "the bundle has {total:.1} MiB, more than {limit:.0}; its largest files are {}",
            largest.join(", ")
        )
        .into());
    }
    println!("On the GPU machine: ./run-tests.sh, ./sanitize.sh, ./tune.sh, ./bin/topkit doctor");
    Ok(())
}

fn mib(bytes: u64) -> f64 {
    bytes as f64 / f64::from(1 << 20)
}

#[cfg(unix)]
fn executable(path: &Path) -> Result<()> {
    use std::os::unix::fs::PermissionsExt;
    Ok(fs::set_permissions(path, fs::Permissions::from_mode(0o755))?)
}

#[cfg(not(unix))]
fn executable(_path: &Path) -> Result<()> {
    Ok(())
}
