//! Writes the source, PTX, machine code and build log of a kernel, for a person to read: `TOPKIT_DUMP`.
//! [`overrides`](super::overrides) reads edited sources. A file that cannot be written is an error, because
//! the user requested the dump.

use super::store::Artifact;
use std::io::{self, ErrorKind};
use std::path::Path;
use topkit_codegen::{Arch, RenderedSource};

/// The file that holds the text.
pub(crate) const SOURCE: &str = "kernel.cu";

/// The folder of a kernel.
pub(crate) fn folder_name(entry: &str, arch: Arch) -> String {
    format!("{entry}-{arch}")
}

/// A file of a dump that could not be written.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{path} could not be written: {reason}")]
#[non_exhaustive]
pub struct DumpError {
    /// The file.
    pub path: String,
    /// The system's own words.
    pub reason: String,
}

/// Writes `<symbol>-<arch>/{kernel.cu,kernel.ptx,kernel.cubin,build.log}` below the folder, unless the
/// same was written before. `ptx` compiles the PTX; it is `None` where compiles are denied or there is
/// no compiler, and the PTX is then written by the first run that may compile. A file that cannot be
/// made is an error, because the user requested the dump. The architecture is the engine's, because
/// overrides are searched by it; a pack's kernel may be of an earlier one.
pub(crate) fn dump<E: From<DumpError>>(
    folder: &Path,
    source: &RenderedSource,
    arch: Arch,
    artifact: &Artifact,
    ptx: Option<impl FnOnce() -> Result<String, E>>,
) -> Result<(), E> {
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
    Ok(write(&cubin, &artifact.cubin)?)
}

/// Removes the file of another source.
fn remove(path: &Path) -> Result<(), DumpError> {
    match std::fs::remove_file(path) {
        Err(error) if error.kind() != ErrorKind::NotFound => Err(unwritten(path, &error)),
        _ => Ok(()),
    }
}

fn write(path: &Path, bytes: &[u8]) -> Result<(), DumpError> {
    let write = || {
        if let Some(folder) = path.parent() {
            std::fs::create_dir_all(folder)?;
        }
        std::fs::write(path, bytes)
    };
    write().map_err(|error| unwritten(path, &error))
}

fn unwritten(path: &Path, error: &io::Error) -> DumpError {
    DumpError { path: path.display().to_string(), reason: error.to_string() }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::compile::store::{CacheKey, KeyInputs, Origin};
    use topkit_codegen::{DType, SelectorSpec, render};

    fn key(source: &RenderedSource, arch: Arch) -> CacheKey {
        let (entry, text) = (&source.entry, &source.text);
        KeyInputs { entry, source: text, options: &[], arch, compiler: "none" }.key()
    }

    #[test]
    fn ptx_that_was_left_out_is_written_once_it_may_be_compiled() {
        let folder = tempfile::tempdir().unwrap();
        let arch = Arch::of_device(9, 0);
        let spec = SelectorSpec::builder("One").dtype([DType::F32]).build().unwrap();
        let source = render(&spec, &spec.variants()[0]).unwrap();
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
            dump::<DumpError>(folder.path(), &source, arch, &artifact, ptx).unwrap();
            std::fs::read_to_string(&file).ok()
        };
        assert_eq!(run(None), None);
        assert_eq!(run(Some("one")).as_deref(), Some("one"));
        // It is there: it is not compiled again, and not removed by a run that may not compile.
        assert_eq!(run(Some("two")).as_deref(), Some("one"));
        assert_eq!(run(None).as_deref(), Some("one"));
    }
}
