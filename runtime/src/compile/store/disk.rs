//! The cache on disk: `v1/<symbol>-<digest>/{kernel.cu,kernel.cubin,build.log,meta.json}`.
//!
//! Any number of processes may share one, on any file system with an atomic rename. An entry is
//! written beside the others and renamed into place whole; it is read back only if every byte is
//! as written. It does not compile, and it decides nothing: every failure is an error or a miss
//! that [`KernelCache`](super::KernelCache) logs and gets over. What makes room is in `room`.

use super::key::{CacheKey, FORMAT, KeyInputs};
use super::lock::{self, Lock};
use super::{Artifact, Origin, entry, folder};
use crate::compile::Compiled;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::AtomicU64;
use std::time::{Duration, SystemTime};

/// Where entries are written before they have their place.
pub(super) const STAGING: &str = ".staging";
/// Where the lock files lie.
pub(super) const LOCKS: &str = ".locks";

/// Far longer than a write takes, so that what is older was left by a writer that died.
pub(super) const STALE: Duration = Duration::from_secs(3600);
/// Longer than a compile takes; whoever waits in vain compiles too.
const LOCK_TIMEOUT: Duration = Duration::from_secs(10);

/// Renames tried against other writers of the same entry before the last one.
const ROUNDS: usize = 3;

/// A folder of compiled kernels.
#[derive(Debug, Clone)]
pub struct DiskCache {
    root: PathBuf,
    entries: PathBuf,
    lock_timeout: Duration,
    pub(super) limit: Option<u64>,
    /// Bytes that may be published before the folder is measured again; clones share it.
    pub(super) unmeasured: Arc<AtomicU64>,
}

/// What a look into the disk cache gave.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum Lookup {
    /// The kernel, checked.
    Hit(Artifact),
    /// There is no such entry.
    Miss,
    /// There is an entry that cannot be used; the next one published takes its place.
    Corrupt {
        /// What is wrong with it.
        reason: String,
    },
}

/// What became of an entry that was to be published.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Published {
    /// It is in its place.
    New,
    /// A sound entry was there already, and stays.
    Kept,
    /// It took the place of a damaged one.
    Replaced,
}

/// A failure of the disk cache. It costs a compile, never a kernel.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum DiskError {
    /// The operating system refused.
    #[error(
        "cannot {action} {}: {reason}; check the permissions and the free space there, or set \
         TOPKIT_CACHE_DIR to another folder",
        path.display()
    )]
    Io {
        /// What was to be done.
        action: &'static str,
        /// To which file or folder.
        path: PathBuf,
        /// What the operating system said.
        reason: io::Error,
    },
    /// The folder could hold what another user put there.
    #[error(
        "the cache folder {} is refused: {reason}; set TOPKIT_CACHE_DIR to a folder that is \
         yours alone, such as one that does not exist yet",
        path.display()
    )]
    Refused {
        /// The folder.
        path: PathBuf,
        /// Why it is refused.
        reason: String,
    },
}

impl DiskError {
    pub(crate) fn io(action: &'static str, path: &Path, reason: io::Error) -> DiskError {
        DiskError::Io { action, path: path.to_owned(), reason }
    }
}

impl DiskCache {
    /// Opens the cache below `root`, and makes it where there is none, for this user alone. A
    /// folder that is a link, open to every user or another user's is refused.
    pub fn open(root: impl AsRef<Path>) -> Result<DiskCache, DiskError> {
        let root = root.as_ref();
        // A relative path would follow the process to its next working directory. Collecting the
        // components drops a trailing slash, behind which a link looks like a folder.
        let root: PathBuf = std::path::absolute(root)
            .map_err(|error| DiskError::io("find", root, error))?
            .components()
            .collect();
        let entries = root.join(format!("v{FORMAT}"));
        folder::prepare(&root)?;
        folder::prepare(&entries)?;
        let unmeasured = Arc::new(AtomicU64::new(0));
        Ok(DiskCache { root, entries, lock_timeout: LOCK_TIMEOUT, limit: None, unmeasured })
    }

    /// How long to wait for another process that compiles the same kernel. Default 10 s.
    pub fn with_lock_timeout(mut self, timeout: Duration) -> DiskCache {
        self.lock_timeout = timeout;
        self
    }

    /// The most bytes to keep; beyond them the least recently used kernels make room for a new one.
    /// `None`, the default, keeps all. Processes that publish at the same time may for a while keep
    /// somewhat more.
    pub fn with_limit(mut self, bytes: Option<u64>) -> DiskCache {
        self.limit = bytes;
        self
    }

    /// The folder that was opened.
    pub fn root(&self) -> &Path {
        &self.root
    }

    /// The folder that the entries lie in.
    pub(super) fn entries_folder(&self) -> &Path {
        &self.entries
    }

    /// The folder of one entry, whether it exists or not.
    pub fn folder(&self, key: &CacheKey) -> PathBuf {
        self.entries.join(key.folder_name())
    }

    /// Reads an entry and checks every byte of it.
    pub fn load(&self, key: &CacheKey) -> Lookup {
        match entry::read(&self.folder(key)) {
            Err(reason) => Lookup::Corrupt { reason },
            Ok(None) => Lookup::Miss,
            Ok(Some(stored)) if stored.key != *key => {
                Lookup::Corrupt { reason: "it holds another kernel".to_owned() }
            }
            Ok(Some(stored)) => Lookup::Hit(Artifact {
                entry: stored.key.entry().to_owned(),
                key: stored.key,
                arch: stored.arch,
                cubin: stored.cubin,
                log: stored.log,
                origin: Origin::Disk,
            }),
        }
    }

    /// Writes an entry and renames it into its place, whole. On an error nothing of it is left.
    /// A sound entry that is there already stays; a damaged one makes way.
    pub fn publish(
        &self,
        inputs: &KeyInputs<'_>,
        compiled: &Compiled,
    ) -> Result<Published, DiskError> {
        let key = inputs.key();
        let place = self.folder(&key);
        let staging = self.staging()?;
        let staged = temporary(&staging, &key.folder_name())?;
        entry::write(staged.path(), inputs, compiled)?;
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

    /// Renames a whole entry into its place. Each round that fails has met another writer, or a
    /// damaged entry that it moves out of the way.
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

    /// Waits for other processes that compile this kernel. `None` says to go on without the lock;
    /// the reason is logged.
    pub(super) fn lock(&self, key: &CacheKey) -> Option<Lock> {
        let path = self.entries.join(LOCKS).join(key.folder_name());
        if let Err(error) = self.prepare(LOCKS) {
            tracing::warn!(path = %path.display(), "no lock while compiling: {error}");
            return None;
        }
        match lock::acquire(&path, self.lock_timeout) {
            Ok(Some(lock)) => Some(lock),
            Ok(None) => {
                let waited = self.lock_timeout;
                tracing::warn!(path = %path.display(), ?waited,
                    "another process has been compiling this kernel for too long; compiling it \
                     here too");
                None
            }
            Err(error) => {
                tracing::warn!(path = %path.display(), "no lock while compiling: {error}");
                None
            }
        }
    }

    /// A folder among the entries. All above it is looked at again: somebody may have removed the
    /// cache since it was opened, or put a link in its place.
    fn prepare(&self, name: &str) -> Result<PathBuf, DiskError> {
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

    /// The folder to write in, without what writers that died have left there.
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
