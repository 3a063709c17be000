//! That no plan names a kernel which was not foreseen, and that few are foreseen in vain.

use super::*;
use crate::plan::{GpuTable, Here, Limits, Refusal};
use proptest::prelude::*;
use std::collections::HashMap;
use std::sync::{Arc, LazyLock};
use topkit_codegen::{Arch, DType, KernelKind, RowShape, Semantics};

fn limits(arch: &str) -> Limits {
    Limits::of_arch(arch.parse().unwrap())
}

/// The planner of an architecture, by the table that ships for it, if any.
fn planner(spec: &SelectorSpec, name: &str) -> Planner {
    let arch: Arch = name.parse().unwrap();
    let multiprocessors = Limits::of_arch(arch).multiprocessors;
    let here = Here { name: None, arch, multiprocessors };
    let table = GpuTable::shipped(here).map(Arc::new);
    Planner::new(Arc::new(spec.clone()), limits(name), table)
}

fn usual() -> SelectorSpec {
    SelectorSpec::builder("Usual").dtype(DType::ALL).k(1..=8192).build().unwrap()
}

/// A selector that lacks most variants of a table.
fn narrow() -> SelectorSpec {
    let spec = SelectorSpec::builder("Narrow").dtype(DType::ALL).k([64, 1000, 4096]);
    spec.vec_size([4]).bins([2048, 4096]).threads([512, 1024]).build().unwrap()
}

/// Sizes near the sizes at which plans change, and all others.
fn size(most: usize) -> impl Strategy<Value = usize> {
    let edges =
        [0, 1, 2, 4, 7, 66, 128, 132, 264, 512, 2048, 4096, 8192, 32768, 65536, 163_840, 524_288];
    let edge = proptest::sample::select(edges.to_vec());
    let near = (edge, 0usize..3).prop_map(|(edge, off)| (edge + off).saturating_sub(1));
    let any = (0.0..=(most as f64).log2()).prop_map(|log: f64| log.exp2() as usize);
    prop_oneof![near, any].prop_map(move |size| size.min(most))
}

/// A range, and a size in it: one of its ends or any other.
fn range(most: usize) -> impl Strategy<Value = ((usize, usize), usize)> {
    (size(most), size(most), 0.0..=1.0f64, 0..4).prop_map(|(one, other, part, end)| {
        let (low, high) = (one.min(other), one.max(other));
        let logs = [low, high].map(|size| ((size + 1) as f64).log2());
        let inside = (logs[0] + (logs[1] - logs[0]) * part).exp2() as usize;
        let inside = if end == 0 {
            low
        } else if end == 1 {
            high
        } else {
            inside.clamp(low, high)
        };
        ((low, high), inside)
    })
}

/// Whether the selector is narrow, and its planner.
type Place = (bool, Planner);

/// The planner of a selector by a table with times for less aligned and for ragged rows too, which
/// other kernels win.
fn planner_by_layout(spec: &SelectorSpec) -> Planner {
    let here = Here { name: None, arch: "sm_90a".parse().unwrap(), multiprocessors: 132 };
    let mut table = GpuTable::shipped(here).unwrap();
    let mut others = Vec::new();
    for (place, (point, scale)) in table.points.iter().enumerate() {
        let mut point = point.clone();
        let usual = point.problem.vec_size;
        point.problem.ragged = place % 5 == 0;
        point.problem.vec_size = [1, usual / 2, usual][place % 3];
        let microseconds: Vec<f64> = point.times.iter().rev().map(|(_, us)| *us).collect();
        for ((_, us), reversed) in point.times.iter_mut().zip(microseconds) {
            *us = reversed;
        }
        others.push((point, *scale));
    }
    table.points.extend(others);
    Planner::new(Arc::new(spec.clone()), limits("sm_90a"), Some(Arc::new(table)))
}

/// By the table that ships, by rules, by a table of many layouts of rows, and after refusals.
static PLANNERS: LazyLock<Vec<Place>> = LazyLock::new(|| {
    let ragged = Semantics { rows: RowShape::Ragged, ..Semantics::DEFAULT };
    let by_layout = [(false, usual()), (true, SelectorSpec { semantics: ragged, ..narrow() })];
    let by_layout = by_layout.map(|(is_narrow, spec)| {
        let planner = planner_by_layout(&spec);
        assert_eq!(planner.layouts(&Problem::new(DType::F32, 1, 1, 1)).len(), 3);
        (is_narrow, planner)
    });
    let archs = ["sm_90a", "sm_80", "sm_100a"];
    let all = archs.into_iter().flat_map(|arch| [(false, usual(), arch), (true, narrow(), arch)]);
    all.map(|(is_narrow, spec, arch)| (is_narrow, planner(&spec, arch)))
        .chain(by_layout)
        .chain(["sm_90a", "sm_100a"].map(after_refusals))
        .collect()
});

/// A planner on a GPU that has refused some kernels and loaded others.
fn after_refusals(arch: &str) -> Place {
    let spec = usual();
    let planner = planner(&spec, arch);
    let is = |kernel, cluster, items| {
        move |v: &&Variant| (v.kernel, v.cluster, v.items) == (kernel, cluster, items)
    };
    let variants = spec.variants();
    let all = |is: &dyn Fn(&&Variant) -> bool| variants.iter().filter(is).collect::<Vec<_>>();
    for loaded in all(&is(KernelKind::ClusterFilter, 16, 32)) {
        planner.tried().accept(loaded);
    }
    for refused in all(&is(KernelKind::ClusterResident, 8, 16)) {
        planner.refuse(refused, Refusal::NoRoom);
    }
    for refused in all(&is(KernelKind::GridFilter, 1, 32)) {
        planner.refuse(refused, Refusal::Unusable);
    }
    (false, planner)
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 1000, failure_persistence: None, ..Default::default() })]

    #[test]
    fn every_plan_is_foreseen(
        dtype in proptest::sample::select(DType::ALL.to_vec()),
        place in 0..10usize,
        narrower in 0..4u32,
        (rows, row) in range(LIMIT),
        (columns, column) in range(LIMIT),
        ((first, last), k) in range(8192),
    ) {
        let (is_narrow, planner) = &PLANNERS[place];
        let k = if *is_narrow { [64, 1000, 4096][k % 3] } else { k.max(1) as u32 };
        let ks = k.min(first as u32)..=k.max(last as u32);
        let workload = Workload::new(dtype, rows.0..=rows.1, columns.0..=columns.1, ks);
        let foreseen = planner.reach(&workload).unwrap();
        let problem = Problem::new(dtype, row, column, k).dense_aligned();
        let problem = Problem { vec_size: (problem.vec_size >> narrower).max(1), ..problem };
        let plan = planner.plan(&problem).unwrap();
        prop_assert!(foreseen.contains(&plan.variant), "{problem} by {}", plan.variant);
        for (place, variant) in foreseen.iter().enumerate() {
            prop_assert!(planner.spec().contains(variant) && !foreseen[..place].contains(variant));
        }
    }
}

/// The rules name one variant between two of their edges: at all sizes near the edges, and at every
/// number of rows.
#[test]
fn rules_change_at_their_edges_alone() {
    let near = |size: usize| [size - 1, size, size + 1];
    let columns: Vec<usize> = (1..=400)
        .chain((404..=1028).step_by(4))
        .map(|part| part * 512)
        .chain([1 << 20, 1 << 22, 1 << 23, 1 << 24, LIMIT - 1])
        .flat_map(near)
        .collect();
    let few_columns = [1, 9000, 20_000, 40_000, 70_000, 200_000, 500_000, 1 << 24];
    let few_rows = [0, 1, 4, 5, 8, 15, 20, 30, 42, 66, 100, 1000];
    for (is_narrow, planner) in PLANNERS.iter() {
        let Planner { spec, limits, .. } = planner;
        // Rules go by the bytes of a dtype.
        for dtype in [DType::F32, DType::Bf16, DType::F16, DType::I8] {
            let edges = rules::edges(spec, dtype, limits);
            let place = |axis: usize, size: usize| {
                let last = edges[axis].iter().filter(|&&edge| edge < size).max();
                last.copied()
            };
            let mut named = HashMap::new();
            let mut check = |rows, columns, k: u32| {
                let between = (place(0, rows), place(1, columns), place(2, k as usize));
                let problem = Problem::new(dtype, rows, columns, k);
                let variant = rules::variant(spec, &problem, limits, planner.tried());
                let known = *named.entry(between).or_insert(variant);
                assert_eq!(known, variant, "{problem}, narrow: {is_narrow}");
            };
            for k in [64, 2048, 2049] {
                for rows in few_rows {
                    columns.iter().for_each(|&columns| check(rows, columns, k));
                }
                for rows in 0..=600 {
                    few_columns.iter().for_each(|&columns| check(rows, columns, k));
                }
            }
        }
    }
}

/// The kernels of a fine grid over a workload, by asking each plan.
fn asked(planner: &Planner, workload: &Workload) -> Vec<Variant> {
    let (low, high) = (workload.end(false), workload.end(true));
    let steps = |low: usize, high: usize| {
        let (low, high) = ((low as f64).log2(), (high as f64).log2());
        (0..=64).map(move |step| (low + (high - low) * f64::from(step) / 64.0).exp2() as usize)
    };
    let mut all = Vec::new();
    for rows in steps(low.rows, high.rows) {
        for columns in steps(low.columns, high.columns) {
            for k in [512, 1024, 2048] {
                let problem = Problem::new(low.dtype, rows, columns, k);
                let variant = planner.plan(&problem).unwrap().variant;
                if !all.contains(&variant) {
                    all.push(variant);
                }
            }
        }
    }
    all
}

#[test]
fn few_kernels_are_foreseen_in_vain() {
    let spec = SelectorSpec::builder("Indexer").dtype(DType::ALL).k([512, 1024, 2048]);
    let spec = spec.build().unwrap();
    let planner = planner(&spec, "sm_90a");
    for dtype in [DType::F32, DType::Bf16] {
        for rows in [1..=1, 1..=32, 1..=1024] {
            let workload = Workload::new(dtype, rows, 8192..=256_000, 512..=2048);
            let foreseen = planner.reach(&workload).unwrap();
            let asked = asked(&planner, &workload);
            assert!(asked.iter().all(|variant| foreseen.contains(variant)), "{workload}");
            let (needed, named) = (asked.len(), foreseen.len());
            assert!(named <= needed + 1 + needed / 3, "{workload}: {named} named, {needed} seen");
            assert!(
                named
                    < planner
                        .times(&Problem::new(dtype, 1, 8192, 512))
                        .unwrap()
                        .lattice
                        .variants
                        .len()
            );
        }
    }
}

#[test]
fn one_problem_needs_the_kernel_of_its_plan() {
    let spec = usual();
    let planner = planner(&spec, "sm_90a");
    let problem = Problem::new(DType::Bf16, 32, 131_072, 512);
    let plan = planner.plan(&problem).unwrap();
    assert_eq!(planner.reach(&problem.into()).unwrap(), [plan.variant]);
}

#[test]
fn what_the_gpu_refused_is_not_foreseen_and_its_substitute_is() {
    let spec = usual();
    let planner = planner(&spec, "sm_90a");
    let workload = Workload::new(DType::F32, 1..=4, 65_536..=1 << 20, 512..=1024);
    let before = planner.reach(&workload).unwrap();
    let cluster = before.iter().find(|v| v.kernel == KernelKind::ClusterFilter).unwrap();
    planner.refuse(cluster, Refusal::NoRoom);
    let after = planner.reach(&workload).unwrap();
    assert!(!after.contains(cluster) && !after.is_empty(), "{after:?}");
}

#[test]
fn what_was_not_declared_is_refused_and_nothing_needs_nothing() {
    let spec = narrow();
    let planner = planner(&spec, "sm_90a");
    let reach = |rows, columns, k| planner.reach(&Workload::new(DType::F32, rows, columns, k));
    let error = reach(1..=2, 1..=8, 65..=999).unwrap_err().to_string();
    assert!(error.contains("[64, 1000, 4096]") && error.contains("65"), "{error}");
    let error = reach(1..=2, 1..=1 << 31, 64..=64).unwrap_err().to_string();
    assert!(error.contains("2147483648"), "{error}");
    #[allow(clippy::reversed_empty_ranges, reason = "that is the case")]
    let none = reach(2..=1, 1..=8, 64..=64).unwrap();
    assert_eq!(none, []);
}
