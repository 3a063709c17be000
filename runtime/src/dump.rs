//! Writes what a kernel became, for a person to read: `TOPKIT_DUMP`. What was edited there is read by
//! [`crate::overrides`].

use crate::cache::Artifact;
use crate::error::Error;
use std::io::ErrorKind;
use std::path::Path;
use topkit_codegen::{Arch, RenderedSource};

/// The file that holds the text.
pub(crate) const SOURCE: &str = "kernel.cu";

/// The folder of a kernel.
pub(crate) fn folder_name(entry: &str, arch: Arch) -> String {
    format!("{entry}-{arch}")
}

/// Writes `<symbol>-<arch>/{kernel.cu,kernel.ptx,kernel.cubin,build.log}` below the folder,
/// unless the same was written before. The PTX is compiled for it, and left out where that is denied
/// or there is no compiler. What was asked for is an error when it cannot be had. The
/// architecture is the engine's, by which overrides are looked for; a pack's kernel may be of an
/// earlier one.
pub(crate) fn dump(
    folder: &Path,
    source: &RenderedSource,
    arch: Arch,
    artifact: &Artifact,
    ptx: impl FnOnce() -> Result<Option<String>, Error>,
) -> Result<(), Error> {
    let folder = folder.join(folder_name(&source.entry, arch));
    let cubin = folder.join("kernel.cubin");
    if std::fs::read(&cubin).is_ok_and(|written| written == artifact.cubin) {
        return Ok(());
    }
    write(&folder.join(SOURCE), source.text.as_bytes())?;
    let file = folder.join("kernel.ptx");
    match ptx()? {
        Some(ptx) => write(&file, ptx.as_bytes())?,
        None => {
            tracing::warn!("{} is left out: nothing may be compiled for it here", file.display());
            remove(&file)?;
        }
    }
    write(&folder.join("build.log"), artifact.log.as_bytes())?;
    // Last, since it marks the folder as complete.
    write(&cubin, &artifact.cubin)
}

/// Removes what was written of another source.
fn remove(path: &Path) -> Result<(), Error> {
    match std::fs::remove_file(path) {
        Err(error) if error.kind() != ErrorKind::NotFound => {
            Err(Error::Write { path: path.display().to_string(), reason: error.to_string() })
        }
        _ => Ok(()),
    }
}

fn write(path: &Path, bytes: &[u8]) -> Result<(), Error> {
    let write = || {
        if let Some(folder) = path.parent() {
            std::fs::create_dir_all(folder)?;
        }
        std::fs::write(path, bytes)
    };
    write().map_err(|error| Error::Write {
        path: path.display().to_string(),
        reason: error.to_string(),
    })
}
