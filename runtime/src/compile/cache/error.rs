//! The errors of the cache: the compiler refused a kernel, may not be called, or is missing.

use crate::compile::CompileError;
use crate::compile::nvrtc::NvrtcError;
use crate::compile::store::CacheKey;
use topkit_codegen::Arch;

/// Why there is no kernel.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum KernelError {
    /// The compiler refused it.
    #[error(transparent)]
    Compile(#[from] CompileError),
    /// It would have to be compiled, and that is denied.
    #[error(transparent)]
    Denied(#[from] Denied),
    /// Its PTX would have to be compiled, and that is denied.
    #[error(transparent)]
    PtxDenied(#[from] PtxDenied),
}

/// An unexpected compile, which the settings deny.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error(
    "{entry} for {arch} is not compiled, and compiling is denied by TOPKIT_DENY_JIT or `deny_jit`; \
     it was looked for as {key} in {place}. Compile it ahead with `topkit warmup` or \
     `Selector::warmup`, or allow compiling"
)]
#[non_exhaustive]
pub struct Denied {
    /// The kernel's symbol.
    pub entry: String,
    /// The target.
    pub arch: Arch,
    /// The key that was searched.
    pub key: CacheKey,
    /// Where it was looked for.
    pub place: String,
}

/// PTX that was asked for where the settings deny compiles. It is kept nowhere, so it cannot be
/// compiled ahead.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error(
    "the PTX of {entry} for {arch} would have to be compiled, and compiling is denied by \
     TOPKIT_DENY_JIT or `deny_jit`; allow compiling to read it"
)]
#[non_exhaustive]
pub struct PtxDenied {
    /// The kernel's symbol.
    pub entry: String,
    /// The target.
    pub arch: Arch,
}

/// A kernel that no pack has, on a machine that cannot compile it.
#[derive(Debug, Clone, thiserror::Error)]
#[error(
    "no pack has {entry} for {arch} (source {}), and it cannot be compiled here: {compiler}\n\
     packs searched:\n{searched}\nadd it to a pack with `topkit pack`",
    digest.get(..16).unwrap_or(digest)
)]
#[non_exhaustive]
pub struct NotPacked {
    /// The kernel's symbol.
    pub entry: String,
    /// The architecture that it is needed for.
    pub arch: Arch,
    /// SHA-256 of its CUDA C, in hexadecimal.
    pub digest: String,
    /// Every pack that was searched, a line each, and why it lacks the kernel.
    pub searched: String,
    /// Why there is no compiler.
    pub compiler: NvrtcError,
}
