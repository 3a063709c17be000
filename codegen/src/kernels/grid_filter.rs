//! `grid_filter`: many CTAs a row of any length, read once; they exchange candidates through the
//! workspace.

use super::filter::{self, CANDIDATES, ITEMS, MOST_K, WIDE_CANDIDATES};
use super::{Kernel, LaunchKind, STAGES, Sizes, alone, in_words};
use crate::Variant;
use crate::layout::{COUNTERS, MOST_CANDIDATES, WORD_BYTES, key_words, part_header_words};

pub(super) const KERNEL: Kernel = Kernel {
    launch: LaunchKind::CtasPerRow,
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
    ctas: alone,
    capacity: |_| None,
    check: filter::check,
    zeroed_bytes: COUNTERS as u64 * WORD_BYTES,
    workspace_bytes,
    reason: |variant| filter::reason(variant, "the whole GPU shares a row"),
    measured: &[Sizes {
        bins: &[2048],
        threads: &[512],
        items: ITEMS,
        clusters: &[1],
        stages: STAGES,
    }],
};

/// After the counters each CTA has the header of its part, and a column and a stored key for each of its
/// candidates.
fn workspace_bytes(variant: &Variant, rows: u64, grid: u64) -> u64 {
    let parts = grid / rows;
    let [wide, stored] = [variant.wide_bytes(), variant.key_bytes()].map(key_words).map(u64::from);
    let most = (u64::from(MOST_CANDIDATES) / parts).min(variant.candidates().into());
    // So that the keys of every part are aligned.
    let share = most / wide * wide;
    let words = u64::from(part_header_words(variant.wide_bytes())) + (1 + stored) * share;
    KERNEL.zeroed_bytes + grid * words * WORD_BYTES
}
