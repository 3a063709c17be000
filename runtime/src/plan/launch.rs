//! A variant with the way it is launched, and its name in records and tables:
//! `cluster_filter v8_b2048_t512_r32_c3_pdl`.
//!
//! The name says the kernel, its sizes, and whether it is launched with PDL. It leaves out the dtype and
//! the semantics, which have their own fields in a record. Text that names nothing gives `None`.

use topkit_codegen::{DType, Semantics, Variant};

/// A variant and how it is launched: the unit of measurements, records and plans.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct VariantLaunch {
    /// The variant.
    pub variant: Variant,
    /// With programmatic dependent launch: it may begin before the previous launch on the stream has
    /// ended.
    pub pdl: bool,
}

/// At the end of the name of a launch with PDL.
const PDL: &str = "_pdl";

impl VariantLaunch {
    /// A variant launched as it is by default: with PDL where the kernel supports it.
    pub fn of(variant: &Variant) -> VariantLaunch {
        VariantLaunch { variant: *variant, pdl: variant.kernel.pdl() }
    }

    /// Its name, unique within its dtype.
    pub fn name(&self) -> String {
        self.variant.short_name() + if self.pdl { PDL } else { "" }
    }

    /// The launch of a name, with the default semantics; `None` where nothing has that name.
    pub fn from_name(dtype: DType, text: &str) -> Option<VariantLaunch> {
        let with = text.strip_suffix(PDL);
        let variant = Variant::from_short_name(dtype, with.unwrap_or(text)).ok()?;
        let launch = VariantLaunch { variant, pdl: with.is_some() };
        (!launch.pdl || launch.variant.kernel.pdl()).then_some(launch)
    }

    /// The same with the default semantics and without a program, as records name it.
    pub(crate) fn plain(&self) -> VariantLaunch {
        let variant = Variant { semantics: Semantics::DEFAULT, program: None, ..self.variant };
        VariantLaunch { variant, ..*self }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pdl_is_in_the_name() {
        let kernel = "block_filter v4_b2048_t512_r32";
        let without = VariantLaunch::from_name(DType::F32, kernel).unwrap();
        let with = VariantLaunch::from_name(DType::F32, &format!("{kernel}_pdl")).unwrap();
        assert_eq!((without.pdl, with.pdl), (false, true));
        assert_eq!((without.variant, with), (with.variant, VariantLaunch::of(&with.variant)));
        assert_eq!([without.name(), with.name()], [kernel.to_owned(), format!("{kernel}_pdl")]);
        // It does not wait for the preceding grid.
        assert_eq!(VariantLaunch::from_name(DType::F32, "block_radix v4_b2048_t512_pdl"), None);
        assert_eq!(VariantLaunch::from_name(DType::F32, &format!("{kernel}_pdl_pdl")), None);
    }
}
