//! `warp_resident`: one warp a row of at most 1024 columns, the row in its registers.

use super::{Kernel, LaunchKind, STAGES, Sizes, in_words};
use crate::{Fault, Key, Variant};

/// Scores that a thread may hold.
const ITEMS: &[u32] = &[2, 4, 8, 16, 32];

/// Threads of a warp, which hold a row.
const WARP: u32 = 32;

/// The kernel has no histogram: it has this size of it alone, so that selectors have each variant once.
const BINS: u32 = 2048;

pub(super) const KERNEL: Kernel = Kernel {
    launch: LaunchKind::WarpPerRow,
    serves: in_words,
    pdl: true,
    items: ITEMS,
    clusters: &[1],
    stages: STAGES,
    most_k: None,
    filters: false,
    candidates: 3072,
    wide_candidates: 2048,
    chunk: 8,
    ctas,
    capacity: |variant| Some(WARP * variant.items),
    check,
    zeroed_bytes: 0,
    workspace_bytes: |_, _, _| 0,
    reason,
    measured: &[Sizes {
        bins: &[BINS],
        threads: &[256],
        items: ITEMS,
        clusters: &[1],
        stages: STAGES,
    }],
};

/// Threads that every multiprocessor runs at once.
const THREADS: u32 = 1024;

/// A thread needs some 32 registers beside the keys.
fn ctas(variant: &Variant) -> u32 {
    let keys = variant.items * variant.wide_bytes() / 4;
    (64 * 1024 / (variant.threads * (keys + 32))).clamp(1, THREADS / variant.threads)
}

fn check(variant: &Variant, faults: &mut Vec<Fault>) {
    let (name, wanted) = (variant.kernel.name(), variant.dtype.widest_load());
    let mut refuse = |key, message, hint: String| faults.push(Fault::of(key, message, hint));
    if variant.vec_size != wanted {
        let message = format!("{name} loads {} 16 bytes at a time", variant.dtype);
        refuse(Key::VecSize, message, format!("use {wanted}"));
    }
    if variant.bins != BINS {
        let message = format!("{name} has no histogram, and so no {} bins", variant.bins);
        refuse(Key::Bins, message, format!("use {BINS}"));
    }
    if variant.threads > 256 {
        let message = format!("{name} has small CTAs, not of {} threads", variant.threads);
        refuse(Key::Threads, message, "use 128 or 256".into());
    }
    if !ITEMS.contains(&variant.items) {
        let message = format!("a thread of {name} cannot hold {} scores", variant.items);
        refuse(Key::Threads, message, "2, 4, 8, 16 or 32".into());
    }
}

/// Why a plan by rules has these bins and threads.
fn reason(variant: &Variant) -> [Option<String>; 2] {
    let bins = "the row is selected from by comparisons, without a histogram";
    let rows = variant.threads / WARP;
    let capacity = variant.capacity().unwrap_or_default();
    let threads = format!("a warp a row: {rows} rows a CTA, each of at most {capacity} columns");
    [Some(bins.to_owned()), Some(threads)]
}
