//! One folder of the disk cache: `kernel.cu`, `kernel.cubin`, `build.log` and `meta.json`.
//!
//! Writes a folder that no other process sees yet, and reads a folder back that anybody may have
//! damaged. A folder reads back only if every byte of it is as written: `meta.json` has the size and
//! SHA-256 of the other files, and the key is computed again from the files. The place of the folder, and
//! its other users, are not known here. A fault is a sentence, never a panic.

use super::DiskError;
use super::folder;
use crate::compile::store::key::{CacheKey, FORMAT, KeyInputs, sha256};
use serde::{Deserialize, Serialize};
use std::fs::{self, File};
use std::io;
use std::io::Write;
use std::path::Path;
use topkit_codegen::Arch;

const SOURCE: &str = "kernel.cu";
const CUBIN: &str = "kernel.cubin";
const LOG: &str = "build.log";
pub(super) const META: &str = "meta.json";

/// Far more than a `meta.json` needs, and little to read.
const META_LIMIT: u64 = 1 << 20;

/// The content of `meta.json`. No time and no machine: the same compile gives the same bytes.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Meta {
    pub format: u32,
    pub entry: String,
    pub digest: String,
    pub arch: String,
    pub compiler: String,
    pub options: Vec<String>,
    pub source: Content,
    pub cubin: Content,
    pub log: Content,
}

/// Size and digest of one file.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Content {
    pub bytes: u64,
    pub sha256: String,
}

/// A folder that was read back whole.
#[derive(Debug)]
pub(super) struct Stored {
    pub key: CacheKey,
    pub arch: Arch,
    pub cubin: Vec<u8>,
    pub log: String,
}

impl Content {
    fn of(bytes: &[u8]) -> Content {
        Content { bytes: bytes.len() as u64, sha256: sha256(bytes) }
    }
}

impl Meta {
    fn to_json(&self) -> Result<Vec<u8>, serde_json::Error> {
        let mut json = serde_json::to_vec_pretty(self)?;
        json.push(b'\n');
        Ok(json)
    }
}

/// Writes the four files into an empty folder and sees them to the disk. The folder's own entry
/// in its parent is the caller's to sync.
pub(super) fn write(
    folder: &Path,
    inputs: &KeyInputs<'_>,
    cubin: &[u8],
    log: &str,
) -> Result<(), DiskError> {
    let meta = Meta {
        format: FORMAT,
        entry: inputs.entry.to_owned(),
        digest: inputs.key().digest(),
        arch: inputs.arch.to_string(),
        compiler: inputs.compiler.to_owned(),
        options: inputs.options.to_vec(),
        source: Content::of(inputs.source.as_bytes()),
        cubin: Content::of(cubin),
        log: Content::of(log.as_bytes()),
    };
    let json =
        meta.to_json().map_err(|error| DiskError::io("write", &folder.join(META), error.into()))?;
    write_file(&folder.join(SOURCE), inputs.source.as_bytes())?;
    write_file(&folder.join(CUBIN), cubin)?;
    write_file(&folder.join(LOG), log.as_bytes())?;
    write_file(&folder.join(META), &json)?;
    sync_folder(folder);
    Ok(())
}

fn write_file(path: &Path, bytes: &[u8]) -> Result<(), DiskError> {
    let mut options = File::options();
    options.write(true).create_new(true);
    // Only this user may access the file, whatever the umask is: a file that others may write to is not
    // read.
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    options
        .open(path)
        .and_then(|mut file| {
            file.write_all(bytes)?;
            file.sync_all()
        })
        .map_err(|error| DiskError::io("write", path, error))?;
    tracing::trace!(path = %path.display(), "wrote a file of a cache entry");
    Ok(())
}

/// Makes the names in a folder last, where the system can: the files in it were synced before. Some
/// network file systems cannot; a name that is lost with the power is a miss.
pub(super) fn sync_folder(folder: &Path) {
    if cfg!(unix)
        && let Err(error) = File::open(folder).and_then(|handle| handle.sync_all())
    {
        tracing::debug!(path = %folder.display(), "a folder of the cache was not synced: {error}");
    }
}

/// Reads a folder back. `Ok(None)` says that there is none; the fault names the file and the damage.
pub(super) fn read(folder: &Path) -> Result<Option<Stored>, String> {
    let found = folder.symlink_metadata();
    match found {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
        Err(error) => return Err(error.to_string()),
        Ok(metadata) if metadata.is_symlink() => {
            return Err(format!("it is {}", link(folder)));
        }
        Ok(metadata) if !metadata.is_dir() => return Err("it is not a folder".to_owned()),
        Ok(metadata) => {
            if let Some(reason) = folder::danger(&metadata) {
                return Err(reason);
            }
        }
    }
    match read_files(folder) {
        // Another process has taken it away meanwhile, to make room or to put a sound one there.
        Err(_) if !folder.exists() => Ok(None),
        read => read.map(Some),
    }
}

fn read_files(folder: &Path) -> Result<Stored, String> {
    let (meta, json) = read_meta(folder)?;
    if meta.format != FORMAT {
        return Err(format!("{META} has format {} in place of {FORMAT}", meta.format));
    }
    if meta.to_json().map_err(|error| error.to_string())? != json {
        return Err(format!("{META} is not as it was written"));
    }
    let source = text(read_content(folder, SOURCE, &meta.source)?, SOURCE)?;
    let cubin = read_content(folder, CUBIN, &meta.cubin)?;
    let log = text(read_content(folder, LOG, &meta.log)?, LOG)?;
    let arch: Arch = meta.arch.parse().map_err(|error| format!("{META}: {error}"))?;
    let inputs = KeyInputs {
        entry: &meta.entry,
        source: &source,
        options: &meta.options,
        arch,
        compiler: &meta.compiler,
    };
    let key = inputs.key();
    if key.digest() != meta.digest {
        return Err(format!("{META} does not belong to this {SOURCE}"));
    }
    Ok(Stored { key, arch, cubin, log })
}

/// The content of `meta.json`, and its bytes; nothing is checked.
pub(super) fn read_meta(folder: &Path) -> Result<(Meta, Vec<u8>), String> {
    let json = read_file(folder, META, META_LIMIT)?;
    let meta = serde_json::from_slice(&json).map_err(|error| format!("{META}: {error}"))?;
    Ok((meta, json))
}

fn read_content(folder: &Path, name: &str, content: &Content) -> Result<Vec<u8>, String> {
    let bytes = read_file(folder, name, content.bytes)?;
    if bytes.len() as u64 != content.bytes {
        return Err(format!("{name} has {} bytes of {}", bytes.len(), content.bytes));
    }
    if sha256(&bytes) != content.sha256 {
        return Err(format!("{name} is not as it was written"));
    }
    Ok(bytes)
}

/// Reads a plain file of at most `limit` bytes. A link, a pipe, a device or a longer file is a fault,
/// and is not opened.
fn read_file(folder: &Path, name: &str, limit: u64) -> Result<Vec<u8>, String> {
    let path = folder.join(name);
    let fault = |error: std::io::Error| format!("{name} cannot be read: {error}");
    let metadata = path.symlink_metadata().map_err(fault)?;
    if metadata.is_symlink() {
        return Err(format!("{name} is {}", link(&path)));
    }
    if !metadata.is_file() {
        return Err(format!("{name} is not a plain file"));
    }
    if let Some(reason) = folder::danger(&metadata) {
        return Err(format!("{name} is not safe: {reason}"));
    }
    if metadata.len() > limit {
        return Err(format!("{name} has {} bytes where {limit} are allowed", metadata.len()));
    }
    fs::read(&path).map_err(fault)
}

/// The message about a link.
fn link(path: &Path) -> String {
    let target = fs::read_link(path).unwrap_or_default();
    format!("a symbolic link to {}, and links are not followed", target.display())
}

fn text(bytes: Vec<u8>, name: &str) -> Result<String, String> {
    String::from_utf8(bytes).map_err(|_| format!("{name} is not UTF-8"))
}
