//! What stands in for a key that is not given or is at fault.
//!
//! A faulty declaration still becomes a type, so that its uses show no errors of their own; this
//! keeps the spec of that type sound. It reports nothing.

use topkit_codegen::{DType, Key, SelectorSpec};

/// A spec with every key at its default. `dtype` has none, and stands at `f32` until it is given.
pub fn spec(name: String) -> SelectorSpec {
    let mut spec = SelectorSpec::builder(name).spec();
    spec.dtype = vec![DType::F32].into();
    spec
}

/// Puts one key back to its default.
pub fn restore(key: Key, into: &mut SelectorSpec) {
    match key {
        Key::Dtype => into.dtype = vec![DType::F32].into(),
        key => key.reset(into),
    }
}
