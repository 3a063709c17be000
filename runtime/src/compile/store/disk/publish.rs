//! Writes entries: aside, in `.staging`, and then renamed into place whole.
//!
//! A process that is killed at any step leaves a whole entry, or something in `.staging` that a later
//! write removes. No lock is needed for that.

use super::{DiskCache, DiskError, Lookup, STAGING, STALE, entry, folder, room};
use crate::compile::Compiled;
use crate::compile::store::{CacheKey, KeyInputs};
use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::time::SystemTime;

/// Renames tried against other writers of the same entry before the last one.
const ROUNDS: usize = 3;

/// The outcome of publishing an entry.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Published {
    /// It is in its place.
    New,
    /// A sound entry was there already, and stays.
    Kept,
    /// It took the place of a damaged one.
    Replaced,
}

impl DiskCache {
    /// Writes an entry and renames it into its place, whole. On an error nothing of it is left.
    /// A sound entry that is there already stays; a damaged one makes way.
    pub fn publish(
        &self,
        inputs: &KeyInputs<'_>,
        compiled: &Compiled,
    ) -> Result<Published, DiskError> {
        self.publish_parts(inputs, &compiled.cubin, &compiled.log)
    }

    pub(super) fn publish_parts(
        &self,
        inputs: &KeyInputs<'_>,
        cubin: &[u8],
        log: &str,
    ) -> Result<Published, DiskError> {
        let key = inputs.key();
        let place = self.folder(&key);
        let staging = self.staging()?;
        let staged = temporary(&staging, &key.folder_name())?;
        entry::write(staged.path(), inputs, cubin, log)?;
        room::mark_new(staged.path());
        tracing::trace!(path = %place.display(), "about to publish a cache entry");
        let published = self.settle(&key, staged.path(), &staging)?;
        if published == Published::Kept {
            return Ok(published);
        }
        // It is no longer where its name says, and nothing is to be removed there.
        let _ = staged.keep();
        entry::sync_folder(&self.entries);
        tracing::trace!(path = %place.display(), "published a cache entry");
        self.make_room(&place);
        Ok(published)
    }

    /// Renames a whole entry into its place. A round fails if another writer was faster, or if there is a
    /// damaged entry, which the round moves away.
    fn settle(
        &self,
        key: &CacheKey,
        staged: &Path,
        staging: &Path,
    ) -> Result<Published, DiskError> {
        let place = self.folder(key);
        let mut published = Published::New;
        for _ in 0..ROUNDS {
            let Err(error) = fs::rename(staged, &place) else {
                return Ok(published);
            };
            match self.load(key) {
                Lookup::Hit(_) => return Ok(Published::Kept),
                Lookup::Miss => {
                    tracing::debug!(path = %place.display(), "renamed in vain: {error}")
                }
                Lookup::Corrupt { .. } => {
                    // Dropped at the end of the round, and the damaged entry with it.
                    let away = temporary(staging, &key.folder_name())?;
                    match fs::rename(&place, away.path().join("damaged")) {
                        Err(error) if error.kind() != io::ErrorKind::NotFound => {
                            return Err(DiskError::io("move away", &place, error));
                        }
                        _ => published = Published::Replaced,
                    }
                }
            }
        }
        fs::rename(staged, &place).map_err(|error| DiskError::io("create", &place, error))?;
        Ok(published)
    }

    /// A folder among the entries. The folders above it are checked each time: they may have been
    /// removed or replaced by a link since the cache was opened.
    pub(super) fn prepare(&self, name: &str) -> Result<PathBuf, DiskError> {
        let path = self.entries.join(name);
        for folder in [&self.root, &self.entries, &path] {
            folder::prepare(folder)?;
        }
        Ok(path)
    }

    /// Moves an entry out of everybody's way in one step, and then removes it: a reader finds it
    /// whole or not at all. Another process may have been faster.
    pub(super) fn take_away(&self, entry: &Path) -> Result<(), DiskError> {
        let name = entry.file_name().unwrap_or_default().to_string_lossy();
        // Dropped at the end, and the entry with it.
        let away = temporary(&self.staging()?, &name)?;
        match fs::rename(entry, away.path().join("gone")) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => {
                Err(DiskError::io("remove", entry, error))
            }
            _ => Ok(()),
        }
    }

    /// Puts a file of the cache folder in its place, whole. On an error nothing of it is left.
    pub(crate) fn replace(&self, file: &Path, bytes: &[u8]) -> Result<(), DiskError> {
        let name = file.file_name().unwrap_or_default();
        let staged = temporary(&self.staging()?, &name.to_string_lossy())?;
        let new = staged.path().join(name);
        fs::write(&new, bytes).map_err(|error| DiskError::io("write", &new, error))?;
        fs::rename(&new, file).map_err(|error| DiskError::io("create", file, error))
    }

    /// The folder to write in, without the files of writers that died.
    pub(crate) fn staging(&self) -> Result<PathBuf, DiskError> {
        let staging = self.prepare(STAGING)?;
        let listing =
            fs::read_dir(&staging).map_err(|error| DiskError::io("list", &staging, error))?;
        let now = SystemTime::now();
        for left in listing.flatten() {
            let changed = left.metadata().and_then(|metadata| metadata.modified());
            let age = changed.ok().and_then(|time| now.duration_since(time).ok());
            if age.is_some_and(|age| age > STALE) {
                let path = left.path();
                match fs::remove_dir_all(&path) {
                    Ok(()) => tracing::debug!(path = %path.display(), "removed a stale write"),
                    Err(error) => {
                        tracing::warn!(path = %path.display(), "cannot remove a stale write: {error}")
                    }
                }
            }
        }
        Ok(staging)
    }
}

/// A folder of its own, for this user alone, removed when it is dropped.
fn temporary(staging: &Path, name: &str) -> Result<tempfile::TempDir, DiskError> {
    let prefix = format!("{name}.");
    let mut builder = tempfile::Builder::new();
    builder.prefix(&prefix);
    #[cfg(unix)]
    builder.permissions(std::os::unix::fs::PermissionsExt::from_mode(0o700));
    builder.tempdir_in(staging).map_err(|error| DiskError::io("create a folder in", staging, error))
}
