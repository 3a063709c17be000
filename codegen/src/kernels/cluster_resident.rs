//! `cluster_resident`: a cluster of CTAs a row, the row in their registers.

use super::resident::{self, ITEMS};
use super::{CLUSTERS, Kernel, LaunchKind, STAGES, Sizes, alone, in_words};
use crate::{Fault, Key, Variant};

pub(super) const KERNEL: Kernel = Kernel {
    launch: LaunchKind::ClusterPerRow,
    serves: in_words,
    pdl: true,
    items: ITEMS,
    clusters: CLUSTERS,
    stages: STAGES,
    most_k: None,
    filters: false,
    candidates: 3072,
    wide_candidates: 2048,
    chunk: 8,
    ctas: alone,
    capacity: |variant| Some(variant.threads * variant.items * variant.cluster),
    check,
    zeroed_bytes: 0,
    workspace_bytes: |_, _, _| 0,
    reason: resident::reason,
    measured: &[Sizes {
        bins: &[4096],
        threads: &[512],
        items: ITEMS,
        clusters: CLUSTERS,
        stages: STAGES,
    }],
};

fn check(variant: &Variant, faults: &mut Vec<Fault>) {
    resident::check(variant, faults);
    let (name, bins, threads) = (variant.kernel.name(), variant.bins, variant.threads);
    // The scores stay in registers as loaded and as rounded, and a thread adds whole bins.
    if threads > 512 {
        let message = format!("{threads} threads of {name} have too few registers");
        faults.push(Fault::of(Key::Threads, message, "use 128, 256 or 512"));
    } else if bins < threads {
        let message = format!("{threads} threads of {name} cannot share {bins} bins");
        faults.push(Fault::of(Key::Bins, message, format!("use {threads} or more")));
    }
}
