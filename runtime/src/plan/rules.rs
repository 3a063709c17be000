//! Which variant of a selector serves a problem by rules: for GPUs without a measured table, and for
//! selectors that lack the variants of one.
//!
//! Each axis takes the declared value nearest to the wanted one. `Plan::with` computes the launch of a
//! variant. Variants that were refused, and variants that `tried` infers to be refused, are left out.
//! Nothing here fails: the problem was accepted, and `block_radix` serves every problem; it is named in
//! the end even if it was refused.

mod radix;

pub(super) use radix::{
    HELD_ALONE, MOST_FILTERED, by_cluster_radix, held_by_clusters, most_clustered_rows,
};

use super::{Limits, Reason, Tried};
use crate::problem::Problem;
use topkit_codegen::{DType, KernelKind, Key, SelectorSpec, Variant};

/// The variant for a problem.
pub(super) fn variant(
    spec: &SelectorSpec,
    problem: &Problem,
    limits: &Limits,
    tried: &Tried,
) -> Variant {
    by_warps(spec, problem, limits, tried)
        .or_else(|| shared(spec, problem, limits, tried))
        .or_else(|| filtering(spec, problem, limits, tried))
        .or_else(|| radix::by_clusters(spec, problem, limits, tried))
        .or_else(|| resident(spec, problem, limits, tried))
        .unwrap_or_else(|| streaming(spec, problem, limits))
}

/// The kernel that reads its rows from memory; it serves every problem.
fn streaming(spec: &SelectorSpec, problem: &Problem, limits: &Limits) -> Variant {
    let of_axis = |wanted: Wanted, axis: &[u32]| nearest(wanted.value, axis);
    Variant {
        kernel: KernelKind::BlockRadix,
        dtype: problem.dtype,
        vec_size: of_axis(wanted_vec_size(problem), spec.vec_sizes(problem.dtype)),
        bins: of_axis(wanted_bins(problem), &spec.bins),
        threads: of_axis(wanted_threads(problem, limits), &spec.threads),
        items: 0,
        cluster: 1,
        stages: Variant::STAGES,
        semantics: spec.semantics,
        program: spec.program_id(),
    }
}

/// The kernel that keeps a row in the registers of one warp, where the selector has one wide enough: the one
/// with the least room, and small CTAs, which spread few rows over the multiprocessors.
///
/// One warp takes longer for a row than a CTA if it holds many scores a lane or many win, and pays where there
/// are many rows: 64 x 1024 f32 at k = 8, 3.1 us and 2.6 by a CTA; 1024 x 1024, 3.1 and 5.7; 1 x 256 at k = 32, 2.1
/// and 2.0; 1024 x 256, 3.4 and 5.4; 1024 x 1024 at k = 128, 7.1 and 6.3; 16384 x 1024, 52 and 63 (H200).
fn by_warps(
    spec: &SelectorSpec,
    problem: &Problem,
    limits: &Limits,
    tried: &Tried,
) -> Option<Variant> {
    let Problem { rows, columns, k, .. } = *problem;
    let pays = match k {
        ..=16 => columns <= 512 || has_many_rows(problem, limits),
        17..=32 => has_many_rows(problem, limits),
        33..=128 => rows > very_many_rows(limits),
        _ => false,
    };
    if !pays {
        return None;
    }
    let kernel = KernelKind::WarpResident;
    let (vec_size, bins) = (wanted_vec_size(problem).value, kernel.measured().first()?.bins[0]);
    if !spec.vec_sizes(problem.dtype).contains(&vec_size) || !spec.bins.contains(&bins) {
        return None;
    }
    let sizeless = Variant { kernel, vec_size, bins, ..streaming(spec, problem, limits) };
    let shapes = spec.threads.iter().flat_map(|&threads| {
        kernel.items().iter().map(move |&items| Variant { threads, items, ..sizeless })
    });
    let fitting =
        shapes.filter(|variant| variant.capacity().is_some_and(|most| columns <= most as usize));
    least_sound(fitting, tried, |variant| (variant.items, variant.threads))
}

/// Rows up to which a warp takes too long for more than 32 winners.
fn very_many_rows(limits: &Limits) -> usize {
    16 * limits.multiprocessors as usize
}

/// The kernel that keeps its rows in registers, where the selector has one wide enough.
///
/// Of the sizes with room for the columns, it takes the fewest scores a thread up to 16, then the fewest
/// threads: a pass over registers is cheap, and every warp makes each barrier dearer.
fn resident(
    spec: &SelectorSpec,
    problem: &Problem,
    limits: &Limits,
    tried: &Tried,
) -> Option<Variant> {
    let vec_size = wanted_vec_size(problem).value;
    if problem.columns > Variant::MAX_CAPACITY as usize
        || !spec.vec_sizes(problem.dtype).contains(&vec_size)
    {
        return None;
    }
    let many_rows = has_many_rows(problem, limits);
    // 32 x 8192 bf16 at k = 512, 2.9 us with a bin for each code and 3.2 without (H200).
    let few_codes = KernelKind::BlockCodes.serves(problem.dtype);
    let kernel = if few_codes { KernelKind::BlockCodes } else { KernelKind::BlockResident };
    let shapes = spec
        .threads
        .iter()
        .flat_map(|&threads| kernel.items().iter().map(move |&items| (threads, items)));
    let sizeless = Variant {
        kernel,
        vec_size,
        bins: nearest(4096, &spec.bins),
        ..streaming(spec, problem, limits)
    };
    let fitting = shapes
        .filter(|(threads, items)| {
            (problem.columns..=Variant::MAX_CAPACITY as usize)
                .contains(&((threads * items) as usize))
        })
        .map(|(threads, items)| Variant { threads, items, ..sizeless });
    least_sound(fitting, tried, |&Variant { threads, items, .. }| {
        let wanted_items = if many_rows { 32 } else { 16 };
        (threads * items, threads > 512, items.abs_diff(wanted_items))
    })
}

/// The sound variant of the least key that is not ruled out; of equal keys the first. A launch is planned
/// here, so a variant is only validated if its key is less than the least so far.
fn least_sound<K: Ord>(
    variants: impl Iterator<Item = Variant>,
    tried: &Tried,
    key: impl Fn(&Variant) -> K,
) -> Option<Variant> {
    let mut least: Option<(K, Variant)> = None;
    for variant in variants {
        let own = key(&variant);
        if least.as_ref().is_none_or(|(least, _)| own < *least)
            && variant.validate().is_empty()
            && !tried.rules_out(&variant)
        {
            least = Some((own, variant));
        }
    }
    least.map(|(_, variant)| variant)
}

/// The kernel that keeps a row in the registers of several CTAs, where there are too few rows to
/// give each multiprocessor one.
///
/// Of the sizes with room for the columns and a multiprocessor for each CTA, the one with the least
/// room, then the fewest scores a thread: 1 x 65536 f32 at k = 2048, 3.9 us by 8 CTAs of 16 scores a
/// thread and 4.3 of 32 (H200).
fn shared(
    spec: &SelectorSpec,
    problem: &Problem,
    limits: &Limits,
    tried: &Tried,
) -> Option<Variant> {
    let vec_size = wanted_vec_size(problem).value;
    let declared = spec.vec_sizes(problem.dtype).contains(&vec_size)
        && spec.bins.contains(&SHARED_BINS)
        && spec.threads.contains(&FILTER_THREADS);
    if !declared || !limits.clusters || problem.columns <= ALONE {
        return None;
    }
    let kernel = KernelKind::ClusterResident;
    let sizes = kernel
        .items()
        .iter()
        .flat_map(|&items| kernel.clusters().iter().rev().map(move |&cluster| (items, cluster)));
    let sizeless = Variant {
        kernel,
        vec_size,
        bins: SHARED_BINS,
        threads: FILTER_THREADS,
        ..streaming(spec, problem, limits)
    };
    let capacity = |items: u32, cluster: u32| (FILTER_THREADS * items * cluster) as usize;
    let fitting = sizes
        .filter(|&(items, cluster)| {
            cluster <= limits.most_cluster
                && problem.rows <= clusters_at_once(cluster, limits)
                && capacity(items, cluster) >= problem.columns
        })
        .map(|(items, cluster)| Variant { items, cluster, ..sizeless });
    least_sound(fitting, tried, |&Variant { items, cluster, .. }| {
        (capacity(items, cluster), items.max(16), items)
    })
}

/// Columns up to which one CTA is as fast as several: 1 x 8192, 3.1 us and 3.0; 1 x 16384 f32 at
/// k = 2048, 4.9 us and 3.3 (H200).
const ALONE: usize = 8 * 1024;
const SHARED_BINS: u32 = 4096;

/// Rows up to this many bytes are kept in registers, and filtered from there on: 1 x 16384 bf16 at
/// k = 2048, 4.9 us resident and 7.0 us filtered (H200).
const RESIDENT_BYTES: usize = 32 * 1024;
/// Rows from this many bytes on are for the whole GPU: 1 x 16777216 f32, 43 us by 132 CTAs and 167
/// by a cluster of 16; 1 x 1048576 f32 the other way round, 18 us and 10 (H200).
const HUGE_BYTES: usize = 16 << 20;
/// Clusters of so many CTAs, and how many of them an H200 runs at once, one CTA a multiprocessor.
const CLUSTERS: &[(u32, usize)] = &[(16, 7), (8, 15), (6, 20), (4, 30), (3, 42), (2, 66)];

/// How many clusters of so many CTAs a GPU runs at once, one CTA a multiprocessor.
pub(crate) fn clusters_at_once(cluster: u32, limits: &Limits) -> usize {
    let measured_on = 132; // multiprocessors of the GPU of CLUSTERS
    let at_once = CLUSTERS.iter().find(|(ctas, _)| *ctas == cluster).map_or(0, |&(_, n)| n);
    at_once * limits.multiprocessors as usize / measured_on
}

/// The kernel that reads its rows once and keeps the candidates, where the selector has it.
fn filtering(
    spec: &SelectorSpec,
    problem: &Problem,
    limits: &Limits,
    tried: &Tried,
) -> Option<Variant> {
    let bytes = problem.columns * problem.dtype.bytes() as usize;
    let vec_size = wanted_vec_size(problem).value;
    let declared = spec.vec_sizes(problem.dtype).contains(&vec_size)
        && spec.bins.contains(&FILTER_BINS)
        && spec.threads.contains(&FILTER_THREADS);
    if !declared
        || bytes <= RESIDENT_BYTES
        || KernelKind::BlockFilter.most_k().is_some_and(|most| problem.k > most)
    {
        return None;
    }
    // As large as wanted, or as the GPU has shared memory for.
    let with = |kernel, items, cluster, stages| {
        let sizes = [
            (FILTER_THREADS, items, stages),
            (FILTER_THREADS, items, Variant::STAGES),
            (FILTER_THREADS, 16, Variant::STAGES),
            (FILTER_THREADS / 2, 16, Variant::STAGES),
        ];
        let variants = sizes.map(|(threads, items, stages)| Variant {
            kernel,
            vec_size,
            bins: FILTER_BINS,
            threads,
            items,
            cluster,
            stages,
            ..streaming(spec, problem, limits)
        });
        variants.into_iter().find(|variant| {
            spec.threads.contains(&variant.threads)
                && variant.needed_shared_bytes() <= limits.shared_bytes_per_cta
                // Small CTAs have too few warps for large clusters.
                && variant.validate().is_empty()
        })
    };
    let usable = |variant: &Variant| !tried.rules_out(variant);
    let is_huge = bytes >= HUGE_BYTES && problem.rows * 32 <= limits.multiprocessors as usize;
    let by_the_gpu =
        is_huge.then(|| with(KernelKind::GridFilter, 32, 1, Variant::STAGES)).flatten();
    if let Some(variant) = by_the_gpu.filter(usable) {
        return Some(variant);
    }
    // A CTA pays for its part of the exchange only with a stripe of its own.
    let stripe = |items: u32| (FILTER_THREADS * items) as usize;
    let by_a_cluster = |&(ctas, _): &(u32, usize)| {
        let stripes = ctas as usize * stripe(16);
        let is_wanted = ctas <= limits.most_cluster
            && problem.rows <= clusters_at_once(ctas, limits)
            && stripes <= problem.columns;
        let items = if stripes >= problem.columns { 16 } else { 32 };
        let stages = wanted_stages(problem, ctas);
        let variant = || with(KernelKind::ClusterFilter, items, ctas, stages);
        is_wanted.then(variant).flatten().filter(usable)
    };
    // Two CTAs of 512 threads and 64 bytes each share a multiprocessor.
    let by_a_cta = || {
        let items = (64 / problem.dtype.bytes()).min(32);
        with(KernelKind::BlockFilter, items, 1, Variant::STAGES).filter(usable)
    };
    CLUSTERS.iter().find_map(by_a_cluster).or_else(by_a_cta)
}

/// The stages of clusters of so many CTAs: the fewest with room for a CTA's part of a row, where there are as
/// many. 32 x 256000 bf16 at k = 512, 8.4 us by clusters of 3 with 6 stages, and 10.7 with two (H200).
fn wanted_stages(problem: &Problem, ctas: u32) -> u32 {
    let stripes = (ctas * FILTER_THREADS * 32) as usize;
    let mut more = KernelKind::ClusterFilter.stages().iter().filter(|own| **own > Variant::STAGES);
    let fewest = more.find(|&&stages| stripes * stages as usize >= problem.columns);
    // One stripe needs no stages. 32 bits a score leave no room for more stripes.
    let several = problem.columns > stripes && problem.dtype.bytes() <= 2;
    fewest.copied().filter(|_| several).unwrap_or(Variant::STAGES)
}

/// Where the rules may change: of rows, columns and k, the last value before each change.
pub(super) fn edges(spec: &SelectorSpec, dtype: DType, limits: &Limits) -> [Vec<usize>; 3] {
    let (bytes, multiprocessors) = (dtype.bytes() as usize, limits.multiprocessors as usize);
    let mut rows = vec![0, 2 * multiprocessors, multiprocessors / 32];
    rows.push(very_many_rows(limits));
    let mut columns =
        vec![0, ALONE, RESIDENT_BYTES / bytes, (HUGE_BYTES - 1) / bytes, MANY_COLUMNS];
    columns.extend(KernelKind::WarpResident.items().iter().map(|items| (32 * items) as usize));
    for &threads in spec.threads.iter() {
        columns.extend(
            KernelKind::BlockResident.items().iter().map(|items| (threads * items) as usize),
        );
    }
    for &(ctas, _) in CLUSTERS {
        rows.extend([1, 2].map(|sharing| sharing * clusters_at_once(ctas, limits)));
        let stripes = (ctas * FILTER_THREADS * 16) as usize;
        columns.extend([stripes - 1, stripes]);
        let stages = KernelKind::ClusterFilter.stages().iter();
        let held = ctas * FILTER_THREADS * 32;
        columns.extend(stages.chain([&1]).map(|stages| (held * stages) as usize));
        let items = KernelKind::ClusterResident.items().iter();
        columns.extend(items.map(|items| (ctas * FILTER_THREADS * items) as usize));
    }
    columns.push(Variant::MAX_CAPACITY as usize);
    let most_k = KernelKind::ALL.iter().filter_map(|kernel| kernel.most_k());
    let mut most_k: Vec<usize> = most_k.map(|most| most as usize).collect();
    most_k.extend([16, 32, 128]);
    most_k.dedup();
    [rows, columns, most_k]
}

const FILTER_BINS: u32 = 2048;
const FILTER_THREADS: u32 = 512;

/// Why `variant` gave this one: a sentence for each axis.
pub(super) fn reasons(
    spec: &SelectorSpec,
    problem: &Problem,
    limits: &Limits,
    variant: &Variant,
) -> Vec<Reason> {
    let reason = |key, value, wanted: Wanted, axis: &[u32]| {
        let mut why = wanted.why.to_owned();
        if value != wanted.value {
            why += &format!("; {} is wanted and {axis:?} are declared", wanted.value);
        }
        Reason { key, value, why }
    };
    let vec_sizes = spec.vec_sizes(problem.dtype);
    let vec_size = reason(Key::VecSize, variant.vec_size, wanted_vec_size(problem), vec_sizes);
    let told = |key, value, wanted: Wanted, axis: &[u32], why: Option<String>| match why {
        Some(why) => Reason { key, value, why },
        None => reason(key, value, wanted, axis),
    };
    let wide = Wanted { value: 4096, why: "narrow bins leave few candidates to rank" };
    let bins = if variant.capacity().is_some() { wide } else { wanted_bins(problem) };
    let threads = wanted_threads(problem, limits);
    let [why_bins, why_threads] = variant.reason();
    vec![
        vec_size,
        told(Key::Bins, variant.bins, bins, &spec.bins, why_bins),
        told(Key::Threads, variant.threads, threads, &spec.threads, why_threads),
    ]
}

struct Wanted {
    value: u32,
    why: &'static str,
}

fn wanted_vec_size(problem: &Problem) -> Wanted {
    Wanted {
        value: 16 / problem.dtype.bytes(),
        why: "one load is then 16 bytes, the widest there is",
    }
}

/// From about here on, the threshold bin of 2048 overflows the candidate buffer at k = 2048 and
/// costs a scan more: 1 x 256000 f32, 82 us against 57 (H200).
const MANY_COLUMNS: usize = 160 * 1024;

fn wanted_bins(problem: &Problem) -> Wanted {
    if problem.columns > MANY_COLUMNS {
        Wanted { value: 4096, why: "a long row needs narrow bins to fit its threshold bin on chip" }
    } else {
        Wanted { value: 2048, why: "as good as more bins or fewer up to 160K columns" }
    }
}

/// Two rows for each multiprocessor. Past that, CTAs queue, and small ones queue less:
/// 1024 x 8192 bf16 at k = 512, 30 us with 256 threads against 47 with 1024 (H200).
fn has_many_rows(problem: &Problem, limits: &Limits) -> bool {
    problem.rows > 2 * limits.multiprocessors as usize
}

fn wanted_threads(problem: &Problem, limits: &Limits) -> Wanted {
    if has_many_rows(problem, limits) {
        Wanted { value: 256, why: "with many rows, several small CTAs share a multiprocessor" }
    } else {
        Wanted {
            value: 1024,
            why: "with few rows, a large CTA keeps more loads outstanding for its row",
        }
    }
}

/// The value of the axis nearest to the wanted one by ratio; the smaller of two as near.
fn nearest(wanted: u32, axis: &[u32]) -> u32 {
    let distance = |value: u32| {
        let (low, high) = (value.min(wanted), value.max(wanted));
        u64::from(high) * 1024 / u64::from(low.max(1))
    };
    axis.iter().copied().min_by_key(|&value| (distance(value), value)).unwrap_or(wanted)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nearest_is_by_ratio_and_then_the_smaller() {
        assert_eq!(nearest(512, &[256, 1024]), 256);
        assert_eq!(nearest(512, &[128, 1024]), 1024);
    }

    /// Routers: a warp a row, with as many scores a lane as the row needs; longer rows have a CTA.
    #[test]
    fn short_rows_have_a_warp_each() {
        let spec = SelectorSpec::builder("Router").dtype(DType::ALL).k(1..=256).build().unwrap();
        let limits = Limits::of_arch("sm_90a".parse().unwrap());
        for dtype in DType::ALL {
            let named = |columns| {
                let problem = Problem::new(dtype, 16384, columns, 8);
                variant(&spec, &problem, &limits, &Tried::default())
            };
            if !KernelKind::WarpResident.serves(dtype) {
                let kernels = [1, 1024, 4096, 1 << 20].map(|columns| named(columns).kernel);
                assert_eq!(kernels, [KernelKind::BlockRadix; 4], "{dtype}");
                continue;
            }
            for (columns, items) in [(1, 2), (64, 2), (65, 4), (256, 8), (384, 16), (1024, 32)] {
                let variant = named(columns);
                assert_eq!((variant.kernel, variant.items), (KernelKind::WarpResident, items));
            }
            let block = if KernelKind::BlockCodes.serves(dtype) {
                KernelKind::BlockCodes
            } else {
                KernelKind::BlockResident
            };
            assert_eq!(named(1025).kernel, block);
            let by_a_warp = |rows, columns, k| {
                let problem = Problem::new(dtype, rows, columns, k);
                let variant = variant(&spec, &problem, &limits, &Tried::default());
                variant.kernel == KernelKind::WarpResident
            };
            assert!(by_a_warp(1, 512, 16) && !by_a_warp(264, 513, 1) && by_a_warp(265, 513, 1));
            assert!(!by_a_warp(264, 256, 17) && by_a_warp(265, 256, 17));
            assert!(!by_a_warp(2112, 256, 33) && by_a_warp(2113, 256, 33));
        }
    }
}
