//! The sizes of each kernel that are ever measured: loads of 16 bytes, and the bins and threads that
//! have won somewhere.
//!
//! A change here changes [`hash`], and makes every earlier record foreign. Which of these variants
//! are measured for one problem is `tune`'s to say.

use super::provenance::hex;
use crate::plan::choice::{id, of_id};
use topkit_codegen::{DType, KernelKind, Variant};

/// Bins, threads, scores a thread and cluster sizes of a kernel; every combination is meant.
struct Sizes {
    kernel: KernelKind,
    bins: &'static [u32],
    threads: &'static [u32],
    items: &'static [u32],
    clusters: &'static [u32],
}

const fn sizes(
    kernel: KernelKind,
    bins: &'static [u32],
    threads: &'static [u32],
    items: &'static [u32],
    clusters: &'static [u32],
) -> Sizes {
    Sizes { kernel, bins, threads, items, clusters }
}

/// Every size that is measured. All are among the defaults of a declaration, but for 128 threads.
const LIST: &[Sizes] = &[
    sizes(KernelKind::BlockRadix, &[2048, 4096], &[1024], &[0], &[1]),
    sizes(KernelKind::BlockRadix, &[2048], &[256, 512], &[0], &[1]),
    sizes(KernelKind::BlockResident, &[4096], &[128, 256, 512, 1024], &[8, 16, 32, 64], &[1]),
    sizes(KernelKind::BlockResident, &[2048], &[256, 512], &[8, 16, 32, 64], &[1]),
    sizes(KernelKind::ClusterResident, &[4096], &[512], &[8, 16, 32, 64], &[2, 3, 4, 6, 8, 16]),
    sizes(KernelKind::BlockFilter, &[2048], &[512], &[16, 32], &[1]),
    sizes(KernelKind::BlockFilter, &[1024], &[256], &[32], &[1]),
    sizes(KernelKind::ClusterFilter, &[2048], &[512], &[16, 32], &[2, 3, 4, 6, 8, 16]),
    sizes(KernelKind::GridFilter, &[2048], &[512], &[16, 32], &[1]),
];

/// Grows when the reasons of `tune::candidates`, or the order of its search, change.
const RULES: u32 = 5;

/// What decides the candidates of a problem, in short.
pub fn hash() -> String {
    let mut text = format!("{RULES}\n");
    for dtype in DType::ALL {
        let mut names: Vec<String> = all(dtype).map(|variant| id(&variant)).collect();
        names.sort_unstable();
        text += &format!("{dtype} {}\n", names.join(","));
    }
    hex(&text)
}

/// Every variant of a dtype that is ever measured.
pub(crate) fn all(dtype: DType) -> impl Iterator<Item = Variant> {
    LIST.iter().flat_map(move |sizes| combinations(sizes, dtype))
}

fn combinations(sizes: &'static Sizes, dtype: DType) -> impl Iterator<Item = Variant> {
    let width = 16 / dtype.bytes();
    let name = move |bins: u32, threads: u32, items: u32, cluster: u32| {
        let items = if items == 0 { String::new() } else { format!("_r{items}") };
        let cluster = if cluster == 1 { String::new() } else { format!("_c{cluster}") };
        format!("{} v{width}_b{bins}_t{threads}{items}{cluster}", sizes.kernel.name())
    };
    sizes.bins.iter().flat_map(move |&bins| {
        sizes.threads.iter().flat_map(move |&threads| {
            sizes.items.iter().flat_map(move |&items| {
                let clusters = sizes.clusters.iter();
                clusters
                    .filter_map(move |&cluster| of_id(dtype, &name(bins, threads, items, cluster)))
            })
        })
    })
}

/// Whether sizes like its are ever measured.
pub(crate) fn listed(variant: &Variant) -> bool {
    variant.vec_size * variant.dtype.bytes() == 16
        && LIST.iter().any(|sizes| {
            sizes.kernel == variant.kernel
                && sizes.bins.contains(&variant.bins)
                && sizes.threads.contains(&variant.threads)
                && sizes.items.contains(&variant.items)
                && sizes.clusters.contains(&variant.cluster)
        })
}
