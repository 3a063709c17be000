//! `grid_filter`: many CTAs a row of any length, read once; they exchange candidates through the
//! workspace.

use super::filter::{self, CANDIDATES, ITEMS, MOST_K};
use super::{Kernel, LaunchKind, Sizes, alone};
use crate::Variant;
use crate::layout::{COUNTERS, MOST_CANDIDATES, PART_HEADER_WORDS, WORD_BYTES};

pub(super) const KERNEL: Kernel = Kernel {
    launch: LaunchKind::CtasPerRow,
    pdl: true,
    items: ITEMS,
    clusters: &[1],
    most_k: Some(MOST_K),
    filters: true,
    candidates: CANDIDATES,
    chunk: 32,
    ctas: alone,
    capacity: |_| None,
    check: filter::check,
    zeroed_bytes: COUNTERS as u64 * WORD_BYTES,
    workspace_bytes,
    reason: |variant| filter::reason(variant, "the whole GPU shares a row"),
    measured: &[Sizes { bins: &[2048], threads: &[512], items: ITEMS, clusters: &[1] }],
};

/// After the counters each CTA has the header of its part, and a column and a key for each of its
/// candidates.
fn workspace_bytes(variant: &Variant, rows: u64, grid: u64) -> u64 {
    let parts = grid / rows;
    let share = (u64::from(MOST_CANDIDATES) / parts).min(variant.candidates().into());
    KERNEL.zeroed_bytes + grid * (u64::from(PART_HEADER_WORDS) + 2 * share) * WORD_BYTES
}
