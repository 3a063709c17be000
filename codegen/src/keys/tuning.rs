//! The keys that decide the speed: the tuning axes, each a list of sizes.

use super::Key;
use crate::selector::VEC_SIZES;
use crate::{SelectorSpec, Variant};
use std::borrow::Cow;

/// A tuning axis. A selector has variants for each of its values.
#[derive(Debug)]
pub struct TuningKey {
    key: Key,
    /// The values that a selector may declare.
    allowed: &'static [u32],
    default: &'static [u32],
    of_spec: fn(&SelectorSpec) -> &Cow<'static, [u32]>,
    of_spec_mut: fn(&mut SelectorSpec) -> &mut Cow<'static, [u32]>,
    of_variant: fn(&Variant) -> u32,
}

macro_rules! tuning_keys {
    ($($key:ident $field:ident: $allowed:expr, default $default:expr;)*) => {
        /// The tuning axes, in the order of ids and banners.
        pub(crate) const TUNING_KEYS: &[&TuningKey] = &[$(&TuningKey {
            key: Key::$key,
            allowed: &$allowed,
            default: $default,
            of_spec: |spec| &spec.$field,
            of_spec_mut: |spec| &mut spec.$field,
            of_variant: |variant| variant.$field,
        },)*];

        impl crate::SpecBuilder {
            /// Opens every tuning axis, so that a plan chooses among all variants.
            pub fn all_axes(self) -> Self {
                self$(.$field($allowed))*
            }
        }
    };
}

tuning_keys! {
    // The default stands for 16 bytes of every dtype; see `SelectorSpec::vec_sizes`.
    VecSize vec_size: [1, 2, 4, 8, 16], default VEC_SIZES;
    // 256 bins resolve a 16-bit key in two passes; 4096 fill a third of the 48 KB every GPU grants.
    Bins bins: [256, 512, 1024, 2048, 4096], default &[1024, 2048, 4096];
    Threads threads: [128, 256, 512, 1024], default &[256, 512, 1024];
}

impl TuningKey {
    /// Which key it is.
    pub const fn key(&self) -> Key {
        self.key
    }

    /// How the macro spells it.
    pub const fn name(&self) -> &'static str {
        self.key.name()
    }

    /// The sizes that a selector may declare.
    pub const fn allowed(&self) -> &'static [u32] {
        self.allowed
    }

    /// The sizes of a selector that declares none: each is the fastest for some problem.
    pub const fn default_sizes(&self) -> &'static [u32] {
        self.default
    }

    /// The sizes that a selector declares.
    pub fn of_spec<'a>(&self, spec: &'a SelectorSpec) -> &'a [u32] {
        (self.of_spec)(spec)
    }

    /// Declares sizes.
    pub fn set(&self, spec: &mut SelectorSpec, sizes: impl Into<Cow<'static, [u32]>>) {
        *(self.of_spec_mut)(spec) = sizes.into();
    }

    /// The size of a variant.
    pub fn of_variant(&self, variant: &Variant) -> u32 {
        (self.of_variant)(variant)
    }
}
