//! The errors of the disk cache. An error costs a compile, never a kernel.

use std::io;
use std::path::{Path, PathBuf};

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
        /// The action that failed.
        action: &'static str,
        /// To which file or folder.
        path: PathBuf,
        /// The operating system's reason.
        reason: io::Error,
    },
    /// The folder could hold files that another user put there.
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
