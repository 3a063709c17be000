//! The whole space: every variant that can be rendered, whatever a selector declares.
//!
//! Tools that compare kernels use it, such as `cargo xtask replay`. It renders nothing. A new value
//! of a key, or a value that kernels now serve, needs no entry here.

use crate::{DType, SelectorSpec, Semantics, Variant};

impl Variant {
    /// Kernels that can be rendered, each once and in the same order everywhere: all kernels and dtypes in
    /// all sizes that the variants of a selector have. Their semantics are all combinations of the keys that
    /// every symbol tells, and each value of the other keys, such as `ties` and `order`, with the defaults of all
    /// others.
    ///
    /// ```
    /// use topkit_codegen::Variant;
    ///
    /// let kernels = Variant::all();
    /// let symbol = "topkit_block_radix_f32_v4_b2048_t512_largest_nan_highest_i32_dense";
    /// assert!(kernels.iter().any(|kernel| kernel.symbol() == symbol));
    /// ```
    pub fn all() -> Vec<Variant> {
        let open = SelectorSpec::builder("All").dtype(DType::ALL).all_axes();
        // Keys that contradict each other make no spec.
        let specs = Semantics::sample()
            .into_iter()
            .filter_map(|semantics| open.clone().semantics(semantics).build().ok());
        specs.flat_map(|spec| spec.variants()).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{IndexType, KernelKind};
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
                    // A bin for each code is too many for the codes of other scores, and most kernels have
                    // words of 32 bits.
                    let serves = match kernel {
                        KernelKind::BlockRadix => true,
                        KernelKind::BlockCodes => dtype == DType::Bf16 || dtype.bytes() == 1,
                        _ => dtype != DType::F64,
                    };
                    assert_eq!(kernel.serves(dtype), serves);
                    assert_eq!(found, serves, "{} {dtype} {index}", kernel.name());
                }
            }
        }
        let spec = SelectorSpec::builder("Default").dtype(DType::ALL).build().unwrap();
        assert!(spec.variants().iter().all(|variant| distinct.contains(variant)));
    }
}
