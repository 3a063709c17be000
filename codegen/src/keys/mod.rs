//! The keys of a declaration: one table, which the macro, the program, packs and C read.
//!
//! `semantics` has the keys that decide the answer, and `tuning` the keys that decide the speed; `dtype` and `k`
//! are neither. `table` makes the types of the semantic keys from their rows, `word` the types of their
//! values, and `outputs` says what the keys of inputs and outputs add to a launch. Nothing here checks a spec; `check` does.

mod outputs;
mod semantics;
mod table;
mod tuning;
mod word;

pub use outputs::LaunchWord;
pub use semantics::{
    Fill, Ids, IndexType, Key, Mask, NanPolicy, Order, RowShape, Select, Semantics, Ties,
};
pub use table::SemanticKey;
pub use tuning::TuningKey;

pub(crate) use semantics::SEMANTIC_KEYS;
pub(crate) use tuning::TUNING_KEYS;

use crate::naming::named;
use crate::{KSet, SelectorSpec, SpecBuilder};

named! { Key, "key of a declaration" }

/// The kind of values of a key.
#[derive(Debug, Clone, Copy)]
pub enum KeyKind {
    /// Names of dtypes: one or a list.
    Dtype,
    /// Numbers: one, a list or a range.
    K,
    /// Numbers out of a few, one or a list. The macro has it under `tuning { .. }`.
    Tuning(&'static TuningKey),
    /// One word out of a few.
    Semantic(&'static SemanticKey),
}

impl Key {
    /// The keys that decide the answer.
    pub const fn semantic() -> &'static [&'static SemanticKey] {
        SEMANTIC_KEYS
    }

    /// The keys that decide the speed.
    pub const fn tuning() -> &'static [&'static TuningKey] {
        TUNING_KEYS
    }

    /// The kind of its values.
    pub fn kind(self) -> KeyKind {
        let tuning = TUNING_KEYS.iter().find(|row| row.key() == self);
        let semantic = SEMANTIC_KEYS.iter().find(|row| row.key() == self);
        match (tuning, semantic) {
            (Some(row), _) => KeyKind::Tuning(row),
            (None, Some(row)) => KeyKind::Semantic(row),
            (None, None) if self == Key::K => KeyKind::K,
            (None, None) => KeyKind::Dtype,
        }
    }

    /// The value that a spec has, as the macro spells it.
    pub fn written(self, spec: &SelectorSpec) -> String {
        fn list<T: ToString>(values: &[T]) -> String {
            let written = values.iter().map(T::to_string).collect::<Vec<_>>().join(", ");
            if values.len() == 1 { written } else { format!("[{written}]") }
        }
        match self.kind() {
            KeyKind::Dtype => list(&spec.dtype),
            KeyKind::K => match &spec.k {
                KSet::Values(values) => list(values),
                range => range.to_string(),
            },
            KeyKind::Tuning(key) => list(key.of_spec(spec)),
            KeyKind::Semantic(key) => key.word(&spec.semantics).to_owned(),
        }
    }

    /// Puts the default back into a spec. `dtype` has none, and is left as it is.
    pub fn reset(self, spec: &mut SelectorSpec) {
        match self.kind() {
            KeyKind::Dtype => {}
            KeyKind::K => spec.k = SpecBuilder::DEFAULT_K,
            KeyKind::Tuning(key) => key.set(spec, key.default_sizes()),
            KeyKind::Semantic(key) => key.reset(&mut spec.semantics),
        }
    }
}
