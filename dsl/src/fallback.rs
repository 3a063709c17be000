//! The values of keys that are missing or faulty.
//!
//! A faulty declaration still becomes a type, so that its uses cause no further errors; these values keep the
//! spec of that type valid. This module reports nothing.

use topkit_codegen::{DType, Key, SelectorSpec};

/// A spec with every key at its default. `dtype` has no default, and is `f32` until it is given.
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
