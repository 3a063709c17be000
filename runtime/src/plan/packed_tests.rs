//! Tests of planning among packed variants: the nearest serves, and `reach` names all of them.

use super::*;
use crate::plan::{Basis, GpuTable, Here, Measured, Refusal};
use crate::problem::Problem;
use std::sync::Arc;
use topkit_codegen::{Arch, DType, KernelKind, SelectorSpec};

fn spec(dtype: DType, most_k: u32) -> SelectorSpec {
    SelectorSpec::builder("Test").dtype([dtype]).k(1..=most_k).build().unwrap()
}

/// The planner of an architecture, by the table that ships for it, if any.
fn planner(spec: &SelectorSpec, name: &str) -> Planner {
    let arch: Arch = name.parse().unwrap();
    let limits = Limits::of_arch(arch);
    let here = Here { name: None, arch, multiprocessors: limits.multiprocessors };
    Planner::new(Arc::new(spec.clone()), limits, GpuTable::shipped(here).map(Arc::new))
}

/// The nearest variant depends on the sizes: a resident kernel serves short rows alone, a filter small
/// k, a cluster few rows.
#[test]
fn reach_names_every_variant_that_a_plan_takes_instead() {
    let spec = spec(DType::Bf16, 4096);
    let most = i32::MAX as usize;
    let range = Workload::new(DType::Bf16, 1..=most, 1..=1 << 20, 1..=4096);
    let columns = |power: u32| [1 << power, (3usize << power) / 2].map(|size| size.min(1 << 20));
    for (name, step) in [("sm_80", 6), ("sm_80", 41), ("sm_90a", 5), ("sm_90a", 29)] {
        let planned = planner(&spec, name).reach(&range).unwrap();
        // No variant that is planned is packed, and few of the others.
        let others = spec.variants().into_iter().filter(|variant| !planned.contains(variant));
        let planner = planner(&spec, name).among(others.step_by(step).collect());
        let named = planner.reach(&range).unwrap();
        let mut taken = Vec::new();
        for rows in [1, 2, 8, 66, 100, 1000, 1 << 20, 1 << 28, most] {
            for columns in (0..=20).flat_map(columns) {
                for k in [1, 64, 2048, 2049, 4096] {
                    let problem = Problem::new(DType::Bf16, rows, columns, k);
                    let variant = planner.plan(&problem).unwrap().variant;
                    assert!(named.contains(&variant), "{name}, {step}: {problem} by {variant}");
                    if !taken.contains(&variant) {
                        taken.push(variant);
                    }
                }
            }
        }
        assert!(taken.len() > 1, "{taken:?}");
        assert!(named.len() <= 2 * taken.len(), "{} named, {} seen", named.len(), taken.len());
    }
}

/// A filter selects at most 2048 of a row, and a launch has room for so many clusters.
#[test]
fn a_variant_that_no_packed_one_replaces_is_named() {
    let spec = spec(DType::F32, 4096);
    let first = |kernel: KernelKind, cluster: u32| {
        let is_it = |variant: &Variant| (variant.kernel, variant.cluster) == (kernel, cluster);
        spec.variants().into_iter().find(is_it).unwrap()
    };
    let wanted = first(KernelKind::BlockRadix, 1);
    for (kernel, cluster, rows, k) in [
        (KernelKind::BlockFilter, 1, 1, 4096),
        (KernelKind::ClusterFilter, 16, i32::MAX as usize, 1),
    ] {
        let packed = first(kernel, cluster);
        let planner = planner(&spec, "sm_100a").among(vec![packed]);
        let named = |rows, k| {
            let range = Workload::new(DType::F32, 1..=rows, 1..=1 << 20, 1..=k);
            Packed::new(vec![packed]).reach(vec![wanted], &planner, &range)
        };
        assert_eq!(named(1, 1), [packed]);
        assert_eq!(named(rows, k), [packed, wanted]);
    }
}

/// A GPU without room for clusters, and packs with some cluster kernels and one without clusters. Rules
/// go on to smaller clusters, which are not packed, and the nearest packed ones were refused.
#[test]
fn a_packed_variant_that_was_refused_is_replaced_by_the_next() {
    let spec = spec(DType::F32, 4096);
    for (name, clusters) in
        [("sm_90a", 16..=16), ("sm_90a", 2..=16), ("sm_100a", 16..=16), ("sm_100a", 8..=16)]
    {
        let is_packed = |variant: &Variant| match variant.kernel {
            KernelKind::ClusterFilter | KernelKind::ClusterResident => {
                variant.threads == 512 && clusters.contains(&variant.cluster)
            }
            kernel => kernel == KernelKind::BlockFilter && variant.threads == 256,
        };
        let packed = spec.variants().into_iter().filter(is_packed).collect();
        let planner = planner(&spec, name).among(packed);
        let problem = Problem::new(DType::F32, 1, 131_072, 512);
        let plan = || planner.plan(&problem).unwrap().variant;
        assert!(plan().cluster > 1, "{name}: {}", plan());
        let mut refused = Vec::new();
        while plan().cluster > 1 {
            assert!(!refused.contains(&plan()), "{name}: {} is named again", plan());
            refused.push(plan());
            planner.refuse(&plan(), Refusal::NoRoom);
        }
        assert_eq!(plan().kernel, KernelKind::BlockFilter, "{name}");
        assert!(is_packed(&plan()), "{name}: {}", plan());
        assert_eq!(planner.reach(&problem.into()).unwrap(), [plan()], "{name}");
        assert_eq!(planner.explain(&problem).unwrap().plan.variant, plan(), "{name}");
    }
}

#[test]
fn of_what_was_measured_the_best_packed_variant_is_taken() {
    let spec = spec(DType::Bf16, 2048);
    let problem = Problem::new(DType::Bf16, 8, 65536, 512);
    let Basis::Measured(Measured { expected, .. }) =
        planner(&spec, "sm_90a").explain(&problem).unwrap().basis
    else {
        panic!("a table ships for sm_90a");
    };
    for place in [0, 1, 2] {
        let packed: Vec<_> = expected[place..].iter().map(|other| other.variant).collect();
        let planner = planner(&spec, "sm_90a").among(packed);
        let plan = planner.plan(&problem).unwrap();
        // The table alone gives it: nothing had to be replaced.
        assert_eq!(
            (plan, plan.variant),
            (planner.unpacked(&problem).unwrap(), expected[place].variant)
        );
    }
}

#[test]
fn rules_go_on_to_name_clusters_where_others_are_not_packed() {
    let spec = spec(DType::F32, 2048);
    let problem = Problem::new(DType::F32, 1, 131_072, 64);
    let before = planner(&spec, "sm_100a").plan(&problem).unwrap();
    assert!(before.variant.cluster > 1, "{}", before.variant);
    let planner = planner(&spec, "sm_100a").among(vec![before.variant]);
    assert_eq!(planner.unpacked(&problem).unwrap(), before);
}
