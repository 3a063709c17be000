//! Whether the disk has a compiled kernel for the next process, and why it has not.
//!
//! The cache serves a kernel whatever the disk does, so that nothing else here tells a kernel that was
//! kept from one that was not. It reads and compares; it mends nothing.

use super::{CacheKey, KernelCache, Lookup};
use std::path::PathBuf;
use std::sync::PoisonError;

/// Why the disk cache does not have a kernel that this process has.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum NotKept {
    /// It could not be written.
    #[error("{reason}")]
    Refused {
        /// What the disk said, and where.
        reason: String,
    },
    /// What is there is damaged.
    #[error("the entry in {} is damaged: {reason}", folder.display())]
    Damaged {
        /// The cache folder.
        folder: PathBuf,
        /// What is wrong with it.
        reason: String,
    },
    /// It was there and is not any more.
    #[error("it is no longer in {}: {}", folder.display(), gone(*limit))]
    Gone {
        /// The cache folder.
        folder: PathBuf,
        /// The most bytes that are kept there.
        limit: Option<u64>,
    },
}

fn gone(limit: Option<u64>) -> String {
    match limit {
        None => "somebody removed it".to_owned(),
        Some(bytes) => format!(
            "other kernels took its room, or somebody removed it; the cache keeps {bytes} bytes at \
             most, so raise TOPKIT_CACHE_LIMIT or ask for fewer kernels"
        ),
    }
}

impl KernelCache {
    /// Reads a kernel's entry on disk, every byte, as the next process would. Where nothing is kept on
    /// disk, nothing is missing.
    ///
    /// # Errors
    /// The entry is missing or damaged.
    pub fn kept(&self, key: &CacheKey) -> Result<(), NotKept> {
        let Some(disk) = &self.disk else { return Ok(()) };
        let folder = disk.root().to_owned();
        match disk.load(key) {
            Lookup::Hit(_) => Ok(()),
            Lookup::Corrupt { reason } => Err(NotKept::Damaged { folder, reason }),
            Lookup::Miss => {
                let refused = self.refused.lock().unwrap_or_else(PoisonError::into_inner);
                Err(match refused.get(key) {
                    Some(reason) => NotKept::Refused { reason: reason.clone() },
                    None => NotKept::Gone { folder, limit: disk.limit },
                })
            }
        }
    }
}
