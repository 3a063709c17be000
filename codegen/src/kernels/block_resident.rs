//! `block_resident`: one CTA a row, the row in its registers.

use super::resident::{self, ITEMS};
use super::{Kernel, LaunchKind, STAGES, Sizes, in_words};
use crate::Variant;

pub(super) const KERNEL: Kernel = Kernel {
    launch: LaunchKind::CtaPerRow,
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
    capacity: |variant| Some(variant.threads * variant.items),
    check: resident::check,
    zeroed_bytes: 0,
    workspace_bytes: |_, _, _| 0,
    reason: resident::reason,
    measured: &[
        Sizes {
            bins: &[4096],
            threads: &[128, 256, 512, 1024],
            items: ITEMS,
            clusters: &[1],
            stages: STAGES,
        },
        Sizes { bins: &[2048], threads: &[256, 512], items: ITEMS, clusters: &[1], stages: STAGES },
    ],
};

/// A row stays in registers as loaded and as rounded or, in small CTAs, as rounded alone. Beside it a thread needs
/// some 32 registers, and small CTAs more to split a bin of many equal scores.
fn ctas(variant: &Variant) -> u32 {
    let small = variant.threads < 512;
    let loaded = variant.items * variant.dtype.score_bytes() / 4;
    let rounded = if small { 0 } else { variant.items / 2 };
    let others = if variant.items < 64 { 32 } else { 64 };
    let ctas = 64 * 1024 / (variant.threads * (loaded + rounded + others));
    // One more than this, and the assembler spills (13.0, sm_90a).
    let most = match variant.threads {
        0..=128 => 3,
        129..=256 if variant.items == 32 => 4,
        129..=256 => 3,
        257..=512 => 2,
        _ => 1,
    };
    ctas.clamp(1, most)
}
