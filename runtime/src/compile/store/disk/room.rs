//! Keeps the disk cache within its limit: which entries were used when, and which make room.
//!
//! An entry was last used at the time that its folder bears. Access times are no help: file systems
//! are mounted without them. So whoever reads an entry sets its folder's time, at most once an hour,
//! which asks of a network file system no more than one small write. An entry that makes room is
//! moved aside whole before it is removed, so that nobody ever reads half of one, and whoever wants
//! it later compiles it again. It takes no lock: two processes that make room at once pick the same
//! entries. Nothing here can fail a launch; what goes wrong is logged.

use super::DiskCache;
use super::inventory::size;
use crate::compile::store::key::symbol_of_folder;
use std::fs::{self, File};
use std::io;
use std::path::{Path, PathBuf};
use std::sync::atomic::Ordering;
use std::time::{Duration, SystemTime};

/// How precisely a use is known. Less would write more often.
const GRAIN: Duration = Duration::from_secs(3600);

/// An entry, as far as making room needs to know it.
struct Seen {
    used: SystemTime,
    bytes: u64,
    path: PathBuf,
}

/// Notes that an entry is in use now.
pub(super) fn mark_used(entry: &Path) {
    let now = SystemTime::now();
    let noted = || {
        let last = entry.symlink_metadata()?.modified()?;
        // A clock of another machine may be ahead.
        let apart = now.duration_since(last).unwrap_or_else(|ahead| ahead.duration());
        if apart < GRAIN { Ok(()) } else { File::open(entry)?.set_modified(now) }
    };
    let noted: io::Result<()> = noted();
    if let Err(error) = noted {
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
            for entry in entries.iter().filter(|entry| entry.path != new) {
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
        // Others publish too, so that a part of what is left is as far as this look reaches.
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
