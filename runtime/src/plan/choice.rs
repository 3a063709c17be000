//! The name of a candidate in records and tables: `cluster_filter v8_b2048_t512_r32_c3_pdl`.
//!
//! It says the kernel, its sizes, and whether its launch starts early, which is programmatic
//! dependent launch. It leaves out what a record has a place of its own for: the type of a score,
//! and what the selection means. A name that does not fit is no candidate.

use topkit_codegen::{DType, Semantics, Variant};

/// A kernel and how it is launched: what is measured, recorded and picked.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Choice {
    /// The kernel.
    pub variant: Variant,
    /// Its launch may begin before the one ahead of it on the stream has ended.
    pub starts_early: bool,
}

/// At the end of the name of a choice that starts early.
const EARLY: &str = "_pdl";

impl Choice {
    /// A kernel launched as it is unless told otherwise: early where it can be.
    pub fn usual(variant: &Variant) -> Choice {
        Choice { variant: *variant, starts_early: variant.kernel.starts_early() }
    }

    /// Its name among those of its score type.
    pub fn id(&self) -> String {
        self.variant.short_name() + if self.starts_early { EARLY } else { "" }
    }

    /// The choice of a name, with the default meaning; `None` where nothing has that name.
    pub fn of_id(dtype: DType, text: &str) -> Option<Choice> {
        let early = text.strip_suffix(EARLY);
        let variant = Variant::from_short_name(dtype, early.unwrap_or(text)).ok()?;
        let choice = Choice { variant, starts_early: early.is_some() };
        (!choice.starts_early || choice.variant.kernel.starts_early()).then_some(choice)
    }

    /// With the default meaning, as records name it.
    pub(crate) fn plain(&self) -> Choice {
        let variant = Variant { semantics: Semantics::DEFAULT, ..self.variant };
        Choice { variant, ..*self }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_early_launch_is_in_the_name() {
        let kernel = "block_filter v4_b2048_t512_r32";
        let late = Choice::of_id(DType::F32, kernel).unwrap();
        let early = Choice::of_id(DType::F32, &format!("{kernel}_pdl")).unwrap();
        assert_eq!((late.starts_early, early.starts_early), (false, true));
        assert_eq!((late.variant, early), (early.variant, Choice::usual(&early.variant)));
        assert_eq!([late.id(), early.id()], [kernel.to_owned(), format!("{kernel}_pdl")]);
        // It does not wait for the grid ahead.
        assert_eq!(Choice::of_id(DType::F32, "block_radix v4_b2048_t512_pdl"), None);
        assert_eq!(Choice::of_id(DType::F32, &format!("{kernel}_pdl_pdl")), None);
    }
}
