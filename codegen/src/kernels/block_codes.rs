//! `block_codes`: one CTA a row of bf16 or 8-bit scores, the row in its registers, a histogram bin for each code.

use super::resident::{self, ITEMS};
use super::{Kernel, LaunchKind, STAGES, Sizes};
use crate::{DType, Variant};

pub(super) const KERNEL: Kernel = Kernel {
    launch: LaunchKind::CtaPerRow,
    serves,
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
    measured: &[Sizes {
        bins: &[4096],
        threads: &[256, 512, 1024],
        items: &[8, 16, 32],
        clusters: &[1],
        stages: STAGES,
    }],
};

/// The codes of bf16 scores have 13 bits, and those of 8-bit scores fewer. Those of other scores have more,
/// too many for a bin each.
fn serves(dtype: DType) -> bool {
    dtype == DType::Bf16 || dtype.bytes() == 1
}

/// The row stays in registers as rounded alone, and a CTA takes 41 KB of shared memory.
fn ctas(variant: &Variant) -> u32 {
    let registers = variant.items / 2 + 40;
    (64 * 1024 / (variant.threads * registers)).clamp(1, 4)
}
