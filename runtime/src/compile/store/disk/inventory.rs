//! Lists, verifies and empties the disk cache; `prune` tidies it.
//!
//! Launches do not use it: it is slow and reads everything. It follows no link and removes only files that
//! the cache itself made; other files stay.

use super::entry::{self, META};
use super::{DiskCache, DiskError, LOCKS, STAGING};
use crate::compile::store::key::symbol_of_folder;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::time::SystemTime;

/// One entry of the disk cache.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Entry {
    /// Its folder.
    pub path: PathBuf,
    /// The symbol of its kernel.
    pub symbol: String,
    /// The target it was compiled for, as `meta.json` says; `None` where that cannot be read.
    pub arch: Option<String>,
    /// The size of its files.
    pub bytes: u64,
    /// When it was written; `None` if the file system does not tell.
    pub created: Option<SystemTime>,
    /// When a process last read it, to within an hour; `None` if the file system does not tell.
    pub used: Option<SystemTime>,
}

/// An entry and whether it can be used.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Checked {
    /// The entry.
    pub entry: Entry,
    /// The damage; `None` if it is sound.
    pub fault: Option<String>,
}

/// The result of a removal.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Cleared {
    /// How many entries.
    pub entries: usize,
    /// The size of their files.
    pub bytes: u64,
}

impl DiskCache {
    /// Every entry, sorted by path.
    pub fn entries(&self) -> Result<Vec<Entry>, DiskError> {
        entries_in(self.entries_folder())
    }

    /// Reads every entry and checks every byte of it. It changes nothing: a bad entry is replaced when
    /// its kernel is next compiled. An entry that another process removes meanwhile counts as sound.
    pub fn verify(&self) -> Result<Vec<Checked>, DiskError> {
        let check = |entry: Entry| Checked { fault: fault(&entry.path), entry };
        Ok(self.entries()?.into_iter().map(check).collect())
    }

    /// Removes every entry, good or bad, and the files of unfinished writes.
    pub fn clear(&self) -> Result<Cleared, DiskError> {
        let mut cleared = Cleared::default();
        for entry in self.entries()? {
            remove(&entry.path)?;
            cleared.entries += 1;
            cleared.bytes += entry.bytes;
        }
        remove(&self.entries_folder().join(STAGING))?;
        remove(&self.entries_folder().join(LOCKS))?;
        Ok(cleared)
    }
}

/// The entries in a folder of them, sorted by path; none where there is no such folder.
pub(super) fn entries_in(folder: &Path) -> Result<Vec<Entry>, DiskError> {
    let listing = match fs::read_dir(folder) {
        Ok(listing) => listing,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
        Err(error) => return Err(DiskError::io("list", folder, error)),
    };
    let mut entries = Vec::new();
    for item in listing {
        let item = item.map_err(|error| DiskError::io("list", folder, error))?;
        if let Some(symbol) = item.file_name().to_str().and_then(symbol_of_folder) {
            entries.push(Entry::at(item.path(), symbol));
        }
    }
    entries.sort_by(|one, other| one.path.cmp(&other.path));
    Ok(entries)
}

impl Entry {
    fn at(path: PathBuf, symbol: &str) -> Entry {
        let found = path.symlink_metadata().ok();
        let real = found.as_ref().is_some_and(fs::Metadata::is_dir);
        let meta = real.then(|| entry::read_meta(&path).ok()).flatten();
        let written = path.join(if real { META } else { "" }).symlink_metadata();
        Entry {
            symbol: symbol.to_owned(),
            arch: meta.map(|(meta, _)| meta.arch),
            bytes: if real { size(&path) } else { 0 },
            created: written.and_then(|metadata| metadata.modified()).ok(),
            used: found.and_then(|metadata| metadata.modified().ok()),
            path,
        }
    }
}

/// The size of the files in a folder; an unreadable file counts nothing.
pub(super) fn size(folder: &Path) -> u64 {
    let files = fs::read_dir(folder).into_iter().flatten().flatten();
    files.filter_map(|file| Some(file.metadata().ok()?.len())).sum()
}

fn fault(path: &Path) -> Option<String> {
    match entry::read(path) {
        Err(reason) => Some(reason),
        Ok(Some(stored)) if path.file_name() != Some(stored.key.folder_name().as_ref()) => {
            Some("it holds another kernel".to_owned())
        }
        Ok(_) => None,
    }
}

/// Removes a folder with all in it, or the link or file in its place, but not the target of a link.
pub(super) fn remove(path: &Path) -> Result<(), DiskError> {
    let removed = match path.symlink_metadata() {
        Ok(metadata) if metadata.is_dir() => fs::remove_dir_all(path),
        Ok(_) => fs::remove_file(path),
        Err(error) => Err(error),
    };
    match removed {
        // Another process may be emptying it too.
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(()),
        other => other.map_err(|error| DiskError::io("remove", path, error)),
    }
}
