//! The reasons why the next process will not find a kernel that this process has.
//!
//! The cache returns a kernel even if no store kept it; only this type tells the difference.

use std::path::PathBuf;

/// Why the disk cache does not have a kernel that this process has.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum NotKept {
    /// It could not be written.
    #[error("{reason}")]
    Refused {
        /// The reason that the disk gave, and the path.
        reason: String,
    },
    /// The entry is damaged.
    #[error("the entry in {} is damaged: {reason}", folder.display())]
    Damaged {
        /// The cache folder.
        folder: PathBuf,
        /// The damage.
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
