//! The rule for more winners than filters serve: which variant of `cluster_radix` selects from a long row.
//!
//! The planner asks for it too, since tables may have been measured before there was this kernel. It cannot fail:
//! without the rule `block_radix` serves.

use super::{clusters_at_once, shared, streaming, wanted_vec_size};
use crate::plan::{Limits, Tried};
use crate::problem::Problem;
use topkit_codegen::{KernelKind, SelectorSpec, Variant};

/// The kernel by which a cluster reads a row in each pass, for more winners than filters serve, where there are too
/// few rows to give each multiprocessor one.
///
/// Of the clusters that run at once it takes the largest. CTAs of 1024 threads have a multiprocessor each, and of
/// those of 512 two share one.
pub(super) fn by_clusters(
    spec: &SelectorSpec,
    problem: &Problem,
    limits: &Limits,
    tried: &Tried,
) -> Option<Variant> {
    let kernel = KernelKind::ClusterRadix;
    let vec_size = wanted_vec_size(problem).value;
    let declared = spec.vec_sizes(problem.dtype).contains(&vec_size)
        && spec.bins.contains(&RADIX_BINS)
        && kernel.serves(problem.dtype);
    if !declared
        || !limits.clusters
        || problem.k <= MOST_FILTERED
        || problem.columns <= HELD_ALONE
        || problem.rows > most_clustered_rows(limits)
    {
        return None;
    }
    let sizeless =
        Variant { kernel, vec_size, bins: RADIX_BINS, ..streaming(spec, problem, limits) };
    let sizes = RADIX_CLUSTERS.iter().flat_map(|&cluster| RADIX_THREADS.map(|it| (cluster, it)));
    let fitting = sizes.filter(|&(cluster, (threads, sharing))| {
        cluster <= limits.most_cluster
            && problem.rows <= sharing * clusters_at_once(cluster, limits)
            && spec.threads.contains(&threads)
    });
    let variant = |(cluster, (threads, _))| Variant { cluster, threads, ..sizeless };
    fitting.map(variant).find(|variant| variant.validate().is_empty() && !tried.rules_out(variant))
}

/// The variant of `cluster_radix` for a problem, where rules name one.
pub(in crate::plan) fn by_cluster_radix(
    spec: &SelectorSpec,
    problem: &Problem,
    limits: &Limits,
    tried: &Tried,
) -> Option<Variant> {
    // No filter serves so many winners, and no warp holds so long a row.
    by_clusters(spec, problem, limits, tried)
        .filter(|_| !held_by_clusters(spec, problem, limits, tried))
}

/// Whether rules name `cluster_resident`, or would if no warp held the row.
pub(in crate::plan) fn held_by_clusters(
    spec: &SelectorSpec,
    problem: &Problem,
    limits: &Limits,
    tried: &Tried,
) -> bool {
    shared(spec, problem, limits, tried).is_some()
}

/// Rows up to which a cluster each has two multiprocessors. With more, `block_radix` is faster: 132 x 131072 f32, k = 4096,
/// took 80 us by clusters, two CTAs a multiprocessor (H200).
pub(in crate::plan) fn most_clustered_rows(limits: &Limits) -> usize {
    clusters_at_once(2, limits)
}

/// Winners up to which filters serve.
pub(in crate::plan) const MOST_FILTERED: u32 = 2048;
/// Columns up to which one CTA holds a row in its registers.
pub(in crate::plan) const HELD_ALONE: usize = Variant::MAX_CAPACITY as usize;
const RADIX_BINS: u32 = 2048;
/// Its clusters, the largest first, and its threads, with the CTAs that share a multiprocessor.
const RADIX_CLUSTERS: [u32; 4] = [16, 8, 4, 2];
const RADIX_THREADS: [(u32, usize); 2] = [(1024, 1), (512, 2)];

#[cfg(test)]
mod tests {
    use super::super::variant;
    use super::*;
    use topkit_codegen::DType;

    /// Very many winners of long rows: as large clusters as run at once.
    #[test]
    fn few_rows_with_many_winners_have_a_cluster_each() {
        let spec = SelectorSpec::builder("Large").dtype(DType::ALL).k(1..=1 << 20).build().unwrap();
        let limits = Limits::of_arch("sm_90a".parse().unwrap());
        let named = |dtype, rows, columns, k| {
            let problem = Problem::new(dtype, rows, columns, k);
            let variant = variant(&spec, &problem, &limits, &Tried::default());
            (variant.kernel, variant.cluster, variant.threads)
        };
        for dtype in DType::ALL.into_iter().filter(|&dtype| dtype != DType::F64) {
            for (rows, cluster, threads) in
                [(1, 16, 1024), (8, 16, 512), (32, 4, 512), (64, 2, 1024), (66, 2, 1024)]
            {
                let due = (KernelKind::ClusterRadix, cluster, threads);
                assert_eq!(named(dtype, rows, 1 << 20, 4096), due, "{dtype} {rows}");
            }
            assert_eq!(named(dtype, 67, 1 << 20, 4096).0, KernelKind::BlockRadix);
            assert_ne!(named(dtype, 1, 1 << 20, 2048).0, KernelKind::ClusterRadix);
            assert_eq!(named(dtype, 1, 1 << 19, 4096).0, KernelKind::ClusterResident);
            // Registers of two CTAs hold a row of 65536 columns.
            assert_eq!(named(dtype, 66, 1 << 16, 4096).0, KernelKind::ClusterResident);
            assert_eq!(named(dtype, 66, (1 << 16) + 1, 4096).0, KernelKind::ClusterRadix);
        }
        assert_eq!(named(DType::F64, 1, 1 << 20, 4096).0, KernelKind::BlockRadix);
    }
}
