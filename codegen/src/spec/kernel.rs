//! The kernels and what tells them apart: all that a new one has to say of itself outside its
//! template.
//!
//! The matches here name every kernel, so that the compiler asks a new one each question. Nothing
//! here chooses between kernels; that is the planner's work.

use super::Variant;
use crate::Arch;

/// The algorithm of a kernel; each is one file in `templates/kernels/`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum KernelKind {
    /// One CTA a row: radix select over ordered keys. Serves every problem.
    BlockRadix,
    /// One CTA a row of at most 32768 columns, held in registers.
    BlockResident,
    /// A cluster of CTAs a row of at most 524288 columns, held in their registers.
    ClusterResident,
    /// One CTA a row of any length, read once.
    BlockFilter,
    /// A cluster of CTAs a row of any length, read once.
    ClusterFilter,
    /// Many CTAs a row of any length, read once; they meet in the workspace.
    GridFilter,
}

/// How the CTAs of a launch share its rows.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum LaunchKind {
    /// One CTA a row.
    CtaPerRow,
    /// One cluster of CTAs a row.
    ClusterPerRow,
    /// Several CTAs a row, as many as the GPU holds at once; none waits for another.
    CtasPerRow,
}

impl LaunchKind {
    /// CTAs of a launch over `rows` rows, by clusters of `cluster` where they are launched so;
    /// `resident` is how many of them the GPU holds at once.
    pub const fn grid(self, rows: u64, cluster: u32, resident: u64) -> u64 {
        match self {
            LaunchKind::CtaPerRow => rows,
            LaunchKind::ClusterPerRow => rows.saturating_mul(cluster as u64),
            LaunchKind::CtasPerRow if rows == 0 || resident <= rows => rows,
            LaunchKind::CtasPerRow => resident / rows * rows,
        }
    }
}

impl KernelKind {
    /// Every kernel.
    pub const ALL: &'static [KernelKind] = &[
        KernelKind::BlockRadix,
        KernelKind::BlockResident,
        KernelKind::ClusterResident,
        KernelKind::BlockFilter,
        KernelKind::ClusterFilter,
        KernelKind::GridFilter,
    ];

    /// The name of its template and of its entry function.
    pub const fn name(self) -> &'static str {
        match self {
            KernelKind::BlockRadix => "block_radix",
            KernelKind::BlockResident => "block_resident",
            KernelKind::ClusterResident => "cluster_resident",
            KernelKind::BlockFilter => "block_filter",
            KernelKind::ClusterFilter => "cluster_filter",
            KernelKind::GridFilter => "grid_filter",
        }
    }

    /// How its CTAs share the rows of a launch.
    pub const fn launches_as(self) -> LaunchKind {
        match self {
            KernelKind::BlockRadix | KernelKind::BlockResident | KernelKind::BlockFilter => {
                LaunchKind::CtaPerRow
            }
            KernelKind::ClusterResident | KernelKind::ClusterFilter => LaunchKind::ClusterPerRow,
            KernelKind::GridFilter => LaunchKind::CtasPerRow,
        }
    }

    /// Whether it waits by itself for the grid ahead of it on the stream, and so may be launched
    /// before that has ended.
    pub const fn starts_early(self) -> bool {
        match self {
            KernelKind::BlockRadix => false,
            KernelKind::BlockResident
            | KernelKind::ClusterResident
            | KernelKind::BlockFilter
            | KernelKind::ClusterFilter
            | KernelKind::GridFilter => true,
        }
    }

    /// Whether it compiles for an architecture: those before Hopper have no clusters.
    pub fn compiles_for(self, arch: Arch) -> bool {
        self.launches_as() != LaunchKind::ClusterPerRow || arch.capability() >= (9, 0)
    }

    /// What [`Variant::items`] may be: 0 alone for a kernel that holds no scores in registers.
    pub const fn items(self) -> &'static [u32] {
        match self {
            KernelKind::BlockRadix => &[0],
            KernelKind::BlockResident | KernelKind::ClusterResident => Variant::ITEMS,
            KernelKind::BlockFilter | KernelKind::ClusterFilter | KernelKind::GridFilter => {
                Variant::STRIPE_ITEMS
            }
        }
    }

    /// What [`Variant::cluster`] is in the members of a selector: 1 alone for a kernel without
    /// clusters.
    pub const fn clusters(self) -> &'static [u32] {
        match self {
            KernelKind::BlockRadix
            | KernelKind::BlockResident
            | KernelKind::BlockFilter
            | KernelKind::GridFilter => &[1],
            KernelKind::ClusterResident | KernelKind::ClusterFilter => &[2, 3, 4, 6, 8, 16],
        }
    }

    /// Whether it keeps the scores above a bound, and reads its row once.
    pub const fn filters(self) -> bool {
        match self {
            KernelKind::BlockRadix | KernelKind::BlockResident | KernelKind::ClusterResident => {
                false
            }
            KernelKind::BlockFilter | KernelKind::ClusterFilter | KernelKind::GridFilter => true,
        }
    }

    /// The most winners a row that it serves, where it has a limit of its own.
    pub const fn most_k(self) -> Option<u32> {
        if self.filters() { Some(Variant::MOST_FILTERED) } else { None }
    }
}

impl Variant {
    /// Members of the threshold bin that a CTA of `block_radix` keeps on chip. More of them lead to
    /// another scan of the row, never to a lost winner. With 4096 bins and 32-bit keys the kernel stays within
    /// the 48 KB of shared memory that every GPU grants.
    ///
    /// Of a filter: scores above the bound that are kept of a row, or of a part by `grid_filter`.
    pub const fn candidates(&self) -> u32 {
        if self.kernel.filters() { 4096 } else { 3072 }
    }

    /// Vectors that stand together in a part of a row. In 128 bytes, winners that stand together
    /// are still spread over the parts of a cluster; other rows are read by larger pieces.
    pub const fn chunk(&self) -> u32 {
        match self.kernel {
            KernelKind::BlockFilter | KernelKind::GridFilter => 32,
            _ => 8,
        }
    }

    /// CTAs that a multiprocessor should have room for, as far as their registers go. A resident
    /// row is held as loaded and rounded, or, by small CTAs, rounded alone; beside it a thread
    /// needs some 32 registers, and small CTAs more to split a bin of many equal scores.
    pub const fn ctas(&self) -> u32 {
        match self.kernel {
            KernelKind::BlockRadix => 1,
            // As many as there is shared memory for: two of 512 threads, or three of 256 where a row
            // is in 16 bits. Few rows leave a cluster's CTAs alone as it is.
            KernelKind::BlockFilter => {
                let small = self.threads < 512 && self.dtype.bytes() == 2;
                match self.ring_bytes() {
                    ..=0x8000 if small => 3,
                    ..=0x10000 if self.threads <= 512 => 2,
                    _ => 1,
                }
            }
            KernelKind::ClusterResident | KernelKind::ClusterFilter | KernelKind::GridFilter => 1,
            KernelKind::BlockResident => {
                let small = self.threads < 512;
                let loaded = self.items * self.dtype.bytes() / 4;
                let rounded = if small { 0 } else { self.items / 2 };
                let others = if self.items < 64 { 32 } else { 64 };
                let ctas = 64 * 1024 / (self.threads * (loaded + rounded + others));
                // One more than this, and the assembler spills (13.0, sm_90a).
                let most = match self.threads {
                    0..=128 => 3,
                    129..=256 if self.items == 32 => 4,
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
            KernelKind::BlockRadix
            | KernelKind::BlockFilter
            | KernelKind::ClusterFilter
            | KernelKind::GridFilter => None,
            KernelKind::BlockResident => Some(self.threads * self.items),
            KernelKind::ClusterResident => Some(self.threads * self.items * self.cluster),
        }
    }

    /// Bytes of shared memory that a CTA of a launch is given beside the kernel's variables: the
    /// stripes that a filter has on chip.
    pub const fn ring_bytes(&self) -> u32 {
        const STAGES: u32 = 2; // of `ring.cuh`
        if self.kernel.filters() {
            STAGES * self.threads * self.items * self.dtype.bytes()
        } else {
            0
        }
    }

    /// Bytes of shared memory that a GPU must grant a CTA. A kernel's variables take no more than
    /// [`Variant::MOST_SHARED_VARIABLES`].
    pub const fn needed_shared_bytes(&self) -> u32 {
        Variant::MOST_SHARED_VARIABLES + self.ring_bytes()
    }

    /// Bytes of device memory that a launch of `grid` CTAs over `rows` rows works in. The first
    /// [`Variant::zeroed_bytes`] are zero before the first launch, and every launch leaves them so.
    pub const fn workspace_bytes(&self, rows: u64, grid: u64) -> u64 {
        if rows == 0 || !matches!(self.kernel, KernelKind::GridFilter) {
            return 0;
        }
        // The layout is that of `grid_filter.cuh`: a size, an edge and a share for each CTA.
        let parts = grid / rows;
        let shared = 65535 / parts;
        let share =
            if shared < self.candidates() as u64 { shared } else { self.candidates() as u64 };
        self.zeroed_bytes() + grid * (2 + 2 * share) * 4
    }

    /// Bytes at the head of the workspace that are zero between launches: as many for every
    /// problem, so that one workspace serves launches of different shapes.
    pub const fn zeroed_bytes(&self) -> u64 {
        match self.kernel {
            KernelKind::GridFilter => Variant::COUNTERS as u64 * 4,
            _ => 0,
        }
    }

    /// CTAs of a launch over `rows` rows on a GPU with this many multiprocessors.
    pub const fn grid(&self, rows: u64, multiprocessors: u32) -> u64 {
        let resident = self.ctas() as u64 * multiprocessors as u64;
        self.kernel.launches_as().grid(rows, self.cluster, resident)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_grid_is_as_large_as_its_launch_needs() {
        let grid = |kind: LaunchKind, rows| kind.grid(rows, 8, 132);
        assert_eq!(grid(LaunchKind::CtaPerRow, 5), 5);
        assert_eq!(grid(LaunchKind::ClusterPerRow, 5), 40);
        assert_eq!(grid(LaunchKind::ClusterPerRow, i32::MAX as u64), 8 * i32::MAX as u64);
        assert_eq!(grid(LaunchKind::CtasPerRow, 5), 130);
        assert_eq!(grid(LaunchKind::CtasPerRow, 200), 200);
        for kind in [LaunchKind::CtaPerRow, LaunchKind::ClusterPerRow, LaunchKind::CtasPerRow] {
            assert_eq!(grid(kind, 0), 0);
        }
    }

    #[test]
    fn what_a_kernel_says_of_itself_agrees() {
        for &kind in KernelKind::ALL {
            let clustered = kind.launches_as() == LaunchKind::ClusterPerRow;
            assert_eq!(clustered, kind.clusters().iter().any(|&cluster| cluster > 1));
            assert!(kind.clusters().iter().all(|cluster| Variant::CLUSTERS.contains(cluster)));
        }
    }
}
