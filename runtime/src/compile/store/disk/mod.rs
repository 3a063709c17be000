//! The store on disk: `v1/<symbol>-<digest>/{kernel.cu,kernel.cubin,build.log,meta.json}`.
//!
//! Any number of processes may share one folder, on any file system with an atomic rename. An entry is
//! written beside the others and renamed into place whole ([`publish`]); it is read back only if every
//! byte is as written ([`entry`]). Beyond a limit the least recently used entries are removed
//! ([`room`]). Nothing here compiles. Every failure is an error of [`DiskCache`] or a miss; as a
//! [`Store`](super::Store) ([`keep`]) it logs them, and the kernel is compiled.

mod entry;
mod error;
mod folder;
mod inventory;
mod keep;
mod lock;
mod prune;
mod publish;
mod room;
mod size;

pub use error::DiskError;
pub(crate) use folder::is_safe;
pub use inventory::{Checked, Cleared, Entry};
pub use prune::{Pruned, Unneeded};
pub use publish::Published;
pub use size::{SizeError, parse_size};

use super::key::{CacheKey, FORMAT};
use super::{Artifact, Origin};
use std::collections::HashMap;
use std::path::{Path, PathBuf};
use std::sync::atomic::AtomicU64;
use std::sync::{Arc, Mutex};
use std::time::Duration;

/// Where entries are written before they have their place.
const STAGING: &str = ".staging";
/// The folder of the lock files.
const LOCKS: &str = ".locks";

/// Far longer than a write takes, so an older file was left by a writer that died.
const STALE: Duration = Duration::from_secs(3600);
/// Longer than a compile takes; a process that waits longer compiles too.
const LOCK_TIMEOUT: Duration = Duration::from_secs(10);

/// A folder of compiled kernels.
#[derive(Debug, Clone)]
pub struct DiskCache {
    root: PathBuf,
    entries: PathBuf,
    lock_timeout: Duration,
    limit: Option<u64>,
    /// Bytes that may be published before the folder is measured again; clones share it.
    unmeasured: Arc<AtomicU64>,
    /// Why each kernel could not be kept, without the kernels that were kept since; clones share it.
    refused: Arc<Mutex<HashMap<CacheKey, String>>>,
}

/// The result of a lookup in the disk cache.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum Lookup {
    /// The kernel, checked.
    Hit(Artifact),
    /// There is no such entry.
    Miss,
    /// There is an entry that cannot be used; the next one published takes its place.
    Corrupt {
        /// The damage.
        reason: String,
    },
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
        Ok(DiskCache {
            root,
            entries,
            lock_timeout: LOCK_TIMEOUT,
            limit: None,
            unmeasured: Arc::default(),
            refused: Arc::default(),
        })
    }

    /// As [`DiskCache::open`]; a folder that cannot be used is logged.
    pub fn open_or_log(root: impl AsRef<Path>) -> Option<DiskCache> {
        let root = root.as_ref();
        DiskCache::open(root)
            .inspect_err(|error| {
                tracing::warn!(path = %root.display(), "no kernel is kept on disk: {error}")
            })
            .ok()
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

    /// The folder of the entries.
    fn entries_folder(&self) -> &Path {
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
}
