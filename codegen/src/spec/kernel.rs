//! The kernels and what tells them apart: all that a new one has to say of itself outside its
//! template.
//!
//! The matches here name every kernel, so that the compiler asks a new one each question. Nothing
//! here chooses between kernels; that is the planner's work.

use super::Variant;

/// The algorithm of a kernel; each is one file in `templates/kernels/`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum KernelKind {
    /// One CTA a row: radix select over ordered keys. Serves every problem.
    BlockRadix,
    /// One CTA a row of at most 32768 columns, held in registers.
    BlockResident,
}

/// How the CTAs of a launch share its rows.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum LaunchKind {
    /// One CTA a row.
    CtaPerRow,
    /// One cluster of CTAs a row.
    ClusterPerRow,
    /// All rows by all CTAs, which are on the GPU together.
    Cooperative,
}

impl LaunchKind {
    /// CTAs of a launch over `rows` rows, by clusters of `cluster` where they are launched so;
    /// `resident` is how many of them the GPU holds at once.
    pub const fn grid(self, rows: u64, cluster: u32, resident: u64) -> u64 {
        match self {
            LaunchKind::CtaPerRow => rows,
            LaunchKind::ClusterPerRow => rows.saturating_mul(cluster as u64),
            LaunchKind::Cooperative if rows == 0 => 0,
            LaunchKind::Cooperative => resident,
        }
    }
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

    /// How its CTAs share the rows of a launch.
    pub const fn launches_as(self) -> LaunchKind {
        match self {
            KernelKind::BlockRadix | KernelKind::BlockResident => LaunchKind::CtaPerRow,
        }
    }

    /// Whether it waits by itself for the grid ahead of it on the stream, and so may be launched
    /// before that has ended. A cooperative kernel may not.
    pub const fn starts_early(self) -> bool {
        match self {
            KernelKind::BlockRadix => false,
            KernelKind::BlockResident => true,
        }
    }

    /// What [`Variant::items`] may be: 0 alone for a kernel that holds no scores in registers.
    pub const fn items(self) -> &'static [u32] {
        match self {
            KernelKind::BlockRadix => &[0],
            KernelKind::BlockResident => Variant::ITEMS,
        }
    }

    /// What [`Variant::cluster`] is in the members of a family: 1 alone for a kernel without
    /// clusters.
    pub const fn clusters(self) -> &'static [u32] {
        match self {
            KernelKind::BlockRadix | KernelKind::BlockResident => &[1],
        }
    }
}

impl Variant {
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

    /// Bytes of device memory that a launch over `rows` rows works in. They are zero before the
    /// first launch, and every launch leaves them zero.
    pub const fn workspace_bytes(&self, _rows: u64) -> u64 {
        match self.kernel {
            KernelKind::BlockRadix | KernelKind::BlockResident => 0,
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
        assert_eq!(grid(LaunchKind::Cooperative, 5), 132);
        for kind in [LaunchKind::CtaPerRow, LaunchKind::ClusterPerRow, LaunchKind::Cooperative] {
            assert_eq!(grid(kind, 0), 0);
        }
    }

    #[test]
    fn what_a_kernel_says_of_itself_agrees() {
        for &kind in KernelKind::ALL {
            let clustered = kind.launches_as() == LaunchKind::ClusterPerRow;
            assert_eq!(clustered, kind.clusters().iter().any(|&cluster| cluster > 1));
            assert!(kind.clusters().iter().all(|cluster| Variant::CLUSTERS.contains(cluster)));
            assert!(kind.launches_as() != LaunchKind::Cooperative || !kind.starts_early());
        }
    }
}
