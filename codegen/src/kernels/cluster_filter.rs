//! `cluster_filter`: a cluster of CTAs a row of any length, read once.

use super::filter::{self, CANDIDATES, ITEMS, MOST_K, WIDE_CANDIDATES};
use super::{CLUSTERS, Kernel, LaunchKind, STAGES, Sizes, alone, in_words};

pub(super) const KERNEL: Kernel = Kernel {
    launch: LaunchKind::ClusterPerRow,
    serves: in_words,
    pdl: true,
    items: ITEMS,
    clusters: CLUSTERS,
    stages: &[2, 3, 4, 6],
    most_k: Some(MOST_K),
    filters: true,
    candidates: CANDIDATES,
    wide_candidates: WIDE_CANDIDATES,
    // With parts of 128 bytes, neighbouring winners are still spread over the CTAs of a cluster.
    chunk: 8,
    // Few rows leave a cluster's CTAs a multiprocessor each.
    ctas: alone,
    capacity: |_| None,
    check: filter::check,
    zeroed_bytes: 0,
    workspace_bytes: |_, _, _| 0,
    reason: |variant| filter::reason(variant, &format!("{} CTAs share a row", variant.cluster)),
    measured: &[
        Sizes { bins: &[2048], threads: &[512], items: ITEMS, clusters: CLUSTERS, stages: STAGES },
        Sizes {
            bins: &[2048],
            threads: &[512],
            items: &[32],
            clusters: CLUSTERS,
            stages: &[3, 4, 6],
        },
    ],
};
