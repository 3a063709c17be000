//! Which variants of a selector are measured for a problem, and why the others are not.
//!
//! `plan::measured::space` lists the sizes that are ever measured. The reasons here depend on the shape
//! alone; a refusal by the GPU or the compiler shows when a variant is tried. Whoever changes them
//! raises `space::RULES`, which makes earlier records foreign. It cannot fail.

use crate::plan::measured::space::listed;
use crate::plan::{Limits, Plan, clusters_at_once};
use crate::problem::Problem;
use topkit_codegen::{KernelKind, SelectorSpec, Variant};

/// A variant of a selector, for one problem.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Screened {
    /// The variant.
    pub variant: Variant,
    /// Why it is not measured; `None` where it is.
    pub reason: Option<String>,
}

/// Every variant of a selector for the problem's dtype, to be measured or with the reason why not. Where
/// the shape leaves none, as in a selector of few variants or on a GPU without clusters, every variant that
/// can serve is measured.
pub fn screen(spec: &SelectorSpec, problem: &Problem, limits: &Limits) -> Vec<Screened> {
    let of_type = |variant: &Variant| variant.dtype == problem.dtype;
    let variants: Vec<Variant> = spec.variants().into_iter().filter(of_type).collect();
    let is_resident = variants.iter().any(|variant| {
        variant.kernel == KernelKind::ClusterResident
            && listed(variant)
            && Plan::with(problem, variant, limits).is_ok()
            && hopeless(variant, problem, limits).is_none()
    });
    let by_shape = |variant: &Variant| match hopeless(variant, problem, limits) {
        None if is_resident
            && [KernelKind::ClusterFilter, KernelKind::ClusterRadix].contains(&variant.kernel) =>
        {
            Some(
                "such a row fits into the registers of a cluster, which reads it once and needs no sample",
            )
        }
        reason => reason,
    };
    let screened = |shaped: bool| -> Vec<Screened> {
        let variants = variants.iter();
        let screen = |&variant: &Variant| {
            let reason = match Plan::with(problem, &variant, limits) {
                Err(error) => Some(error.to_string()),
                Ok(_) if !listed(&variant) => Some("sizes like these never won".to_owned()),
                Ok(_) if shaped => by_shape(&variant).map(str::to_owned),
                Ok(_) => None,
            };
            Screened { variant, reason }
        };
        variants.map(screen).collect()
    };
    let few = screened(true);
    let none = few.iter().all(|candidate| candidate.reason.is_some());
    if none { screened(false) } else { few }
}

/// Why a variant that could serve a problem will not be the fastest.
fn hopeless(variant: &Variant, problem: &Problem, limits: &Limits) -> Option<&'static str> {
    let Problem { rows, columns, k, .. } = *problem;
    let gpu = limits.multiprocessors as usize;
    let most = KernelKind::BlockFilter.most_k().unwrap_or(0);
    match variant.kernel {
        KernelKind::BlockRadix if k <= most => Some("others read such a row fewer times"),
        KernelKind::BlockResident | KernelKind::BlockCodes => {
            let room = variant.capacity().unwrap_or(0) as usize;
            (room / 2 >= columns.max(1024)).then_some("half of its room would be empty")
        }
        KernelKind::ClusterResident => {
            let room = variant.capacity().unwrap_or(0) as usize;
            if rows > clusters_at_once(variant.cluster, limits) {
                Some("its clusters would queue")
            } else {
                (room / 2 > columns).then_some("half of its room would be empty")
            }
        }
        KernelKind::ClusterRadix if k <= most => Some("others read such a row fewer times"),
        KernelKind::ClusterRadix if columns <= LONG => Some("so short a row fits into registers"),
        KernelKind::ClusterRadix => {
            let cluster = variant.cluster as usize;
            let sharing = (1024 / variant.threads) as usize;
            if rows > sharing * clusters_at_once(variant.cluster, limits) {
                Some("its clusters would queue")
            } else if rows * cluster * 4 < ENOUGH.min(columns / SHORT) {
                Some("more CTAs a row would read it faster")
            } else {
                None
            }
        }
        KernelKind::WarpResident => {
            let room = variant.capacity().unwrap_or(0) as usize;
            (room / 2 >= columns.max(64)).then_some("half of its room would be empty")
        }
        _ if variant.kernel.filters() && columns < SHORT => {
            Some("so short a row fits into registers")
        }
        KernelKind::BlockFilter if columns > LONG && rows * 4 < gpu => {
            Some("most multiprocessors would be idle")
        }
        KernelKind::ClusterFilter => crowd(variant, problem, gpu),
        KernelKind::GridFilter if columns < HUGE => {
            Some("its exchange through memory costs more than such a row")
        }
        KernelKind::GridFilter if rows * 2 > gpu => Some("there are rows for every multiprocessor"),
        _ => None,
    }
}

/// Columns from which filters may win, one CTA a row falls back, and the whole GPU may win.
const SHORT: usize = 8192;
const LONG: usize = 32 * 1024;
const HUGE: usize = 256 * 1024;
/// CTAs beyond which more of them do not read faster.
const ENOUGH: usize = 64;

/// Why so many CTAs a row will not win.
fn crowd(variant: &Variant, problem: &Problem, gpu: usize) -> Option<&'static str> {
    let Problem { rows, columns, ragged, .. } = *problem;
    let cluster = variant.cluster as usize;
    let stripe = |items: u32| (variant.threads * items) as usize * cluster;
    // Ragged rows are not all full: clusters of short ones end early, and load few pieces. Of a short row all
    // CTAs but one end at once, so small clusters may be many.
    let (turns, typical) = match (ragged, cluster) {
        (true, ..=4) => (8, columns / 4),
        (true, _) => (4, columns / 4),
        (false, _) => (2, columns),
    };
    if rows * cluster > turns * gpu {
        Some("its clusters would queue too long")
    } else if stripe(16) > 2 * columns {
        Some("its CTAs would have little of a row each")
    } else if rows * cluster * 4 < ENOUGH.min(columns / SHORT) {
        Some("more CTAs a row would read it faster")
    } else if variant.items == 32 && stripe(16) >= columns {
        Some("16 scores a thread have room for its part")
    } else if variant.stages > Variant::STAGES {
        let has_room = |stages: u32| stripe(variant.items) * stages as usize >= columns;
        let fewer = variant.kernel.stages().iter().filter(|stages| **stages < variant.stages);
        let mut fewer = fewer.filter(|stages| **stages > Variant::STAGES);
        if has_room(1) {
            Some("its part is one stripe")
        } else if !has_room(variant.stages) {
            Some("its part has more stripes than it has stages")
        } else if fewer.any(|&stages| has_room(stages)) {
            Some("fewer stages have room for its part")
        } else {
            None
        }
    } else if variant.items == 16 && stripe(32) < typical {
        Some("it would load its part in many small pieces")
    } else {
        None
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::plan::measured::space::{all, hash};
    use topkit_codegen::{Arch, DType};

    fn spec() -> SelectorSpec {
        SelectorSpec::builder("All").dtype(DType::ALL).k(1..=8192).all_axes().build().unwrap()
    }

    fn tried(rows: usize, columns: usize, k: u32) -> Vec<Variant> {
        tried_for(Problem::new(DType::Bf16, rows, columns, k))
    }

    fn tried_for(problem: Problem) -> Vec<Variant> {
        let limits = Limits::of_arch(Arch::of_device(9, 0));
        let all = screen(&spec(), &problem, &limits);
        assert!(all.len() > 100 && all.iter().any(|candidate| candidate.reason.is_some()));
        let tried = all.into_iter().filter(|candidate| candidate.reason.is_none());
        tried.map(|candidate| candidate.variant).collect()
    }

    fn kernels(rows: usize, columns: usize, k: u32) -> Vec<KernelKind> {
        let mut kernels: Vec<_> = tried(rows, columns, k).iter().map(|v| v.kernel).collect();
        kernels.dedup();
        kernels.sort_by_key(|kernel| kernel.name());
        kernels.dedup();
        kernels
    }

    #[test]
    fn each_shape_has_few_variants_and_never_none() {
        let columns = [16, 4096, 8192, 32768, 40_000, 131_072, 1 << 20, 1 << 24];
        for rows in [1, 2, 8, 32, 64, 128, 1024] {
            for columns in columns {
                for k in [1, 64, 2048, 4096] {
                    let dense = Problem::new(DType::Bf16, rows, columns, k);
                    for problem in [dense, Problem { ragged: true, ..dense }] {
                        let count = tried_for(problem).len();
                        assert!((1..=24).contains(&count), "{problem}: {count}");
                    }
                }
            }
        }
    }

    #[test]
    fn the_kernels_are_those_that_may_win() {
        use KernelKind::*;
        assert_eq!(kernels(1, 256, 8), [BlockResident, WarpResident]);
        assert_eq!(kernels(1, 4096, 64), [BlockCodes, BlockResident, ClusterResident]);
        assert_eq!(kernels(256, 4096, 64), [BlockCodes, BlockResident]);
        assert_eq!(kernels(1, 131_072, 64), [ClusterResident]);
        assert_eq!(kernels(1, 1 << 20, 64), [ClusterFilter, GridFilter]);
        assert_eq!(kernels(1024, 131_072, 64), [BlockFilter]);
        assert_eq!(kernels(1, 131_072, 4096), [BlockRadix, ClusterResident]);
        assert_eq!(kernels(1, 1 << 20, 4096), [BlockRadix, ClusterRadix]);
        assert_eq!(kernels(256, 1 << 20, 4096), [BlockRadix]);
        assert_eq!(
            kernels(4, 32_768, 64),
            [BlockCodes, BlockFilter, BlockResident, ClusterResident]
        );
    }

    #[test]
    fn ragged_rows_are_not_all_full() {
        let clusters = |problem: Problem| -> Vec<(u32, u32)> {
            let tried = tried_for(problem).into_iter();
            let tried = tried.filter(|variant| variant.kernel == KernelKind::ClusterFilter);
            tried.map(|variant| (variant.cluster, variant.items)).collect()
        };
        let dense = Problem::new(DType::F32, 64, 131_072, 512);
        let ragged = clusters(Problem { ragged: true, ..dense });
        for size in [(3, 16), (3, 32), (4, 16), (4, 32)] {
            assert!(ragged.contains(&size), "{size:?} is not in {ragged:?}");
        }
        assert!(!ragged.iter().any(|&(cluster, _)| cluster > 8), "{ragged:?}");
        assert_eq!(clusters(dense), [(2, 32), (3, 32), (4, 32)]);
        let many = clusters(Problem { rows: 512, ragged: true, ..dense });
        assert_eq!(many, [(2, 16), (2, 32)]);
    }

    #[test]
    fn what_is_listed_exists_and_is_not_much() {
        for dtype in DType::ALL {
            let all: Vec<Variant> = all(dtype).collect();
            // One kernel serves scores of 64 bits.
            let least = if dtype == DType::F64 { 4 } else { 20 };
            assert!((least..=110).contains(&all.len()), "{dtype}: {}", all.len());
            assert!(all.iter().all(listed) && all.iter().all(|variant| spec().contains(variant)));
        }
        assert_eq!(hash().len(), 16);
    }

    #[test]
    fn a_gpu_without_clusters_has_the_reason() {
        let limits = Limits::of_arch(Arch::of_device(8, 0));
        let problem = Problem::new(DType::F32, 1, 131_072, 64);
        let all = screen(&spec(), &problem, &limits);
        let clusters =
            |candidate: &&Screened| candidate.variant.kernel == KernelKind::ClusterFilter;
        let clustered = all.iter().find(clusters).unwrap();
        assert!(clustered.reason.as_ref().unwrap().contains("clusters"), "{clustered:?}");
        // By its shape alone, nothing but clusters would be tried.
        assert!(all.iter().any(|candidate| candidate.reason.is_none()), "nothing is tried");
    }
}
