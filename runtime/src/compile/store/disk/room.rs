//! Keeps the disk cache within its limit: which entries were used when, and which make room.
//!
//! The modification time of an entry's folder is the time of its last use. Access times are no help: file
//! systems are mounted without them. So a reader sets the folder's time, at most once an hour, which costs
//! a network file system one small write. An entry is moved aside whole before it is removed, so that no
//! process reads half of one; a kernel that is needed later is compiled again. No lock is taken: writers
//! that make room at once remove entries in the same order, and none removes the last one, so they do not
//! empty the cache between them. Failures are logged, and none fails a launch.

use super::DiskCache;
use super::inventory::size;
use crate::compile::store::key::symbol_of_folder;
use std::fs::{self, File};
use std::io;
use std::path::{Path, PathBuf};
use std::sync::atomic::Ordering;
use std::time::{Duration, SystemTime};

/// The precision of the time of a use. A finer one would write more often.
const GRAIN: Duration = Duration::from_secs(3600);

/// The size and the time of use of an entry.
struct Seen {
    used: SystemTime,
    bytes: u64,
    path: PathBuf,
}

/// Notes that an entry is in use now, if its last use was long ago.
pub(super) fn mark_used(entry: &Path) {
    let now = SystemTime::now();
    let last = entry.symlink_metadata().and_then(|metadata| metadata.modified());
    // A clock of another machine may be ahead.
    let apart = last.map(|last| now.duration_since(last).unwrap_or_else(|ahead| ahead.duration()));
    if !apart.is_ok_and(|apart| apart < GRAIN) {
        set_used(entry, now);
    }
}

/// Notes that an entry is about to get its place. The time of the file system may be too coarse to put two
/// new entries in order.
pub(super) fn mark_new(staged: &Path) {
    set_used(staged, SystemTime::now());
}

fn set_used(entry: &Path, now: SystemTime) {
    if let Err(error) = File::open(entry).and_then(|folder| folder.set_modified(now)) {
        tracing::debug!(path = %entry.display(), "the use of a cache entry is not noted: {error}");
    }
}

impl DiskCache {
    /// Makes room after an entry was published, if it is time to look.
    pub(super) fn make_room(&self, new: &Path) {
        let Some(limit) = self.limit else { return };
        let spend = |left: u64| left.checked_sub(size(new)).filter(|left| *left > 0);
        if self.unmeasured.fetch_update(Ordering::Relaxed, Ordering::Relaxed, spend).is_ok() {
            return;
        }
        let mut entries = match self.seen() {
            Ok(entries) => entries,
            Err(error) => {
                let path = self.root().display();
                return tracing::warn!(%path, "the cache cannot be measured: {error}");
            }
        };
        let mut total: u64 = entries.iter().map(|entry| entry.bytes).sum();
        if total > limit {
            entries.sort_by(|a, b| (a.used, &a.path).cmp(&(b.used, &b.path)));
            // Somewhat below the limit, so that not every new kernel makes room.
            let goal = limit - limit / 8;
            let mut gone = 0;
            // The last one used stays. Nearly always it is the new one. Were it always the new one, two
            // writers could remove each other's.
            entries.pop();
            for entry in entries {
                if total <= goal {
                    break;
                }
                match self.take_away(&entry.path) {
                    Ok(()) => (gone, total) = (gone + 1, total - entry.bytes),
                    Err(error) => {
                        let path = entry.path.display();
                        tracing::warn!(%path, "a cache entry cannot make room: {error}");
                        break;
                    }
                }
            }
            let path = self.root().display();
            tracing::info!(%path, gone, bytes = total, limit, "made room in the cache");
        }
        // Others publish too, so this size is trusted for a part of the remaining room alone.
        let reach = limit.saturating_sub(total).min(limit / 16);
        self.unmeasured.store(reach, Ordering::Relaxed);
    }

    /// Every entry. One that goes meanwhile, or cannot be looked at, counts nothing.
    fn seen(&self) -> io::Result<Vec<Seen>> {
        let mut entries = Vec::new();
        for item in fs::read_dir(self.entries_folder())? {
            let path = item?.path();
            let name = path.file_name().and_then(|name| name.to_str());
            if name.and_then(symbol_of_folder).is_none() {
                continue;
            }
            if let Ok(metadata) = path.symlink_metadata() {
                let used = metadata.modified().unwrap_or(SystemTime::UNIX_EPOCH);
                let bytes = if metadata.is_dir() { size(&path) } else { metadata.len() };
                entries.push(Seen { used, bytes, path });
            }
        }
        Ok(entries)
    }
}
