//! The tokens of a declaration may come from another macro.
#![deny(warnings, missing_docs)]

macro_rules! selector {
    ($(#[$attr:meta])* $vis:vis $name:ident, $dtype:ident, $k:expr, $vec_size:expr, $bins:literal) => {
        topkit::topk_kernel! {
            $(#[$attr])*
            $vis kernel $name { dtype: [$dtype], k: $k, tuning { vec_size: $vec_size, bins: $bins } }
        }
    };
}

selector!(
    /// Made by `selector!`.
    pub Made, f16, 2..=9, [4, 8], 256
);

#[test]
fn is_accepted() {
    assert_eq!(Made::SPEC.k, topkit::spec::KSet::from(2..=9));
    assert_eq!(*Made::SPEC.vec_size, [4, 8]);
    assert_eq!(*Made::SPEC.bins, [256]);
}
