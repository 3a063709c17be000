//! What stands in for a key that is not given or is at fault.
//!
//! A faulty declaration still becomes a type, so that its uses show no errors of their own; this
//! keeps the spec of that type sound. It reports nothing.

use std::borrow::Cow;
use topkit_codegen::{DType, KSet, Key, SelectorSpec, Semantics, SpecBuilder};

/// A spec with every key at its default. `dtype` has none, and stands at `f32` until it is given.
pub fn spec(name: String) -> SelectorSpec {
    let (first, last) = SpecBuilder::DEFAULT_K;
    SelectorSpec {
        name: name.into(),
        dtype: Cow::Borrowed(&[DType::F32]),
        k: KSet::Range { first, last },
        vec_size: Cow::Borrowed(SpecBuilder::DEFAULT_VEC_SIZE),
        bins: Cow::Borrowed(SpecBuilder::DEFAULT_BINS),
        threads: Cow::Borrowed(SpecBuilder::DEFAULT_THREADS),
        semantics: Semantics::DEFAULT,
    }
}

/// Puts one key back to its default.
pub fn restore(key: Key, into: &mut SelectorSpec) {
    let default = spec(String::new());
    let (semantics, from) = (&mut into.semantics, default.semantics);
    match key {
        Key::Dtype => into.dtype = default.dtype,
        Key::K => into.k = default.k,
        Key::VecSize => into.vec_size = default.vec_size,
        Key::Bins => into.bins = default.bins,
        Key::Threads => into.threads = default.threads,
        Key::Select => semantics.select = from.select,
        Key::Nan => semantics.nan = from.nan,
        Key::Ties => semantics.ties = from.ties,
        Key::Order => semantics.order = from.order,
        Key::Index => semantics.index = from.index,
        Key::Values => semantics.values = from.values,
        Key::Rows => semantics.rows = from.rows,
    }
}
