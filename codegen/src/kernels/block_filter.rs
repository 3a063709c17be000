//! `block_filter`: one CTA a row of any length, read once.

use super::filter::{self, CANDIDATES, ITEMS, MOST_K, WIDE_CANDIDATES};
use super::{Kernel, LaunchKind, STAGES, Sizes, in_words};
use crate::Variant;

pub(super) const KERNEL: Kernel = Kernel {
    launch: LaunchKind::CtaPerRow,
    serves: in_words,
    pdl: true,
    items: ITEMS,
    clusters: &[1],
    stages: STAGES,
    most_k: Some(MOST_K),
    filters: true,
    candidates: CANDIDATES,
    wide_candidates: WIDE_CANDIDATES,
    chunk: 32,
    ctas,
    capacity: |_| None,
    check: filter::check,
    zeroed_bytes: 0,
    workspace_bytes: |_, _, _| 0,
    reason: |variant| filter::reason(variant, "there are rows for every multiprocessor"),
    measured: &[
        Sizes { bins: &[2048], threads: &[512], items: ITEMS, clusters: &[1], stages: STAGES },
        Sizes { bins: &[1024], threads: &[256], items: &[32], clusters: &[1], stages: STAGES },
    ],
};

/// As many as there is shared memory for: two of 512 threads, or three of 256 where a row is in 16
/// bits.
fn ctas(variant: &Variant) -> u32 {
    let small = variant.threads < 512 && variant.dtype.score_bytes() == 2;
    match variant.ring_bytes() {
        ..=0x8000 if small => 3,
        ..=0x10000 if variant.threads <= 512 => 2,
        _ => 1,
    }
}
