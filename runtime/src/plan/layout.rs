//! The plan of a launch, among the plans of its shape.
//!
//! A plan depends on the alignment of the rows: dense rows and the same rows padded to 16 bytes may
//! have different kernels. Every kernel serves every alignment, so the plan of one alignment serves the
//! others. A launch takes the plan of its own alignment if the kernel is loaded and the workspace
//! suffices; otherwise it takes the plan of another alignment for which both hold. So a launch needs the
//! kernel and the workspace of any one plan of its shape.

use super::{Plan, PlanError};
use crate::problem::Problem;
use topkit_codegen::Variant;

/// The plan of a launch.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Taken {
    /// The plan.
    pub(crate) plan: Plan,
    /// It is the plan of the problem's own alignment.
    pub(crate) own: bool,
}

/// The plan for the launch of a problem with so many bytes of workspace, among the plans of the shape's
/// problems. If no kernel is loaded, it is the first plan whose workspace suffices. If no workspace
/// suffices, it is the problem's own plan, which tells the bytes that are needed.
///
/// # Errors
/// An error of a plan.
pub(super) fn plan_launch(
    problem: &Problem,
    workspace_bytes: usize,
    plan: impl Fn(&Problem) -> Result<Plan, PlanError>,
    is_loaded: impl Fn(&Variant) -> bool,
) -> Result<Taken, PlanError> {
    let own = plan(problem)?;
    let fits = |plan: &Plan| plan.workspace_bytes <= workspace_bytes;
    if fits(&own) && is_loaded(&own.variant) {
        return Ok(Taken { plan: own, own: true });
    }
    let mut first = fits(&own).then_some(own);
    for other in problem.alignments().filter(|other| other.vec_size != problem.vec_size) {
        let other = Plan { problem: own.problem, ..plan(&other)? };
        if fits(&other) {
            if is_loaded(&other.variant) {
                return Ok(Taken { plan: other, own: false });
            }
            first.get_or_insert(other);
        }
    }
    let plan = first.unwrap_or(own);
    Ok(Taken { plan, own: plan == own })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::plan::{GpuTable, Here, Limits, Planner};
    use std::sync::Arc;
    use topkit_codegen::{Arch, DType, SelectorSpec};

    struct Place(Planner);

    /// By the table that ships for sm_90.
    fn place() -> Place {
        let spec = SelectorSpec::builder("Dense").dtype(DType::ALL).k(1..=8192).build().unwrap();
        let arch = Arch::of_device(9, 0);
        let limits = Limits::of_arch(arch);
        let here = Here { name: None, arch, multiprocessors: limits.multiprocessors };
        let table = GpuTable::shipped(here).map(Arc::new);
        Place(Planner::new(Arc::new(spec), limits, table))
    }

    impl Place {
        fn plan(&self, problem: &Problem) -> Result<Plan, PlanError> {
            self.0.plan(problem)
        }

        /// The plan of a launch that has the kernel and the workspace of another plan, and no more.
        fn launch(&self, problem: &Problem, prepared: &Plan) -> Plan {
            let is_loaded = |variant: &Variant| *variant == prepared.variant;
            let plan = |problem: &Problem| self.plan(problem);
            plan_launch(problem, prepared.workspace_bytes, plan, is_loaded).unwrap().plan
        }
    }

    /// 672 shapes of measured dtypes: rows of every length modulo 16 bytes, some of them odd.
    fn shapes() -> Vec<Problem> {
        let mut shapes = Vec::new();
        for dtype in [DType::F32, DType::Bf16, DType::F16] {
            for rows in [1, 2, 8, 32, 64, 128, 256] {
                for columns in [5001, 8192, 16_385, 65_538, 131_073, 256_004, 524_289, 1_048_577] {
                    for k in [64, 512, 2048, 4096] {
                        shapes.push(Problem::new(dtype, rows, columns, k));
                    }
                }
            }
        }
        assert_eq!(shapes.len(), 672);
        shapes
    }

    /// A shape in every layout that it can have: the first score aligned in every way, rows tight,
    /// padded, apart and in reverse.
    fn layouts(shape: &Problem) -> Vec<Problem> {
        let columns = shape.columns as i64;
        let padded = (columns + 15) / 16 * 16;
        let strides = [columns, padded, padded + 2, padded + 4, padded + 8, -padded, 1 - columns];
        let addresses = [256, 128 + 2 * u64::from(shape.dtype.bytes()), 256 + 8];
        let of = |address| strides.map(|stride| shape.at(address, stride));
        addresses.into_iter().flat_map(of).collect()
    }

    #[test]
    fn a_launch_needs_no_more_than_what_was_prepared_for_its_shape_in_any_layout() {
        let place = place();
        let mut differ = 0;
        for shape in shapes() {
            let layouts = layouts(&shape);
            let plans: Vec<Plan> = layouts.iter().map(|l| place.plan(l).unwrap()).collect();
            differ += usize::from(plans.iter().any(|plan| plan.variant != plans[0].variant));
            for prepared in &plans {
                for (problem, own) in layouts.iter().zip(&plans) {
                    let taken = place.launch(problem, prepared);
                    assert_eq!(taken.variant, prepared.variant, "{problem}");
                    assert!(taken.workspace_bytes <= prepared.workspace_bytes, "{problem}");
                    assert_eq!(taken.problem, own.problem);
                }
            }
        }
        assert!(differ > 0, "no shape has two plans");
        println!("{differ} of 672 shapes have more than one plan");
    }

    #[test]
    fn a_launch_with_the_memory_of_any_layout_lacks_none_though_nothing_is_loaded() {
        let place = place();
        for shape in shapes() {
            let layouts = layouts(&shape);
            let plans: Vec<Plan> = layouts.iter().map(|l| place.plan(l).unwrap()).collect();
            for bytes in plans.iter().map(|plan| plan.workspace_bytes) {
                for (problem, own) in layouts.iter().zip(&plans) {
                    let plan = |problem: &Problem| place.plan(problem);
                    let taken = plan_launch(problem, bytes, plan, |_| false).unwrap().plan;
                    assert!(taken.workspace_bytes <= bytes, "{problem} with {bytes} bytes");
                    if own.workspace_bytes <= bytes {
                        assert_eq!(taken, *own, "{problem}");
                    }
                }
            }
        }
    }

    #[test]
    fn rows_padded_to_16_bytes_go_by_the_plan_of_tight_rows() {
        let place = place();
        // The padded rows want a workspace, for which nobody could know.
        let both = |tight: Problem| {
            let padded = tight.at(0, (tight.columns as i64 + 15) / 16 * 16);
            [tight, padded].map(|problem| (problem, place.plan(&problem).unwrap()))
        };
        let [(_, tight_plan), (padded, own)] = shapes()
            .into_iter()
            .map(both)
            .find(|[(_, tight), (_, padded)]| {
                tight.workspace_bytes == 0 && padded.workspace_bytes > 0
            })
            .expect("the table no longer has this case");
        let taken = place.launch(&padded, &tight_plan);
        assert_eq!(taken.launch(), tight_plan.launch());
        // With the workspace and the kernel of its own plan, a launch takes that plan.
        assert_eq!(place.launch(&padded, &own), own);
        // With neither the kernel nor the memory of any plan, the error is about its own.
        let huge = |_: &Problem| Ok(Plan { workspace_bytes: 1 << 30, ..own });
        assert_eq!(plan_launch(&padded, 0, huge, |_| false).unwrap().plan.workspace_bytes, 1 << 30);
    }
}
