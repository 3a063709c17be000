//! How the CTAs of a launch share its rows.

/// How the CTAs of a launch share its rows.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum LaunchKind {
    /// One CTA a row.
    CtaPerRow,
    /// One cluster of CTAs a row.
    ClusterPerRow,
    /// One warp a row: a CTA has as many rows as it has warps.
    WarpPerRow,
    /// Several CTAs a row, as many as the GPU runs at once; none waits for another.
    CtasPerRow,
}

/// Threads of a warp.
const WARP: u32 = 32;

impl LaunchKind {
    /// CTAs of a launch over `rows` rows, of `threads` threads each, by clusters of `cluster` where they are
    /// launched so; `resident` is how many of them the GPU runs at once.
    pub const fn grid(self, rows: u64, threads: u32, cluster: u32, resident: u64) -> u64 {
        match self {
            LaunchKind::CtaPerRow => rows,
            LaunchKind::ClusterPerRow => rows.saturating_mul(cluster as u64),
            LaunchKind::WarpPerRow => rows.div_ceil(rows_of_a_cta(threads) as u64),
            LaunchKind::CtasPerRow if rows == 0 || resident <= rows => rows,
            LaunchKind::CtasPerRow => resident / rows * rows,
        }
    }
}

/// Rows of a CTA that has one a warp.
const fn rows_of_a_cta(threads: u32) -> u32 {
    if threads < WARP { 1 } else { threads / WARP }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_grid_is_as_large_as_its_launch_needs() {
        let grid = |kind: LaunchKind, rows| kind.grid(rows, 128, 8, 132);
        assert_eq!(grid(LaunchKind::CtaPerRow, 5), 5);
        assert_eq!(grid(LaunchKind::ClusterPerRow, 5), 40);
        assert_eq!(grid(LaunchKind::ClusterPerRow, i32::MAX as u64), 8 * i32::MAX as u64);
        assert_eq!(grid(LaunchKind::CtasPerRow, 5), 130);
        assert_eq!(grid(LaunchKind::CtasPerRow, 200), 200);
        assert_eq!([1, 4, 5, 8].map(|rows| grid(LaunchKind::WarpPerRow, rows)), [1, 1, 2, 2]);
        use LaunchKind::*;
        for kind in [CtaPerRow, ClusterPerRow, WarpPerRow, CtasPerRow] {
            assert_eq!(grid(kind, 0), 0);
        }
    }
}
