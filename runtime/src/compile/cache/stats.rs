//! Counts of where the kernels of a cache came from. They are for people and tests; nothing is decided
//! by them.

use crate::compile::store::Origin;
use std::sync::atomic::{AtomicU64, Ordering};

/// The counts of a [`KernelCache`](super::KernelCache) since it was made.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct CacheStats {
    /// Times the compiler was called for a kernel or its PTX, refusals included.
    pub compiles: u64,
    /// Kernels that came from packs.
    pub pack_hits: u64,
    /// Kernels that came from disk.
    pub disk_hits: u64,
    /// Kernels that came from memory, or from a compile that another thread had begun.
    pub memory_hits: u64,
}

#[derive(Debug, Default)]
pub(super) struct Counters {
    compiles: AtomicU64,
    pack_hits: AtomicU64,
    disk_hits: AtomicU64,
    memory_hits: AtomicU64,
}

impl Counters {
    /// A call of the compiler.
    pub(super) fn compile(&self) {
        count(&self.compiles);
    }

    /// A kernel that memory or another thread had.
    pub(super) fn memory_hit(&self) {
        count(&self.memory_hits);
    }

    /// A kernel that another store had. A kernel that was compiled counts as a compile alone.
    pub(super) fn hit(&self, origin: Origin) {
        match origin {
            Origin::Pack => count(&self.pack_hits),
            Origin::Disk => count(&self.disk_hits),
            Origin::Compiled => {}
        }
    }

    pub(super) fn stats(&self) -> CacheStats {
        let read = |counter: &AtomicU64| counter.load(Ordering::Relaxed);
        CacheStats {
            compiles: read(&self.compiles),
            pack_hits: read(&self.pack_hits),
            disk_hits: read(&self.disk_hits),
            memory_hits: read(&self.memory_hits),
        }
    }
}

fn count(counter: &AtomicU64) {
    counter.fetch_add(1, Ordering::Relaxed);
}
