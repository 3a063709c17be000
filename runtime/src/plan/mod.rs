//! The plan of a launch: the kernel that serves a problem, with its grid, cluster and workspace.
//!
//! Plain data, by arithmetic on the spec, the problem and a GPU's [`Limits`]: no device is asked here
//! and nothing is measured. `planner` chooses, by the `measured` times or by `rules`; both leave out the
//! variants that were `tried` and refused. `layout` gives the plan of a launch, and `explain` gives the
//! reasons for a plan. `uncovered` names the problems that packs cannot serve. A problem that cannot be launched is an error with its numbers.

mod error;
mod explain;
pub(crate) mod launch;
mod layout;
mod limits;
pub(crate) mod measured;
mod packed;
mod planner;
mod rules;
mod serialize;
mod tried;
mod uncovered;

pub use error::PlanError;
pub use explain::{Basis, Expected, Explanation, Hysteresis, Measured, Narrowed, Reason};
pub use launch::VariantLaunch;
pub use limits::Limits;
#[cfg(feature = "tune")]
pub(crate) use measured::hysteresis::CLEAR;
pub(crate) use measured::shipped::{GpuTable, Here};
#[cfg(feature = "tune")]
pub(crate) use measured::table::Table;
pub(crate) use planner::Planner;
#[cfg(feature = "tune")]
pub(crate) use rules::clusters_at_once;
pub(crate) use tried::{Refusal, Tried};
pub use uncovered::Uncovered;
pub(crate) use uncovered::uncovered;

use crate::problem::{LIMIT, Problem};
use std::sync::Arc;
use topkit_codegen::{Fault, SelectorSpec, SpecError, Variant};

/// The variant that serves a problem, with its grid, cluster and workspace.
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Serialize)]
#[non_exhaustive]
pub struct Plan {
    /// The problem it was made for.
    pub problem: Problem,
    /// The kernel with its sizes.
    #[serde(serialize_with = "serialize::variant")]
    pub variant: Variant,
    /// The launch may begin before the previous one on the stream has ended (programmatic dependent
    /// launch, PDL). The kernel waits for that end before it touches memory, so the order of the
    /// stream is kept.
    pub pdl: bool,
    /// CTAs of the launch, all together.
    pub grid: u32,
    /// CTAs that share a row, launched as one cluster; 1 without clusters.
    pub cluster: u32,
    /// Bytes of device memory that the launch works in, from the caller.
    pub workspace_bytes: usize,
    /// How many of them, from the first on, are zero before the first launch; every launch leaves
    /// them so.
    pub zeroed_bytes: usize,
}

impl Plan {
    /// Plans a problem of a selector by built-in rules. It needs no engine, no GPU and no compiler.
    /// [`Selector::plan`](crate::Selector::plan) uses measured times too.
    ///
    /// # Errors
    /// The spec has faults, the dtype or k was not declared, or a shape is beyond 2^31 - 1.
    pub fn of(spec: &SelectorSpec, problem: &Problem, limits: &Limits) -> Result<Plan, PlanError> {
        is_sound(spec)?;
        Planner::new(Arc::new(spec.clone()), *limits, None).plan(problem)
    }

    /// The variant, and whether it is launched with PDL.
    pub fn launch(&self) -> VariantLaunch {
        VariantLaunch { variant: self.variant, pdl: self.pdl }
    }

    /// The plan for a problem by one variant. It uses PDL where the kernel and the GPU support it.
    ///
    /// # Errors
    /// There is no such kernel, or it cannot serve the problem, or not within the limits; the error
    /// says why.
    pub fn with(problem: &Problem, variant: &Variant, limits: &Limits) -> Result<Plan, PlanError> {
        match &variant.validate()[..] {
            [] => {
                problem.check()?;
                Plan::of_variant(problem, variant, limits)
            }
            faults => Err(PlanError::Unfit {
                variant: Box::new(*variant),
                problem: *problem,
                reason: faults.iter().map(Fault::to_string).collect::<Vec<_>>().join("; "),
            }),
        }
    }

    /// As [`Plan::with`], for a sound variant and a problem that was checked.
    pub(crate) fn of_variant(
        problem: &Problem,
        variant: &Variant,
        limits: &Limits,
    ) -> Result<Plan, PlanError> {
        let unfit =
            |reason| PlanError::Unfit { variant: Box::new(*variant), problem: *problem, reason };
        if variant.dtype != problem.dtype {
            return Err(unfit(format!("it serves {}", variant.dtype)));
        }
        if let Some(most) = variant.capacity().filter(|most| problem.columns > *most as usize) {
            return Err(unfit(format!("it serves at most {most} columns")));
        }
        if let Some(lack) = limits.lacks(variant.kernel.launches_as()) {
            return Err(unfit(format!("it needs {lack}, which the GPU does not have")));
        }
        let (needed, granted) = (variant.needed_shared_bytes(), limits.shared_bytes_per_cta);
        if needed > granted {
            return Err(unfit(format!(
                "it may need {needed} bytes of shared memory, and the GPU grants a CTA {granted}"
            )));
        }
        if let Some(most) = variant.kernel.most_k().filter(|most| problem.k > *most) {
            return Err(unfit(format!("it selects at most {most} of a row")));
        }
        let rows = problem.rows as u64;
        let grid = variant.grid(rows, limits.multiprocessors);
        if grid > LIMIT as u64 {
            return Err(unfit(format!("it takes {grid} CTAs, and a launch has at most {LIMIT}")));
        }
        Ok(Plan {
            problem: *problem,
            variant: *variant,
            pdl: variant.kernel.pdl() && limits.pdl,
            grid: grid as u32,
            cluster: variant.cluster,
            workspace_bytes: variant.workspace_bytes(rows, grid) as usize,
            zeroed_bytes: variant.zeroed_bytes().min(variant.workspace_bytes(rows, grid)) as usize,
        })
    }
}

/// Refuses a spec with faults: sizes that no kernel has make no plan.
fn is_sound(spec: &SelectorSpec) -> Result<(), PlanError> {
    let faults = spec.validate();
    if faults.is_empty() { Ok(()) } else { Err(SpecError { faults }.into()) }
}

/// Refuses a problem that the selector was not declared for.
pub(crate) fn accepts(spec: &SelectorSpec, problem: &Problem) -> Result<(), PlanError> {
    problem.check()?;
    if !spec.dtype.contains(&problem.dtype) {
        let declared: Vec<_> = spec.dtype.iter().map(|dtype| dtype.name()).collect();
        return Err(PlanError::DType {
            selector: spec.name.to_string(),
            declared: declared.join(", "),
            dtype: problem.dtype,
        });
    }
    if !spec.k.contains(problem.k) {
        return Err(PlanError::K {
            selector: spec.name.to_string(),
            declared: spec.k.clone(),
            k: problem.k,
        });
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use topkit_codegen::{Arch, DType, KernelKind};

    fn spec(vec_size: &[u32]) -> SelectorSpec {
        SelectorSpec::builder("Test")
            .dtype([DType::F32, DType::Bf16])
            .k([512, 2048])
            .vec_size(vec_size)
            .threads([256, 1024])
            .build()
            .unwrap()
    }

    fn h200() -> Limits {
        Limits::of_arch(Arch::of_device(9, 0))
    }

    fn explain(spec: &SelectorSpec, problem: &Problem) -> Explanation {
        Explanation::of(spec, problem, &h200()).unwrap()
    }

    #[test]
    fn the_plan_is_declared_and_says_why() {
        let spec = spec(&[1, 2, 4, 8]);
        for (dtype, vec_size) in [(DType::F32, 4), (DType::Bf16, 8)] {
            let problem = Problem::new(dtype, 32, 131072, 512);
            let plan = Plan::of(&spec, &problem, &h200()).unwrap();
            assert!(spec.contains(&plan.variant));
            assert_eq!((plan.variant.vec_size, plan.variant.threads), (vec_size, 1024));
            assert_eq!((plan.grid, plan.cluster, plan.workspace_bytes), (32, 1, 0));
            let text = explain(&spec, &problem).to_string();
            for part in ["top 512 of 32 x 131072", "16 bytes", "one a row", "an H200-like device"] {
                assert!(text.contains(part), "{part} is not in {text}");
            }
        }
    }

    #[test]
    fn a_plan_for_a_gpu_names_no_other() {
        let limits = Limits { stand_in: None, ..h200() };
        let problem = Problem::new(DType::F32, 1, 8, 512);
        let text = Explanation::of(&spec(&[4]), &problem, &limits).unwrap().to_string();
        assert!(!text.contains("-like") && text.contains("measurement on this device"), "{text}");
    }

    #[test]
    fn an_axis_without_the_wanted_value_gives_its_nearest() {
        let problem = Problem::new(DType::Bf16, 1000, 100, 512);
        let explanation = explain(&spec(&[1, 4]), &problem);
        assert_eq!(explanation.plan.variant.vec_size, 4);
        assert_eq!(explanation.plan.variant.threads, 256);
        assert!(explanation.to_string().contains("8 is wanted and [1, 4] are declared"));
    }

    #[test]
    fn many_rows_are_many_for_the_gpu_at_hand() {
        let problem = Problem::new(DType::F32, 100, 131072, 512);
        let threads = |limits| Plan::of(&spec(&[4]), &problem, &limits).unwrap().variant.threads;
        assert_eq!(threads(h200()), 1024);
        assert_eq!(threads(Limits { multiprocessors: 40, ..h200() }), 256);
    }

    #[test]
    fn what_was_not_declared_is_refused_with_the_numbers() {
        let spec = spec(&[8]);
        let refused = |problem| Plan::of(&spec, &problem, &h200()).unwrap_err().to_string();
        let dtype = refused(Problem::new(DType::F16, 1, 8, 512));
        assert!(dtype.contains("Test serves f32, bf16, not f16"), "{dtype}");
        let k = refused(Problem::new(DType::F32, 1, 8, 100));
        assert!(k.contains("[512, 2048]") && k.contains("not 100"), "{k}");
        let columns = refused(Problem::new(DType::F32, 1, 1 << 31, 512));
        assert!(columns.contains("columns is 2147483648") && columns.contains("2147483647"));
    }

    #[test]
    fn a_kernel_that_cannot_serve_the_problem_is_refused_with_the_reason() {
        let variants = spec(&[8]).variants();
        let resident = |v: &&Variant| {
            v.kernel == KernelKind::BlockResident && v.dtype == DType::Bf16 && v.threads == 256
        };
        let variant = variants.iter().find(resident).unwrap();
        let refused = |problem| Plan::with(&problem, variant, &h200()).unwrap_err().to_string();
        let dtype = refused(Problem::new(DType::F32, 1, 8, 512));
        assert!(dtype.contains("cannot serve top 512 of 1 x 8 f32: it serves bf16"), "{dtype}");
        let columns = refused(Problem::new(DType::Bf16, 1, 2049, 512));
        assert!(columns.contains("it serves at most 2048 columns"), "{columns}");
        assert!(Plan::with(&Problem::new(DType::Bf16, 1, 2048, 512), variant, &h200()).is_ok());
    }

    #[test]
    fn an_unsound_variant_or_spec_is_refused_with_its_faults() {
        let spec = spec(&[1, 4, 8]);
        let problem = Problem::new(DType::F32, 3, 1 << 20, 512);
        for kernel in KernelKind::ALL {
            let variants = spec.variants();
            let sound = *variants.iter().find(|v| v.kernel == *kernel).unwrap();
            for size in [0, 3, 1 << 31, u32::MAX] {
                for unsound in [
                    Variant { vec_size: size, ..sound },
                    Variant { bins: size, ..sound },
                    Variant { threads: size, ..sound },
                    Variant { items: size, cluster: size, ..sound },
                    Variant { cluster: size.wrapping_add(18), ..sound },
                    Variant { threads: size, items: size, cluster: size, bins: size, ..sound },
                ] {
                    let refused = Plan::with(&problem, &unsound, &h200());
                    assert!(matches!(&refused, Err(PlanError::Unfit { .. })), "{refused:?}");
                }
            }
        }
        let huge = Variant { threads: u32::MAX, ..spec.variants()[0] };
        let said = Plan::with(&problem, &huge, &h200()).unwrap_err().to_string();
        assert!(said.contains("`threads: 4294967295` is not a CTA size"), "{said}");
        for threads in [vec![u32::MAX], vec![0], vec![]] {
            let unsound = SelectorSpec { threads: threads.into(), ..spec.clone() };
            let refused = Plan::of(&unsound, &problem, &h200());
            assert!(matches!(&refused, Err(PlanError::Spec(_))), "{refused:?}");
            let refused = Explanation::of(&unsound, &problem, &h200());
            assert!(matches!(&refused, Err(PlanError::Spec(_))), "{refused:?}");
        }
    }
}
