//! NVRTC's status codes, and the errors of finding and calling it.
//!
//! A status blames the kernel only if [`UNCOMPILABLE`] lists it. Every other status is an error of its
//! call alone: the machine, the process or the options are at fault, and another kernel would fail too.
//! The statuses of the CUDA driver are in `backend/cuda/blame.rs`.

use crate::library::LibraryError;
use std::ffi::c_int;
use topkit_codegen::Arch;

/// NVRTC's own status code. It is an integer, since a library of another version may return codes that
/// the bindings' enum does not have.
pub(super) type Status = c_int;

/// Statuses of `nvrtcCompileProgram` that blame the text of the kernel: `nvrtcResult`.
const UNCOMPILABLE: &[(Status, &str)] = &[
    (6, "NVRTC_ERROR_COMPILATION: an error in the text, or in what the assembler makes of it"),
    (11, "NVRTC_ERROR_INTERNAL_ERROR: the compiler crashed on this text"),
];

/// Whether a status of a compile blames the kernel, so that another kernel may compile.
pub(super) fn is_uncompilable(status: Status) -> bool {
    UNCOMPILABLE.iter().any(|(blamed, _)| *blamed == status)
}

/// NVRTC cannot be used.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum NvrtcError {
    /// No library was found.
    #[error(transparent)]
    Missing(#[from] LibraryError),
    /// The library lacks a function; it is too old or not NVRTC.
    #[error("{path} has no function {function}; it is not NVRTC 11.1 or later")]
    Function {
        /// The library.
        path: String,
        /// The function.
        function: &'static str,
    },
    /// A call that should not fail did.
    #[error("{function} of {path} failed: {reason}")]
    Call {
        /// The library.
        path: String,
        /// The function.
        function: &'static str,
        /// NVRTC's own words.
        reason: String,
    },
    /// The library cannot target the architecture.
    #[error("{compiler} does not compile every kernel for {arch}; {remedy}")]
    Arch {
        /// The architecture that was asked for.
        arch: Arch,
        /// Name and version of the library.
        compiler: String,
        /// Which NVRTC can, or else for which architectures this one compiles.
        remedy: String,
    },
}

#[cfg(test)]
mod tests {
    use super::*;
    use cudarc::nvrtc::sys::nvrtcResult;

    #[test]
    fn only_statuses_about_the_text_blame_the_kernel() {
        for (status, blamed) in [
            (nvrtcResult::NVRTC_ERROR_COMPILATION, true),
            (nvrtcResult::NVRTC_ERROR_INTERNAL_ERROR, true),
            (nvrtcResult::NVRTC_ERROR_OUT_OF_MEMORY, false),
            (nvrtcResult::NVRTC_ERROR_BUILTIN_OPERATION_FAILURE, false),
            (nvrtcResult::NVRTC_ERROR_INVALID_OPTION, false),
            (nvrtcResult::NVRTC_ERROR_PROGRAM_CREATION_FAILURE, false),
        ] {
            assert_eq!(is_uncompilable(status as c_int), blamed, "{status:?}");
        }
    }
}
