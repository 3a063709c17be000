//! A kernel with its sizes: the key under which it is rendered, compiled and cached.

use crate::program::ProgramId;
use crate::{DType, Fault, KernelKind, Semantics, check};
use std::ops::RangeInclusive;

/// A kernel with its sizes: a value for every key that changes its code.
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
    /// Scores that a thread holds in registers; 0 for a kernel that holds none.
    pub items: u32,
    /// CTAs that share a row, launched as one cluster; 1 for a kernel without clusters.
    pub cluster: u32,
    /// Stripes of a row that a CTA of a filter has in shared memory at once. Other kernels have no stripes,
    /// and the value of [`Variant::STAGES`].
    pub stages: u32,
    /// The semantics of the selection.
    pub semantics: Semantics,
    /// The program of its selector; its text is in the selector's spec.
    #[doc(hidden)]
    pub program: Option<ProgramId>,
}

impl Variant {
    /// Bytes of shared memory that the variables of a kernel take at most: every GPU grants as many.
    pub const MOST_SHARED_VARIABLES: u32 = 48 * 1024;

    /// The values of `cluster` in a kernel of clusters. More than 8 is for GPUs that grant it.
    pub const CLUSTERS: RangeInclusive<u32> = 1..=16;

    /// The values of `stages` in a filter.
    pub const RING: RangeInclusive<u32> = 2..=8;

    /// The value of `stages` where a kernel has no other; a name does not tell it.
    pub const STAGES: u32 = 2;

    /// The most columns that a CTA has in registers.
    pub const MAX_CAPACITY: u32 = 32 * 1024;

    /// Every fault of the variant; empty when a kernel can be rendered for it.
    pub fn validate(&self) -> Vec<Fault> {
        check::variant_faults(self)
    }
}
