//! Writes what a kernel became, for a person to read: `TOPKIT_DUMP`. What was edited there is read by
//! [`crate::overrides`].

use crate::cache::Artifact;
use crate::error::Error;
use std::path::Path;
use topkit_codegen::{Arch, RenderedSource};

/// The file that holds the text.
pub(crate) const SOURCE: &str = "kernel.cu";

/// The folder of a kernel.
pub(crate) fn folder_name(entry: &str, arch: Arch) -> String {
    format!("{entry}-{arch}")
}

/// Writes `<symbol>-<arch>/{kernel.cu,kernel.ptx,kernel.cubin,build.log}` below the folder,
/// unless the same was written before. What was asked for is an error when it cannot be had. The
/// architecture is the engine's, by which overrides are looked for; a pack's kernel may be of an
/// earlier one.
pub(crate) fn dump(
    folder: &Path,
    source: &RenderedSource,
    arch: Arch,
    artifact: &Artifact,
    ptx: impl FnOnce() -> Result<String, Error>,
) -> Result<(), Error> {
    let folder = folder.join(folder_name(&source.entry, arch));
    let cubin = folder.join("kernel.cubin");
    if std::fs::read(&cubin).is_ok_and(|written| written == artifact.cubin) {
        return Ok(());
    }
    write(&folder.join(SOURCE), source.text.as_bytes())?;
    write(&folder.join("kernel.ptx"), ptx()?.as_bytes())?;
    write(&folder.join("build.log"), artifact.log.as_bytes())?;
    // Last, since it marks the folder as complete.
    write(&cubin, &artifact.cubin)
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
