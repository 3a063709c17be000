//! A compiled kernel: its machine code, its build log and which store it came from.

use super::CacheKey;
use crate::compile::Compiled;
use std::fmt;
use topkit_codegen::Arch;

/// A compiled kernel.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Artifact {
    /// Its key.
    pub key: CacheKey,
    /// The name of its `extern "C"` kernel.
    pub entry: String,
    /// The target it was compiled for.
    pub arch: Arch,
    /// Machine code.
    pub cubin: Vec<u8>,
    /// The compiler's log.
    pub log: String,
    /// Where it came from.
    pub origin: Origin,
}

impl Artifact {
    /// The output of a compile under its key, from which it takes the kernel's name.
    pub fn new(key: CacheKey, arch: Arch, compiled: Compiled, origin: Origin) -> Artifact {
        let Compiled { cubin, log } = compiled;
        Artifact { entry: key.entry().to_owned(), key, arch, cubin, log, origin }
    }
}

/// Where a compiled kernel came from.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Origin {
    /// This process compiled it.
    Compiled,
    /// The cache on disk had it.
    Disk,
    /// A pack had it.
    Pack,
}

impl fmt::Display for Origin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Origin::Compiled => "compiled",
            Origin::Disk => "disk",
            Origin::Pack => "pack",
        })
    }
}
