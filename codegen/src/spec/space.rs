//! The whole space: every kernel that can be rendered, whatever a selector declares.
//!
//! For those who compare or look up kernels, such as `cargo xtask replay`. It renders nothing. A
//! value that is added to a key, or allowed where it was "not yet", is in it without an entry here.

use super::check::{BINS, THREADS, VEC_SIZES};
use super::{
    IndexType, NanPolicy, Order, RowShape, Select, SelectorSpec, Semantics, Ties, Variant,
};
use crate::DType;

impl Variant {
    /// Every kernel that can be rendered, each once and in the same order everywhere: all kernels
    /// and dtypes in all sizes that the members of a selector have, with every meaning.
    ///
    /// ```
    /// use topkit_codegen::Variant;
    ///
    /// let kernels = Variant::all();
    /// let symbol = "topkit_block_radix_f32_v4_b2048_t512_largest_nan_highest_i32_dense";
    /// assert!(kernels.iter().any(|kernel| kernel.symbol() == symbol));
    /// ```
    pub fn all() -> Vec<Variant> {
        let open = SelectorSpec::builder("All").dtype(DType::ALL);
        let open = open.vec_size(VEC_SIZES).bins(BINS).threads(THREADS);
        let specs = meanings().into_iter().map(|meaning| {
            let Semantics { select, nan, ties, order, index, values, rows } = meaning;
            let spec = open.clone().select(select).nan(nan).ties(ties).order(order);
            spec.index(index).values(values).rows(rows).build()
        });
        // Keys that no kernel serves yet make no spec.
        specs.flatten().flat_map(|spec| spec.variants()).collect()
    }
}

/// Every combination of the keys that decide the answer, those included that no kernel serves yet.
fn meanings() -> Vec<Semantics> {
    let all = vec![Semantics::DEFAULT];
    let all = each(&all, Select::ALL, |meaning, select| Semantics { select, ..meaning });
    let all = each(&all, NanPolicy::ALL, |meaning, nan| Semantics { nan, ..meaning });
    let all = each(&all, Ties::ALL, |meaning, ties| Semantics { ties, ..meaning });
    let all = each(&all, Order::ALL, |meaning, order| Semantics { order, ..meaning });
    let all = each(&all, IndexType::ALL, |meaning, index| Semantics { index, ..meaning });
    let all = each(&all, &[false, true], |meaning, values| Semantics { values, ..meaning });
    each(&all, RowShape::ALL, |meaning, rows| Semantics { rows, ..meaning })
}

/// Each of these with each of the values.
fn each<T: Copy>(
    all: &[Semantics],
    values: &[T],
    with: impl Fn(Semantics, T) -> Semantics,
) -> Vec<Semantics> {
    all.iter()
        .flat_map(|&meaning| values.iter().map(move |&value| (meaning, value)))
        .map(|(meaning, value)| with(meaning, value))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::KernelKind;
    use std::collections::HashSet;

    #[test]
    fn the_space_holds_every_sound_kernel_once() {
        let all = Variant::all();
        let distinct: HashSet<_> = all.iter().collect();
        assert_eq!(distinct.len(), all.len());
        assert!(all.iter().all(|variant| variant.validate().is_empty()));
        for &kernel in KernelKind::ALL {
            for dtype in DType::ALL {
                for &index in IndexType::ALL {
                    let found = all.iter().any(|variant| {
                        (variant.kernel, variant.dtype, variant.semantics.index)
                            == (kernel, dtype, index)
                    });
                    assert!(found, "{} {dtype} {index}", kernel.name());
                }
            }
        }
        let spec = SelectorSpec::builder("Usual").dtype(DType::ALL).build().unwrap();
        assert!(spec.variants().iter().all(|variant| distinct.contains(variant)));
    }
}
