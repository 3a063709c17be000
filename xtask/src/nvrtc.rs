//! Makes sure that there is an NVRTC, and fetches one where there is none.
//!
//! What the library itself finds is taken, if it knows the architecture that tests and demo compile
//! for. Else a Python package is unpacked into `target/nvrtc`; nothing is installed anywhere else.
//! An NVRTC that `TOPKIT_NVRTC` names is never replaced: where it does not do, that is an error.

use crate::Result;
use crate::cargo::{self, words};
use std::env;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use topkit::{Arch, machine::Nvrtc};

const PACKAGE: &str = "nvidia-cuda-nvrtc";
const VERSION: &str = "13.0.88";
const VARIABLE: &str = "TOPKIT_NVRTC";
const NEEDED: Arch = Arch::new(9, 0);

/// What to add to the environment of a command so that it finds NVRTC.
pub fn provide() -> Result<Option<(&'static str, PathBuf)>> {
    let unfit = match Nvrtc::find() {
        Ok(nvrtc) if nvrtc.supports(NEEDED) => return Ok(None),
        Ok(nvrtc) => format!("{} does not compile for {NEEDED}; it is too old", nvrtc.path()),
        Err(error) => error.to_string(),
    };
    if env::var_os(VARIABLE).is_some_and(|value| !value.is_empty()) {
        return Err(unfit.into());
    }
    let home = cargo::target()?.join("nvrtc").join(VERSION);
    if !home.is_dir() {
        fetch(&home).map_err(|error| format!("{error}\n\nIt was fetched because {unfit}"))?;
    }
    let library = library_folder(&home).ok_or_else(|| {
        format!("{} holds no libnvrtc.so; remove the folder and try again", home.display())
    })?;
    Ok(Some((VARIABLE, library)))
}

/// Unpacks the package into a folder of its own and gives it its name when it is whole.
fn fetch(home: &Path) -> Result<()> {
    let unpacked = home.with_file_name(format!("incomplete-{}", std::process::id()));
    let mut pip = Command::new("python3");
    pip.args(["-m", "pip", "install", "--quiet", "--disable-pip-version-check", "--no-deps"]);
    // The warning about the root user is about folders that this does not touch.
    pip.env("PIP_ROOT_USER_ACTION", "ignore");
    pip.arg("--target").arg(&unpacked).arg(format!("{PACKAGE}=={VERSION}"));
    eprintln!("Fetching {PACKAGE} {VERSION} into {} ...", home.display());

    let fetched = pip_install(&mut pip).and_then(|()| match fs::rename(&unpacked, home) {
        // Another process may have been faster.
        Err(error) if !home.is_dir() => Err(format!("{}: {error}", home.display()).into()),
        _ => Ok(()),
    });
    if unpacked.exists() {
        fs::remove_dir_all(&unpacked)?;
    }
    fetched
}

fn pip_install(pip: &mut Command) -> Result<()> {
    let remedy = "It needs python3 with pip and a network. Without them, install NVRTC in another \
         way and set TOPKIT_NVRTC to the folder of libnvrtc.so.";
    match pip.status() {
        Ok(status) if status.success() => Ok(()),
        Ok(status) => Err(format!("`{}`: {status}. {remedy}", words(pip)).into()),
        Err(error) => Err(format!("`{}`: {error}. {remedy}", words(pip)).into()),
    }
}

/// The `nvidia/*/lib` folder that holds the library.
fn library_folder(home: &Path) -> Option<PathBuf> {
    let has_library = |folder: &PathBuf| {
        let files = fs::read_dir(folder).into_iter().flatten().flatten();
        files.map(|file| file.file_name()).any(|n| n.to_string_lossy().starts_with("libnvrtc.so"))
    };
    let wheels = fs::read_dir(home.join("nvidia")).ok()?.flatten();
    wheels.map(|wheel| wheel.path().join("lib")).find(has_library)
}
