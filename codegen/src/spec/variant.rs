//! One member of a family: the key under which a kernel is rendered, compiled and cached.

use super::{Fault, Semantics, check};
use crate::DType;

/// The algorithm of a kernel; each is one file in `templates/kernels/`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum KernelKind {
    /// One CTA a row: radix select over ordered keys.
    BlockRadix,
}

impl KernelKind {
    /// Every kernel.
    pub const ALL: &'static [KernelKind] = &[KernelKind::BlockRadix];

    /// The name of its template and of its entry function.
    pub const fn name(self) -> &'static str {
        match self {
            KernelKind::BlockRadix => "block_radix",
        }
    }
}

/// One kernel: a value for every key that changes its code.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Variant {
    /// The algorithm.
    pub kernel: KernelKind,
    /// The type of a score.
    pub dtype: DType,
    /// Elements a thread loads at once.
    pub vec_size: u32,
    /// Histogram bins of one radix pass.
    pub bins: u32,
    /// Threads of a CTA.
    pub threads: u32,
    /// What the selection means.
    pub semantics: Semantics,
}

impl Variant {
    /// Members of the threshold bin that a CTA keeps on chip. More of them lead to another scan
    /// of the row, never to a lost winner. With 4096 bins and 32-bit keys the kernel stays within
    /// the 48 KB of shared memory that every GPU grants.
    pub const fn candidates(&self) -> u32 {
        3072
    }

    /// Every fault of the variant; empty when a kernel can be rendered for it.
    pub fn validate(&self) -> Vec<Fault> {
        check::variant_faults(self)
    }
}
