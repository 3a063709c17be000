//! The errors of compiling and loading a kernel. An error of a launch is a [`Fault`](super::Fault).

use std::path::PathBuf;

/// Why a kernel could not be compiled or loaded.
#[derive(Debug, Clone, thiserror::Error)]
#[non_exhaustive]
pub enum InterpretError {
    /// There is no C++ compiler.
    #[error(
        "no C++ compiler was found, tried {tried}: install g++ or clang++, or name one by TOPKIT_CXX"
    )]
    Compiler {
        /// The commands, and why each failed.
        tried: String,
    },
    /// Variables of the environment name what cannot be used.
    #[error("{refused}")]
    Environment {
        /// A sentence for each.
        refused: String,
    },
    /// The compiler refused the text.
    #[error("{compiler} refused {kernel} (kept as {source_path}):\n{log}", source_path = .path.display())]
    Compile {
        /// The command.
        compiler: String,
        /// The kernel's entry.
        kernel: String,
        /// The text.
        path: PathBuf,
        /// What it said.
        log: String,
    },
    /// The compiler ended as if all were well, and made nothing.
    #[error(
        "{compiler} said that it had compiled {kernel}, and left no {file}: it is no C++ compiler, or a broken one; name another by TOPKIT_CXX"
    )]
    Nothing {
        /// The command.
        compiler: String,
        /// The kernel's entry.
        kernel: String,
        /// What it was to make.
        file: &'static str,
    },
    /// The compiled kernel could not be loaded.
    #[error("{} could not be loaded: {reason}", path.display())]
    Load {
        /// The object.
        path: PathBuf,
        /// The system's own words.
        reason: String,
    },
    /// A file could not be written.
    #[error("{} could not be written: {reason}; name another folder by TOPKIT_CACHE_DIR", path.display())]
    File {
        /// The file or folder.
        path: PathBuf,
        /// The system's own words.
        reason: String,
    },
}
