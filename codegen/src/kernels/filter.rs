//! The common facts of the filters, which read a row once and keep the candidates above a threshold.

use crate::{Fault, Key, Variant};

/// Scores of a stripe that a thread may load at once.
pub(super) const ITEMS: &[u32] = &[16, 32];

/// The most winners a row.
pub(super) const MOST_K: u32 = 2048;

/// Candidates of a row that stay on chip; of a part of a row by `grid_filter`.
pub(super) const CANDIDATES: u32 = 4096;

/// The same with keys of 8 bytes.
pub(super) const WIDE_CANDIDATES: u32 = 3072;

/// Bytes of shared memory in which winners are sorted, in place of the variables, at most.
const SORT_BYTES: u32 = 42 * 1024;

/// Bytes of shared memory that the variables of a filter take at most: the histogram, a key and a column for
/// each candidate and for 256 more, and the rest.
pub(super) const fn shared_variables(variant: &Variant) -> u32 {
    const WORD: u32 = 4;
    const RANKED: u32 = 256;
    const REST: u32 = 1024;
    let places = variant.candidates() + RANKED;
    let own = variant.bins * WORD + places * (WORD + variant.key_bytes()) + REST;
    let sort = if variant.sorts() { SORT_BYTES } else { 0 };
    if own > sort { own } else { sort }
}

pub(super) fn check(variant: &Variant, faults: &mut Vec<Fault>) {
    let name = variant.kernel.name();
    let mut refuse = |key, message, hint: String| faults.push(Fault::of(key, message, hint));
    let wanted = variant.dtype.widest_load();
    if variant.vec_size != wanted {
        let message = format!("{name} loads {} 16 bytes at a time", variant.dtype);
        refuse(Key::VecSize, message, format!("use {wanted}"));
    }
    // The histogram shares the 48 KB with the candidates, and a thread's hits are one word.
    if variant.bins > 2048 {
        let message = format!("{name} has room for 2048 bins, not {}", variant.bins);
        refuse(Key::Bins, message, "use 256, 512, 1024 or 2048".into());
    }
    if variant.threads > 512 {
        let message = format!("{} threads of {name} have too few registers", variant.threads);
        refuse(Key::Threads, message, "use 128, 256 or 512".into());
    }
    if variant.cluster > variant.threads / 32 {
        let (cluster, threads) = (variant.cluster, variant.threads);
        let message =
            format!("{threads} threads of {name} have less than a warp for each of {cluster} CTAs");
        refuse(Key::Threads, message, format!("set `cluster` to {} or less", threads / 32));
    }
    let more = variant.stages > Variant::STAGES;
    if more && (variant.items != 32 || variant.dtype.bytes() > 2) {
        let message =
            format!("{name} has more than two stages for 32 scores of 16 or 8 bits a thread");
        refuse(Key::Threads, message, format!("set `stages` to {}", Variant::STAGES));
    }
    if !ITEMS.contains(&variant.items) {
        let message = format!("a thread of {name} cannot load {} scores at once", variant.items);
        refuse(Key::Threads, message, "16 or 32".into());
    }
}

/// Why a plan by rules has these bins and threads; `share` says which CTAs share a row.
pub(super) fn reason(variant: &Variant, share: &str) -> [Option<String>; 2] {
    let bins = "candidates above a guessed threshold are kept, in one read of the row";
    let threads = format!("{share}, and load {} scores a thread at a time", variant.items);
    [Some(bins.to_owned()), Some(threads)]
}
