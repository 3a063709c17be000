//! `cluster_radix`: a cluster of CTAs a row of any length, radix select over ordered keys.

use super::{Kernel, LaunchKind, STAGES, Sizes, alone, in_words};
use crate::{Fault, Key, Variant};

/// More bins leave too little shared memory for candidates beside the counts that the CTAs send.
const BINS: u32 = 2048;

/// Fewer threads would sample too few scores of a long row.
const THREADS: &[u32] = &[512, 1024];

/// Its clusters: each is for about twice as many rows as the next larger one.
const CLUSTERS: &[u32] = &[2, 4, 8, 16];

pub(super) const KERNEL: Kernel = Kernel {
    launch: LaunchKind::ClusterPerRow,
    serves: in_words,
    pdl: true,
    items: &[0],
    clusters: CLUSTERS,
    stages: STAGES,
    most_k: None,
    filters: false,
    // Of one CTA.
    candidates: 3072,
    wide_candidates: 2048,
    chunk: 8,
    ctas: alone,
    capacity: |_| None,
    check,
    zeroed_bytes: 0,
    workspace_bytes: |_, _, _| 0,
    reason,
    measured: &[Sizes {
        bins: &[BINS],
        threads: THREADS,
        items: &[0],
        clusters: CLUSTERS,
        stages: STAGES,
    }],
};

fn check(variant: &Variant, faults: &mut Vec<Fault>) {
    let (name, wanted) = (variant.kernel.name(), variant.dtype.widest_load());
    let mut refuse = |key, message, hint: String| faults.push(Fault::of(key, message, hint));
    if variant.vec_size != wanted {
        let message = format!("{name} loads {} 16 bytes at a time", variant.dtype);
        refuse(Key::VecSize, message, format!("use {wanted}"));
    }
    if variant.bins != BINS {
        let message = format!("{name} has no room for {} bins", variant.bins);
        refuse(Key::Bins, message, format!("use {BINS}"));
    }
    if !THREADS.contains(&variant.threads) {
        let message = format!("{name} has large CTAs, not of {} threads", variant.threads);
        refuse(Key::Threads, message, "use 512 or 1024".into());
    }
}

/// Why a plan by rules has these bins and threads.
fn reason(variant: &Variant) -> [Option<String>; 2] {
    let bins = "each pass splits the keys by one digit, and the CTAs exchange its counts";
    let ctas = variant.cluster;
    let threads = format!("{ctas} CTAs share a row, as many as run at once with these threads");
    [Some(bins.to_owned()), Some(threads)]
}
