//! The meanings under which a kernel is proved before it is timed.
//!
//! Only the default semantics are timed: either end of the order and both NaN policies cost the same, and plans
//! with a rule for ties go by the same times. All can be wrong: a kernel can be right with the default semantics
//! and wrong where NaN ranks last or the smallest scores win. The proof costs a second compile for each kernel,
//! so each has one other set of semantics, not three.

use topkit_codegen::{NanPolicy, RowShape, Select, Semantics, Variant};

/// Every other order of scores than the default one.
const OTHERS: [(Select, NanPolicy); 3] = [
    (Select::Largest, NanPolicy::Lowest),
    (Select::Smallest, NanPolicy::Highest),
    (Select::Smallest, NanPolicy::Lowest),
];

/// All semantics under which kernels are timed or proved, the timed ones first: dense rows, and ragged
/// ones.
pub(super) fn all() -> impl Iterator<Item = Semantics> {
    let default = |rows| Semantics { rows, ..Semantics::DEFAULT };
    let timed = [RowShape::Dense, RowShape::Ragged].map(default);
    let other = |timed| OTHERS.map(|(select, nan)| Semantics { select, nan, ..timed });
    timed.into_iter().chain(timed.into_iter().flat_map(other))
}

/// The kernel itself, and the same with another order of scores, which goes round with the kernel's
/// sizes.
pub(super) fn proved(variant: &Variant) -> [Variant; 2] {
    let turn: usize = variant.short_name().bytes().map(usize::from).sum();
    let (select, nan) = OTHERS[(turn + variant.dtype.bytes() as usize) % OTHERS.len()];
    [*variant, Variant { semantics: Semantics { select, nan, ..variant.semantics }, ..*variant }]
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::HashSet;
    use topkit_codegen::{DType, KernelKind, SelectorSpec};

    #[test]
    fn each_kernel_is_proved_with_every_order_in_one_size_or_another() {
        let spec = SelectorSpec::builder("All").dtype(DType::ALL).bins([512, 1024, 2048, 4096]);
        let variants = spec.threads([128, 256, 512, 1024]).build().unwrap().variants();
        for &kernel in KernelKind::ALL {
            for dtype in DType::ALL {
                let of = |v: &&Variant| (v.kernel, v.dtype) == (kernel, dtype);
                assert_eq!(
                    variants.iter().any(|variant| of(&variant)),
                    kernel.serves(dtype),
                    "{dtype}"
                );
                if !kernel.serves(dtype) {
                    continue;
                }
                let orders: HashSet<_> = variants
                    .iter()
                    .filter(of)
                    .map(|variant| {
                        let [own, other] = proved(variant);
                        assert_eq!(own, *variant);
                        for rows in [RowShape::Dense, RowShape::Ragged] {
                            let semantics = Semantics { rows, ..Semantics::DEFAULT };
                            for proved in proved(&Variant { semantics, ..*variant }) {
                                assert!(all().any(|known| known == proved.semantics), "{proved}");
                            }
                        }
                        assert!(other.validate().is_empty(), "{other}");
                        (other.semantics.select, other.semantics.nan)
                    })
                    .collect();
                assert_eq!(orders.len(), OTHERS.len(), "{} {dtype}", kernel.name());
            }
        }
    }
}
