//! The variants that are ever measured: loads of 16 bytes, and of each kernel the sizes that its file in
//! `codegen/src/kernels/` names, which have won somewhere.
//!
//! A change here changes [`hash`], and makes every earlier record foreign. Which of these variants
//! are measured for one problem is `tune`'s to say.

use super::provenance::hex;
use topkit_codegen::{DType, KernelKind, Semantics, Sizes, Variant};

/// Grows when the reasons of `tune::screen`, or the order of its search, change.
const RULES: u32 = 8;

/// A digest of everything that decides which variants are ever measured.
pub fn hash() -> String {
    let mut text = format!("{RULES}\n");
    for dtype in DType::ALL {
        let mut names: Vec<String> = all(dtype).map(|variant| variant.short_name()).collect();
        names.sort_unstable();
        text += &format!("{dtype} {}\n", names.join(","));
    }
    hex(&text)
}

/// Every variant of a dtype that is ever measured.
pub(crate) fn all(dtype: DType) -> impl Iterator<Item = Variant> {
    let kernels = KernelKind::ALL.iter();
    let sizes =
        kernels.flat_map(|&kernel| kernel.measured().iter().map(move |sizes| (kernel, sizes)));
    sizes.flat_map(move |(kernel, sizes)| combinations(kernel, sizes, dtype))
}

fn combinations(
    kernel: KernelKind,
    sizes: &'static Sizes,
    dtype: DType,
) -> impl Iterator<Item = Variant> {
    let variant = move |bins, threads, items, cluster, stages| Variant {
        kernel,
        dtype,
        vec_size: dtype.widest_load(),
        bins,
        threads,
        items,
        cluster,
        stages,
        semantics: Semantics::DEFAULT,
        program: None,
    };
    let Sizes { bins, threads, items, clusters, stages } = *sizes;
    let all = bins.iter().flat_map(move |&bins| {
        threads.iter().flat_map(move |&threads| {
            items.iter().flat_map(move |&items| {
                clusters.iter().flat_map(move |&cluster| {
                    stages.iter().map(move |&stages| variant(bins, threads, items, cluster, stages))
                })
            })
        })
    });
    all.filter(|variant| variant.validate().is_empty())
}

#[cfg(feature = "tune")]
/// Whether sizes like its are ever measured.
pub(crate) fn listed(variant: &Variant) -> bool {
    variant.vec_size == variant.dtype.widest_load()
        && variant.kernel.measured().iter().any(|sizes| {
            sizes.bins.contains(&variant.bins)
                && sizes.threads.contains(&variant.threads)
                && sizes.items.contains(&variant.items)
                && sizes.clusters.contains(&variant.cluster)
                && sizes.stages.contains(&variant.stages)
        })
}
