//! Unpacks Python packages below the target folder; nothing is installed anywhere else.

use crate::Result;
use crate::cargo::words;
use std::fs;
use std::path::Path;
use std::process::Command;

/// Unpacks packages, without those that they depend on, into a folder that is not there yet. It gets its
/// name when it is whole. `remedy` says what to do without pip.
pub fn fetch(home: &Path, packages: &[&str], remedy: &str) -> Result<()> {
    let unpacked = home.with_file_name(format!("incomplete-{}", std::process::id()));
    let mut pip = Command::new("python3");
    pip.args(["-m", "pip", "install", "--quiet", "--disable-pip-version-check", "--no-deps"]);
    // The warning about the root user is about folders that this does not touch.
    pip.env("PIP_ROOT_USER_ACTION", "ignore");
    pip.arg("--target").arg(&unpacked).args(packages);
    eprintln!("Fetching {} into {} ...", packages.join(" and "), home.display());

    let fetched = install(&mut pip, remedy).and_then(|()| match fs::rename(&unpacked, home) {
        // Another process may have been faster.
        Err(error) if !home.is_dir() => Err(format!("{}: {error}", home.display()).into()),
        _ => Ok(()),
    });
    if unpacked.exists() {
        fs::remove_dir_all(&unpacked)?;
    }
    fetched
}

fn install(pip: &mut Command, remedy: &str) -> Result<()> {
    let how = match pip.status() {
        Ok(status) if status.success() => return Ok(()),
        Ok(status) => status.to_string(),
        Err(error) => error.to_string(),
    };
    let command = words(pip);
    Err(format!("`{command}`: {how}. It needs python3 with pip and a network. {remedy}").into())
}
