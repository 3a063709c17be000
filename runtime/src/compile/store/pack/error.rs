//! The errors of reading and writing a pack.

use std::path::{Path, PathBuf};
use topkit_codegen::Arch;

/// A pack that cannot be read or written.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum PackError {
    /// The operating system refused.
    #[error("cannot {action} the pack {}: {reason}", path.display())]
    Io {
        /// The action that failed.
        action: &'static str,
        /// The pack.
        path: PathBuf,
        /// The kind of the failure.
        kind: std::io::ErrorKind,
        /// The operating system's reason.
        reason: String,
    },
    /// The file is something else.
    #[error("{} is not a pack: {reason}; `topkit pack` makes one", path.display())]
    Foreign {
        /// The file.
        path: PathBuf,
        /// Why it cannot be a pack.
        reason: &'static str,
    },
    /// Another version of topkit made it.
    #[error(
        "the pack {} has format {found}, and this version of topkit reads format {}; make it anew \
         with `topkit pack`",
        path.display(), super::FORMAT
    )]
    Version {
        /// The pack.
        path: PathBuf,
        /// The format that it has.
        found: u32,
    },
    /// Its bytes differ from the bytes that were written.
    #[error(
        "the pack {} is damaged: {reason}; copy it again or make it anew with `topkit pack`",
        path.display()
    )]
    Damaged {
        /// The pack.
        path: PathBuf,
        /// The fault, and its place.
        reason: String,
    },
    /// A kernel does not belong into the pack that is being made.
    #[error("{entry} for {arch} cannot be packed: {reason}")]
    Unfit {
        /// The kernel's symbol.
        entry: String,
        /// Its architecture.
        arch: Arch,
        /// Why not.
        reason: &'static str,
    },
    /// More than a pack can list.
    #[error(
        "the list of {kernels} kernels has {bytes} bytes and a pack's has at most {most}; make several packs"
    )]
    TooMany {
        /// The kernels.
        kernels: usize,
        /// Bytes of their list.
        bytes: usize,
        /// The most.
        most: u64,
    },
}

impl PackError {
    pub(super) fn io(action: &'static str, path: &Path, error: &std::io::Error) -> PackError {
        let (path, kind, reason) = (path.to_owned(), error.kind(), error.to_string());
        PackError::Io { action, path, kind, reason }
    }

    pub(super) fn damaged(path: &Path, reason: impl Into<String>) -> PackError {
        PackError::Damaged { path: path.to_owned(), reason: reason.into() }
    }
}
