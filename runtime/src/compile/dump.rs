//! Writes what a kernel became, for a person to read: `TOPKIT_DUMP`. What was edited there is read by
//! [`crate::compile::overrides`].

use crate::compile::store::Artifact;
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
/// unless the same was written before. The PTX is compiled for it by `ptx`, which is `None` where that
/// is denied or there is no compiler; the PTX is then left out, and written by the first run that may
/// compile. What was asked for is an error when it cannot be had. The
/// architecture is the engine's, by which overrides are looked for; a pack's kernel may be of an
/// earlier one.
pub(crate) fn dump(
    folder: &Path,
    source: &RenderedSource,
    arch: Arch,
    artifact: &Artifact,
    ptx: Option<impl FnOnce() -> Result<String, Error>>,
) -> Result<(), Error> {
    let folder = folder.join(folder_name(&source.entry, arch));
    let (cubin, file) = (folder.join("kernel.cubin"), folder.join("kernel.ptx"));
    let is_written = std::fs::read(&cubin).is_ok_and(|written| written == artifact.cubin);
    if is_written && (ptx.is_none() || file.is_file()) {
        return Ok(());
    }
    write(&folder.join(SOURCE), source.text.as_bytes())?;
    match ptx {
        Some(ptx) => write(&file, ptx()?.as_bytes())?,
        None => {
            tracing::warn!("{} is left out: nothing may be compiled for it here", file.display());
            remove(&file)?;
        }
    }
    write(&folder.join("build.log"), artifact.log.as_bytes())?;
    // Last, since it marks the folder as complete but for the PTX.
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::compile::store::{CacheKey, KeyInputs, Origin};
    use topkit_codegen::{DType, Variant, render};

    fn key(source: &RenderedSource, arch: Arch) -> CacheKey {
        let (entry, text) = (&source.entry, &source.text);
        KeyInputs { entry, source: text, options: &[], arch, compiler: "none" }.key()
    }

    #[test]
    fn ptx_that_was_left_out_is_written_once_it_may_be_compiled() {
        let folder = tempfile::tempdir().unwrap();
        let arch = Arch::of_device(9, 0);
        let variant: Variant =
            Variant::from_short_name(DType::F32, "block_filter v4_b2048_t512_r32").unwrap();
        let source = render(&variant).unwrap();
        let artifact = Artifact {
            key: key(&source, arch),
            entry: source.entry.clone(),
            arch,
            cubin: b"code".to_vec(),
            log: String::new(),
            origin: Origin::Compiled,
        };
        let file = folder.path().join(folder_name(&source.entry, arch)).join("kernel.ptx");
        let run = |ptx: Option<&str>| {
            let ptx = ptx.map(|text| || Ok(text.to_owned()));
            dump(folder.path(), &source, arch, &artifact, ptx).unwrap();
            std::fs::read_to_string(&file).ok()
        };
        assert_eq!(run(None), None);
        assert_eq!(run(Some("one")).as_deref(), Some("one"));
        // It is there: it is not compiled again, and not removed by a run that may not compile.
        assert_eq!(run(Some("two")).as_deref(), Some("one"));
        assert_eq!(run(None).as_deref(), Some("one"));
    }
}
