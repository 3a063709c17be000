//! Makes sure that there is an NVRTC, and fetches one where there is none.
//!
//! What the library itself finds is taken, if it knows the architecture that tests and demo compile
//! for. Else a Python package is unpacked into `target/nvrtc`; nothing is installed anywhere else.
//! An NVRTC that `TOPKIT_NVRTC` names is never replaced: where it does not do, that is an error.

use crate::{Result, cargo, pip};
use std::env;
use std::fs;
use std::path::{Path, PathBuf};
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
        let remedy = "Without them, install NVRTC in another way and set TOPKIT_NVRTC to the folder of \
                      libnvrtc.so.";
        pip::fetch(&home, &[&format!("{PACKAGE}=={VERSION}")], remedy)
            .map_err(|error| format!("{error}\n\nIt was fetched because {unfit}"))?;
    }
    let library = library_folder(&home).ok_or_else(|| {
        format!("{} holds no libnvrtc.so; remove the folder and try again", home.display())
    })?;
    Ok(Some((VARIABLE, library)))
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
