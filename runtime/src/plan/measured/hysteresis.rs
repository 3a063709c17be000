//! Own records displace the variant that is planned without them only if they are clearly faster.
//!
//! It works on the points of one selector before the planner uses them, so that plans, explanations and
//! `reach` agree. Where the records lack the variant that is planned without them, the fastest record
//! counts. Shipped tables are made without it. It measures nothing and cannot fail.

use super::shipped::GpuTable;
use super::table::Point;
use crate::plan::{Hysteresis, Limits, Planner, VariantLaunch};
use crate::problem::Problem;
use std::borrow::Cow;
use std::sync::Arc;
use topkit_codegen::{SelectorSpec, Variant};

/// Times that differ by a smaller part are taken to be equal. One kernel that is timed twice on one
/// GPU differs by 1.3 in 100 at the 95th percentile, so that less than this is mostly noise.
pub(crate) const CLEAR: f64 = 0.02;

/// A variant that is no faster than the kept one is taken to be slower by this part: more than the
/// rounding of sums of logarithms in `lattice`.
const BEHIND: f64 = 1e-4;

impl GpuTable {
    /// The same with own records that displace the variant planned without them only where they are
    /// clearly faster.
    pub(crate) fn settled(&self, spec: &Arc<SelectorSpec>, limits: &Limits) -> Cow<'_, GpuTable> {
        if self.own == 0 {
            return Cow::Borrowed(self);
        }
        let mut shipped = self.clone();
        shipped.points.drain(..self.own);
        shipped.own = 0;
        let planner = Planner::new(spec.clone(), *limits, Some(Arc::new(shipped)));
        let mut settled = self.clone();
        for (point, _) in settled.points.iter_mut().take(self.own) {
            let problem = point.problem.of_selector(spec);
            if spec.dtype.contains(&problem.dtype)
                && let Ok(plan) = planner.unpacked(&problem)
            {
                settled.kept.extend(keep(point, plan.launch(), spec));
            }
        }
        Cow::Owned(settled)
    }
}

/// Puts a variant first among the times of a point, unless another of the selector is clearly faster.
fn keep(point: &mut Point, launch: VariantLaunch, spec: &SelectorSpec) -> Option<Hysteresis> {
    let Point { problem, times, .. } = point;
    let is_declared = |launch: &VariantLaunch| spec.contains(&spec.own(&launch.variant));
    let plain = launch.plain();
    let (_, least) = *times.iter().find(|(other, _)| is_declared(other))?;
    let (_, us) = *times.iter().find(|(other, _)| *other == plain)?;
    let gain = 1.0 - least / us;
    if gain > CLEAR || least >= us {
        return None;
    }
    for (other, time) in times.iter_mut() {
        if *other != plain {
            *time = time.max(us * (1.0 + BEHIND));
        }
    }
    times.sort_by(|(_, a), (_, b)| a.total_cmp(b));
    Some(Hysteresis { problem: *problem, launch, gain })
}

/// The variant that was kept at a problem, if it is this one.
pub(in crate::plan) fn kept_at(
    kept: &[Hysteresis],
    problem: &Problem,
    variant: &Variant,
) -> Option<Hysteresis> {
    let mut kept = kept.iter();
    kept.find(|kept| kept.problem == *problem && kept.launch.variant == *variant).copied()
}

#[cfg(test)]
#[path = "hysteresis_tests.rs"]
mod tests;
