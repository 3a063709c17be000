//! `block_radix`: one CTA a row, radix select over ordered keys. It serves every problem, on every
//! GPU.

use super::{Kernel, LaunchKind, STAGES, Sizes, alone};

pub(super) const KERNEL: Kernel = Kernel {
    launch: LaunchKind::CtaPerRow,
    serves: |_| true,
    pdl: false,
    items: &[0],
    clusters: &[1],
    stages: STAGES,
    most_k: None,
    filters: false,
    // With 4096 bins and 32-bit keys the kernel stays within the 48 KB that every GPU grants.
    candidates: 3072,
    wide_candidates: 2048,
    chunk: 8,
    ctas: alone,
    capacity: |_| None,
    check: |_, _| {},
    zeroed_bytes: 0,
    workspace_bytes: |_, _, _| 0,
    // The rules decide by the problem.
    reason: |_| [None, None],
    measured: &[
        Sizes {
            bins: &[2048, 4096],
            threads: &[1024],
            items: &[0],
            clusters: &[1],
            stages: STAGES,
        },
        Sizes { bins: &[2048], threads: &[256, 512], items: &[0], clusters: &[1], stages: STAGES },
    ],
};
