//! `cargo xtask package`: the crates as the registry would have them.
//!
//! Cargo packs each crate that is published, and runs its upload dry. The packed files are then
//! unpacked below the target folder and built there, away from the repository, so that a file that
//! a package lacks is found. The fronts are workspaces of their own: they are packed, and CI builds
//! them where they are. Cargo's own build of a dry run is not used: cargo 1.95 keeps what it has
//! unpacked and built of a version, and builds the next edit of that version against it.

use crate::{Result, cargo};
use serde_json::Value;
use std::fmt::Write;
use std::fs;
use std::path::Path;
use std::process::Command;

/// Published crates outside of the workspace.
const FRONTS: [&str; 1] = ["fronts/candle"];

/// Packs and builds every crate that is published.
pub fn run() -> Result<()> {
    let crates = published()?;
    let packages = crates.iter().flat_map(|(name, _)| ["--package", name]);
    for task in [&["package"][..], &["publish", "--dry-run"]] {
        let mut command = cargo::command(task)?;
        // An edited tree is packed as it is on disk.
        command.args(["--no-verify", "--locked", "--allow-dirty"]).args(packages.clone());
        cargo::run(&mut command)?;
    }

    let folder = cargo::target()?.join("unpacked");
    if folder.exists() {
        fs::remove_dir_all(&folder)?;
    }
    fs::create_dir_all(&folder)?;
    for (name, version) in &crates {
        let packed = cargo::target()?.join(format!("package/{name}-{version}.crate"));
        unpack(&packed, &folder)?;
    }
    fs::write(folder.join("Cargo.toml"), manifest(&crates)?)?;
    fs::copy(cargo::root().join("Cargo.lock"), folder.join("Cargo.lock"))?;
    let mut check = cargo::command(&["check", "--workspace", "--target-dir"])?;
    cargo::run(check.arg(cargo::target()?).current_dir(&folder))?;
    FRONTS.into_iter().try_for_each(pack_front)
}

/// Packs a front. The registry's crates are those of this repository, as if they had been uploaded.
fn pack_front(front: &str) -> Result<()> {
    let front = cargo::root().join(front);
    let lock = fs::read_to_string(front.join("Cargo.lock"))?;
    let mut command = cargo::command(&["package", "--no-verify", "--allow-dirty", "--target-dir"])?;
    command.arg(cargo::target()?).current_dir(&front);
    for package in cargo::packages()? {
        let (name, manifest) = (package["name"].as_str(), package["manifest_path"].as_str());
        let folder = manifest.and_then(|manifest| Path::new(manifest).parent());
        let (Some(name), Some(folder)) = (name, folder) else { continue };
        // Others would be patches without use, which cargo writes into the lock file.
        if lock.contains(&format!("name = \"{name}\"\n")) {
            command.arg("--config").arg(format!("patch.crates-io.{name}.path={folder:?}"));
        }
    }
    cargo::run(&mut command)
}

/// Name and version of the crates that are published.
fn published() -> Result<Vec<(String, String)>> {
    let packages = cargo::packages()?;
    let word = |value: &Value| value.as_str().map(str::to_owned);
    Ok(packages
        .iter()
        // `publish = false` is an empty list of registries.
        .filter(|package| package["publish"].is_null())
        .filter_map(|package| Some((word(&package["name"])?, word(&package["version"])?)))
        .collect())
}

fn unpack(packed: &Path, folder: &Path) -> Result<()> {
    let mut tar = Command::new("tar");
    // -m: the files are as old as this call. Packed, all have one date, by which cargo would take
    // an edited file for the one that it has built.
    cargo::run(tar.arg("-xmzf").arg(packed).arg("-C").arg(folder))
}

/// A workspace of the unpacked crates, which find each other there and not on the registry. The
/// profile is the repository's, so that dependencies are built once for both.
fn manifest(crates: &[(String, String)]) -> Result<String> {
    let folders: Vec<_> =
        crates.iter().map(|(name, version)| format!("{name}-{version}")).collect();
    let own = fs::read_to_string(cargo::root().join("Cargo.toml"))?;
    let start = own.find("[profile.dev]").ok_or("Cargo.toml has no [profile.dev]")?;
    let end =
        own.find("[profile.bundle]").ok_or("Cargo.toml has no [profile.bundle] at its end")?;
    let profile =
        own.get(start..end).ok_or("Cargo.toml has [profile.bundle] before [profile.dev]")?;
    let mut text = format!("[workspace]\nresolver = \"3\"\nmembers = {folders:?}\n{profile}");
    text += "[patch.crates-io]\n";
    for ((name, _), folder) in crates.iter().zip(&folders) {
        let _ = writeln!(text, "{name} = {{ path = \"{folder}\" }}");
    }
    Ok(text)
}
