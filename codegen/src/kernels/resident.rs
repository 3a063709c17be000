//! The common facts of the resident kernels, which hold a row in registers.

use crate::{Fault, Key, Variant};

/// Scores that a thread may hold.
pub(super) const ITEMS: &[u32] = &[8, 16, 32, 64];

pub(super) fn check(variant: &Variant, faults: &mut Vec<Fault>) {
    let wanted = variant.dtype.widest_load();
    if variant.vec_size != wanted {
        let message = format!("a resident row of {} is loaded 16 bytes at a time", variant.dtype);
        faults.push(Fault::of(Key::VecSize, message, format!("use {wanted}")));
    }
    if variant.items < wanted {
        let items = variant.items;
        let message =
            format!("a thread cannot hold {items} scores: a load of {} is {wanted}", variant.dtype);
        faults.push(Fault::of(Key::Threads, message, format!("{wanted} or more")));
    }
    let fits = variant.threads.saturating_mul(variant.items) <= Variant::MAX_CAPACITY;
    if !ITEMS.contains(&variant.items) || !fits {
        let (threads, items) = (variant.threads, variant.items);
        let message = format!("{threads} threads cannot hold {items} scores each");
        let hint = format!("8, 16, 32 or 64 each, and {} in all", Variant::MAX_CAPACITY);
        faults.push(Fault::of(Key::Threads, message, hint));
    }
}

/// The reason for the threads of a plan by rules; the rules set its bins.
pub(super) fn reason(variant: &Variant) -> [Option<String>; 2] {
    let sharing = match variant.cluster {
        1 => String::new(),
        ctas => format!("{ctas} CTAs share a row; "),
    };
    let capacity = variant.capacity().unwrap_or_default();
    let items = variant.items;
    let why =
        format!("{sharing}with {items} scores each they hold {capacity}, a row and little more");
    [None, Some(why)]
}
