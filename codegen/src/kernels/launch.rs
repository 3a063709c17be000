//! How the CTAs of a launch share its rows.

/// How the CTAs of a launch share its rows.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum LaunchKind {
    /// One CTA a row.
    CtaPerRow,
    /// One cluster of CTAs a row.
    ClusterPerRow,
    /// Several CTAs a row, as many as the GPU runs at once; none waits for another.
    CtasPerRow,
}

impl LaunchKind {
    /// CTAs of a launch over `rows` rows, by clusters of `cluster` where they are launched so;
    /// `resident` is how many of them the GPU runs at once.
    pub const fn grid(self, rows: u64, cluster: u32, resident: u64) -> u64 {
        match self {
            LaunchKind::CtaPerRow => rows,
            LaunchKind::ClusterPerRow => rows.saturating_mul(cluster as u64),
            LaunchKind::CtasPerRow if rows == 0 || resident <= rows => rows,
            LaunchKind::CtasPerRow => resident / rows * rows,
        }
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
}
