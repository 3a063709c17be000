//! One member of a family: the key under which a kernel is rendered, compiled and cached.

use super::{Fault, Semantics, check};
use crate::DType;

/// The algorithm of a kernel; each is one file in `templates/kernels/`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum KernelKind {
    /// One CTA a row: radix select over ordered keys. Serves every problem.
    BlockRadix,
    /// One CTA a row of at most 32768 columns, held in registers.
    BlockResident,
}

impl KernelKind {
    /// Every kernel.
    pub const ALL: &'static [KernelKind] = &[KernelKind::BlockRadix, KernelKind::BlockResident];

    /// The name of its template and of its entry function.
    pub const fn name(self) -> &'static str {
        match self {
            KernelKind::BlockRadix => "block_radix",
            KernelKind::BlockResident => "block_resident",
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
    /// Scores that a thread holds in registers; 0 for a kernel that holds none.
    pub items: u32,
    /// What the selection means.
    pub semantics: Semantics,
}

impl Variant {
    /// What `items` may be in a resident kernel.
    pub const ITEMS: &'static [u32] = &[8, 16, 32, 64];

    /// The most columns that a CTA holds.
    pub const MAX_CAPACITY: u32 = 32 * 1024;

    /// Members of the threshold bin that a CTA of `block_radix` keeps on chip. More of them lead to
    /// another scan of the row, never to a lost winner. With 4096 bins and 32-bit keys the kernel stays within
    /// the 48 KB of shared memory that every GPU grants.
    pub const fn candidates(&self) -> u32 {
        3072
    }

    /// CTAs that a multiprocessor should have room for, as far as their registers go. A resident
    /// row is held as loaded and rounded, or, by small CTAs, rounded alone; beside it a thread
    /// needs some 32 registers, and small CTAs more to split a bin of many equal scores.
    pub const fn ctas(&self) -> u32 {
        match self.kernel {
            KernelKind::BlockRadix => 1,
            KernelKind::BlockResident => {
                let small = self.threads < 512;
                let loaded = self.items * self.dtype.bytes() / 4;
                let rounded = if small { 0 } else { self.items / 2 };
                let others = if self.items < 64 { 32 } else { 64 };
                let ctas = 64 * 1024 / (self.threads * (loaded + rounded + others));
                // One more than this, and the assembler spills (13.0, sm_90a).
                let most = match self.threads {
                    0..=128 => 4,
                    129..=256 if self.items == 32 && self.dtype.bytes() == 2 => 4,
                    129..=256 => 3,
                    257..=512 => 2,
                    _ => 1,
                };
                match ctas {
                    0 => 1,
                    ctas if ctas < most => ctas,
                    _ => most,
                }
            }
        }
    }

    /// The most columns that the kernel serves, where it has a limit of its own.
    pub const fn capacity(&self) -> Option<u32> {
        match self.kernel {
            KernelKind::BlockRadix => None,
            KernelKind::BlockResident => Some(self.threads * self.items),
        }
    }

    /// Every fault of the variant; empty when a kernel can be rendered for it.
    pub fn validate(&self) -> Vec<Fault> {
        check::variant_faults(self)
    }
}
