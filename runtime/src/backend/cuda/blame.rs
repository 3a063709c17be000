//! The statuses of the CUDA driver that blame a kernel, and not the machine, the process or an earlier
//! fault. NVRTC's statuses are in `compile/nvrtc/error.rs`.
//!
//! Plans leave a blamed kernel out from then on. Every other status, and every unlisted one, is an error
//! of its call alone: another kernel would fail too, as in a destroyed context, or the same kernel may
//! load later, as after out-of-memory.

use cudarc::driver::sys::CUresult;

/// Statuses of loading a cubin and finding its kernel.
const UNLOADABLE: &[(CUresult, &str)] = &[
    (CUresult::CUDA_ERROR_INVALID_IMAGE, "the driver cannot read the cubin"),
    (CUresult::CUDA_ERROR_NO_BINARY_FOR_GPU, "the cubin is for other GPUs"),
    (CUresult::CUDA_ERROR_INVALID_PTX, "the image holds PTX, and unsound one"),
    (CUresult::CUDA_ERROR_UNSUPPORTED_PTX_VERSION, "the image holds PTX, of a newer toolkit"),
    (CUresult::CUDA_ERROR_INVALID_SOURCE, "the image holds a source, and unsound one"),
    (
        CUresult::CUDA_ERROR_SHARED_OBJECT_SYMBOL_NOT_FOUND,
        "the cubin calls a function that nothing defines",
    ),
    (CUresult::CUDA_ERROR_NOT_FOUND, "the cubin has no kernel of that name"),
];

/// Statuses of setting the shared memory and the cluster size of a kernel. All other arguments are valid,
/// so an invalid value is a size that is too large.
const TOO_LARGE: &[(CUresult, &str)] = &[
    (CUresult::CUDA_ERROR_INVALID_VALUE, "more shared memory or CTAs than the GPU grants"),
    (CUresult::CUDA_ERROR_INVALID_CLUSTER_SIZE, "the GPU has no clusters of so many CTAs"),
    (CUresult::CUDA_ERROR_LAUNCH_OUT_OF_RESOURCES, "a CTA of it fits on no multiprocessor"),
    (CUresult::CUDA_ERROR_NOT_SUPPORTED, "the GPU has no clusters, or none above 8 CTAs"),
];

/// Statuses of a launch that every launch of the same kernel would have.
const UNLAUNCHABLE: &[(CUresult, &str)] = &[
    (CUresult::CUDA_ERROR_INVALID_CLUSTER_SIZE, "the GPU has no clusters of so many CTAs"),
    (CUresult::CUDA_ERROR_LAUNCH_OUT_OF_RESOURCES, "a CTA of it fits on no multiprocessor"),
    (CUresult::CUDA_ERROR_COOPERATIVE_LAUNCH_TOO_LARGE, "its CTAs do not fit on the GPU together"),
];

/// Whether a kernel is to blame for not being loaded.
pub(crate) fn is_unloadable(answer: CUresult) -> bool {
    UNLOADABLE.iter().any(|(blamed, _)| *blamed == answer)
}

/// Whether a kernel asks for more than the GPU has.
pub(crate) fn is_too_large(answer: CUresult) -> bool {
    TOO_LARGE.iter().any(|(blamed, _)| *blamed == answer)
}

/// Whether a kernel is to blame for not being launched.
pub(crate) fn is_unlaunchable(answer: CUresult) -> bool {
    UNLAUNCHABLE.iter().any(|(blamed, _)| *blamed == answer)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Statuses that blame the machine, the process, the stream or an earlier fault.
    const OF_THE_WORLD: &[CUresult] = &[
        CUresult::CUDA_ERROR_OUT_OF_MEMORY,
        CUresult::CUDA_ERROR_NOT_INITIALIZED,
        CUresult::CUDA_ERROR_DEINITIALIZED,
        CUresult::CUDA_ERROR_INVALID_CONTEXT,
        CUresult::CUDA_ERROR_CONTEXT_IS_DESTROYED,
        CUresult::CUDA_ERROR_INVALID_HANDLE,
        CUresult::CUDA_ERROR_DEVICE_UNAVAILABLE,
        CUresult::CUDA_ERROR_ECC_UNCORRECTABLE,
        CUresult::CUDA_ERROR_ILLEGAL_ADDRESS,
        CUresult::CUDA_ERROR_LAUNCH_FAILED,
        CUresult::CUDA_ERROR_LAUNCH_TIMEOUT,
        CUresult::CUDA_ERROR_OPERATING_SYSTEM,
        CUresult::CUDA_ERROR_JIT_COMPILER_NOT_FOUND,
        CUresult::CUDA_ERROR_SYSTEM_NOT_READY,
        CUresult::CUDA_ERROR_MPS_CONNECTION_FAILED,
        CUresult::CUDA_ERROR_STREAM_CAPTURE_UNSUPPORTED,
        CUresult::CUDA_ERROR_STREAM_CAPTURE_IMPLICIT,
        CUresult::CUDA_ERROR_TIMEOUT,
        CUresult::CUDA_ERROR_UNKNOWN,
    ];

    #[test]
    fn no_kernel_is_blamed_for_the_world() {
        for &answer in OF_THE_WORLD {
            assert!(!is_unloadable(answer) && !is_too_large(answer), "{answer:?}");
            assert!(!is_unlaunchable(answer), "{answer:?}");
        }
        // An invalid argument of a load is a fault of the library.
        assert!(!is_unloadable(CUresult::CUDA_ERROR_INVALID_VALUE));
        assert!(!is_unlaunchable(CUresult::CUDA_ERROR_INVALID_VALUE));
        assert!(is_unlaunchable(CUresult::CUDA_ERROR_LAUNCH_OUT_OF_RESOURCES));
        assert!(is_unloadable(CUresult::CUDA_ERROR_NO_BINARY_FOR_GPU));
        assert!(is_too_large(CUresult::CUDA_ERROR_INVALID_CLUSTER_SIZE));
    }
}
