//! The problems of a workload that none of some variants can serve, as ranges, each with the reasons.
//!
//! Whether a variant can serve a problem depends on sizes alone, and changes at few of them: one problem between two
//! changes represents all. A variant that a GPU would refuse when it is loaded counts as one that can serve. It
//! plans nothing, and asks neither a device nor a pack.

use super::measured::reach::{Region, first, parts};
use super::{Limits, Plan, PlanError, accepts};
use crate::problem::{Problem, Workload};
use std::collections::BTreeMap;
use std::fmt;
use topkit_codegen::{SelectorSpec, Variant};

/// Problems that no packed kernel can serve.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Uncovered {
    /// The problems.
    pub problems: Workload,
    /// Why they are not served, a sentence each: of every packed kernel its reason, or where packs have no kernel
    /// of this selector for the dtype, why they have none.
    pub why: Vec<String>,
}

impl fmt::Display for Uncovered {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.problems)?;
        self.why.iter().try_for_each(|why| write!(f, "\n  {why}"))
    }
}

/// The parts of a workload that no variant can serve.
///
/// # Errors
/// The dtype or none of the k was declared, or a shape is beyond 2^31 - 1.
pub(crate) fn uncovered(
    spec: &SelectorSpec,
    workload: &Workload,
    variants: &[Variant],
    limits: &Limits,
) -> Result<Vec<Uncovered>, PlanError> {
    if workload.is_empty() {
        return Ok(Vec::new());
    }
    workload.end(true).check()?;
    let parts = parts(spec, workload, variants.iter());
    // Without a k that was declared there is no part, and this is the error.
    let tried = parts.first().map_or_else(|| workload.end(true), |part| first(workload, part));
    accepts(spec, &tried)?;
    let mut found: Vec<(Region, Vec<String>)> = Vec::new();
    for part in parts {
        let problem = first(workload, &part).of_selector(spec);
        if let Some(why) = refusals(&problem, variants, limits) {
            found.push((part, why));
        }
    }
    let part = |([rows, columns, k], why): (Region, Vec<String>)| {
        let k = k.0 as u32..=k.1 as u32;
        let problems = Workload::new(workload.dtype, rows.0..=rows.1, columns.0..=columns.1, k);
        Uncovered { problems, why }
    };
    Ok(joined(found).into_iter().map(part).collect())
}

/// Why no variant can serve a problem, a sentence for each kernel; `None` if one can.
fn refusals(problem: &Problem, variants: &[Variant], limits: &Limits) -> Option<Vec<String>> {
    let mut nearest: BTreeMap<&str, (u32, String)> = BTreeMap::new();
    for variant in variants.iter().filter(|variant| variant.dtype == problem.dtype) {
        let reason = match Plan::of_variant(problem, variant, limits) {
            Ok(_) => return None,
            Err(PlanError::Unfit { reason, .. }) => reason,
            Err(other) => other.to_string(),
        };
        // Of the variants of a kernel, the one for the longest rows is the nearest to serving it.
        let capacity = variant.capacity().unwrap_or(u32::MAX);
        let told = nearest.entry(variant.kernel.name()).or_default();
        if told.1.is_empty() || capacity > told.0 {
            *told = (capacity, reason);
        }
    }
    Some(nearest.into_iter().map(|(kernel, (_, reason))| format!("{kernel}: {reason}")).collect())
}

/// Neighbours with the same reasons as one part.
fn joined(mut parts: Vec<(Region, Vec<String>)>) -> Vec<(Region, Vec<String>)> {
    let mut one = 0;
    while one < parts.len() {
        let neighbour = (one + 1..parts.len()).find_map(|other| {
            let region = union(&parts[one].0, &parts[other].0)?;
            (parts[one].1 == parts[other].1).then_some((other, region))
        });
        match neighbour {
            Some((other, region)) => {
                parts.remove(other);
                parts[one].0 = region;
                // The larger part may have neighbours among those before it.
                one = 0;
            }
            None => one += 1,
        }
    }
    parts
}

/// Two regions as one, where they differ in one axis alone and are next to each other there.
fn union(one: &Region, other: &Region) -> Option<Region> {
    let differs = |axis: &usize| one[*axis] != other[*axis];
    let mut axes = (0..3).filter(differs);
    let (axis, None) = (axes.next()?, axes.next()) else { return None };
    let (low, high) = if one[axis] < other[axis] { (one, other) } else { (other, one) };
    let mut region = *one;
    region[axis] = (low[axis].0, high[axis].1);
    (low[axis].1 + 1 == high[axis].0).then_some(region)
}

#[cfg(test)]
mod tests {
    use super::*;
    use topkit_codegen::{Arch, DType, KernelKind};

    fn spec() -> SelectorSpec {
        SelectorSpec::builder("Test").dtype([DType::F32, DType::Bf16]).k(1..=4096).build().unwrap()
    }

    fn limits(arch: &str) -> Limits {
        Limits::of_arch(arch.parse::<Arch>().unwrap())
    }

    fn of(kernels: &[KernelKind]) -> Vec<Variant> {
        let mut variants = spec().variants();
        variants.retain(|variant| kernels.contains(&variant.kernel));
        variants
    }

    fn workload(rows: usize, columns: usize, k: u32) -> Workload {
        Workload::new(DType::F32, 1..=rows, 1..=columns, 1..=k)
    }

    #[test]
    fn what_is_left_over_is_told_in_whole_ranges() {
        let range = workload(64, 131_072, 2048);
        let of = |kernels: &[KernelKind], arch| {
            uncovered(&spec(), &range, &of(kernels), &limits(arch)).unwrap()
        };
        assert_eq!(of(&[KernelKind::BlockRadix], "sm_90a"), []);
        let resident = of(&[KernelKind::WarpResident, KernelKind::BlockResident], "sm_90a");
        let [left] = &resident[..] else { panic!("{resident:?}") };
        let due = Workload::new(DType::F32, 1..=64, 32_769..=131_072, 1..=2048);
        assert_eq!(left.problems, due);
        assert_eq!(
            left.why,
            [
                "block_resident: it serves at most 32768 columns",
                "warp_resident: it serves at most 1024 columns"
            ]
        );
        // Without clusters nothing is left of such a pack.
        let all = of(&[KernelKind::ClusterFilter], "sm_80");
        let [left] = &all[..] else { panic!("{all:?}") };
        assert_eq!(left.problems, range);
        assert!(left.why[0].contains("thread block clusters"), "{left}");
        let none = of(&[], "sm_90a");
        assert!(none[0].problems == range && none[0].why.is_empty(), "{none:?}");
    }

    /// Every problem of a grid is left out exactly where no variant has a plan for it.
    #[test]
    fn a_problem_is_left_out_where_no_variant_serves_it() {
        let most = i32::MAX as usize;
        let range = workload(most, 1 << 20, 4096);
        for kernels in [
            &[KernelKind::WarpResident][..],
            &[KernelKind::BlockFilter, KernelKind::BlockResident],
            &[KernelKind::ClusterResident, KernelKind::ClusterFilter],
        ] {
            for step in [1, 7] {
                let limits = limits("sm_90a");
                let variants: Vec<_> = of(kernels).into_iter().step_by(step).collect();
                let left = uncovered(&spec(), &range, &variants, &limits).unwrap();
                let mut served = [0, 0];
                for rows in [1, 8, most / 16, most / 16 + 1, most / 3, most] {
                    for columns in [1, 1000, 1024, 1025, 32_768, 32_769, 1 << 19, 1 << 20] {
                        for k in [1, 2048, 2049, 4096] {
                            let problem = Problem::new(DType::F32, rows, columns, k);
                            let plan = |v: &Variant| Plan::of_variant(&problem, v, &limits).is_ok();
                            let due = variants.iter().any(plan);
                            let within = |uncovered: &&Uncovered| {
                                let Workload { rows: r, columns: c, k: ks, .. } =
                                    &uncovered.problems;
                                r.contains(&rows) && c.contains(&columns) && ks.contains(&k)
                            };
                            let lying = left.iter().filter(within).count();
                            assert_eq!(lying, usize::from(!due), "{kernels:?} {problem}");
                            served[usize::from(due)] += 1;
                        }
                    }
                }
                assert!(served[0] > 0 && served[1] > 0, "{kernels:?} {served:?}");
            }
        }
    }

    #[test]
    fn what_was_not_declared_is_refused() {
        let spec = SelectorSpec { k: [8].into(), ..spec() };
        let of = |range: &Workload| uncovered(&spec, range, &spec.variants(), &limits("sm_90a"));
        assert_eq!(of(&workload(1, 8, 64)).unwrap(), []);
        assert!(matches!(of(&workload(1, 8, 4)), Err(PlanError::K { .. })));
        let dtype = Workload { dtype: DType::F16, ..workload(1, 8, 8) };
        assert!(matches!(of(&dtype), Err(PlanError::DType { .. })));
        assert!(matches!(of(&workload(1, 1 << 31, 8)), Err(PlanError::TooLarge(_))));
    }
}
