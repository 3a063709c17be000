//! Tidies the disk cache for a person: `topkit cache prune`.
//!
//! Reads everything, as `verify` does, and removes damaged entries, entries of other formats, the least
//! recently used entries beyond a size, and files that killed processes have left. It follows no link
//! and removes only files that the cache itself makes. Other processes may use the cache meanwhile.

use super::inventory::{Checked, Entry, entries_in, remove};
use super::{DiskCache, DiskError, LOCKS, STAGING, STALE};
use crate::compile::store::key::{FORMAT, symbol_of_folder};
use std::fs;
use std::path::PathBuf;
use std::time::SystemTime;

/// The entries that were removed, or would be.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Pruned {
    /// Each with the reason.
    pub removed: Vec<(Entry, Unneeded)>,
    /// How many entries stay.
    pub kept: usize,
    /// The size of the kept entries.
    pub kept_bytes: u64,
}

/// Why an entry is removed.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum Unneeded {
    /// It cannot be used, because of this.
    Damaged(String),
    /// Another version of this library wrote it, in a format that this one does not read.
    Foreign,
    /// Others were used since, and all of them are too large together.
    Unused,
}

impl DiskCache {
    /// Removes damaged entries, entries of other formats, and the least recently used entries until the
    /// rest has at most `limit` bytes. With `dry_run` it only tells which entries it would remove.
    ///
    /// # Errors
    /// A folder cannot be listed, or an entry cannot be removed; earlier removals stay.
    pub fn prune(&self, limit: Option<u64>, dry_run: bool) -> Result<Pruned, DiskError> {
        let mut pruned = Pruned::default();
        let mut sound = Vec::new();
        for Checked { entry, fault } in self.verify()? {
            match fault {
                Some(reason) => pruned.removed.push((entry, Unneeded::Damaged(reason))),
                None => sound.push(entry),
            }
        }
        let foreign = self.foreign()?;
        for folder in &foreign {
            let entries = entries_in(folder)?.into_iter();
            pruned.removed.extend(entries.map(|entry| (entry, Unneeded::Foreign)));
        }
        sound.sort_by(|a, b| (b.used, &b.path).cmp(&(a.used, &a.path)));
        pruned.kept_bytes = sound.iter().map(|entry| entry.bytes).sum();
        while limit.is_some_and(|limit| pruned.kept_bytes > limit)
            && let Some(oldest) = sound.pop()
        {
            pruned.kept_bytes -= oldest.bytes;
            pruned.removed.push((oldest, Unneeded::Unused));
        }
        pruned.kept = sound.len();
        if !dry_run {
            for (entry, why) in &pruned.removed {
                match why {
                    Unneeded::Foreign => remove(&entry.path)?,
                    _ => self.take_away(&entry.path)?,
                }
            }
            for folder in foreign {
                remove(&folder.join(STAGING))?;
                remove(&folder.join(LOCKS))?;
                // A folder with other files in it stays.
                let _ = fs::remove_dir(folder);
            }
            self.tidy_locks();
            self.staging()?;
        }
        Ok(pruned)
    }

    /// The folders of other formats beside this one's.
    fn foreign(&self) -> Result<Vec<PathBuf>, DiskError> {
        let error = |error| DiskError::io("list", self.root(), error);
        let mut folders = Vec::new();
        for item in fs::read_dir(self.root()).map_err(error)? {
            let item = item.map_err(error)?;
            let name = item.file_name();
            let format = name.to_str().and_then(|name| name.strip_prefix('v'));
            let format = format.and_then(|digits| digits.parse::<u32>().ok());
            if format.is_some_and(|format| format != FORMAT)
                && item.file_type().is_ok_and(|kind| kind.is_dir())
            {
                folders.push(item.path());
            }
        }
        folders.sort();
        Ok(folders)
    }

    /// Removes old lock files of kernels that are not here. If a process holds such a lock, a kernel may
    /// be compiled twice.
    fn tidy_locks(&self) {
        let folder = self.entries_folder().join(LOCKS);
        if !folder.symlink_metadata().is_ok_and(|metadata| metadata.is_dir()) {
            return;
        }
        let now = SystemTime::now();
        for lock in fs::read_dir(folder).into_iter().flatten().flatten() {
            let (name, made) = (lock.file_name(), lock.metadata().and_then(|data| data.modified()));
            let old = made.is_ok_and(|made| now.duration_since(made).is_ok_and(|age| age > STALE));
            let ours = name.to_str().and_then(symbol_of_folder).is_some();
            if old && ours && !self.entries_folder().join(&name).exists() {
                // One that stays does no harm.
                let _ = fs::remove_file(lock.path());
            }
        }
    }
}
