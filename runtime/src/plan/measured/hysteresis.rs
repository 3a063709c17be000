//! Which of a GPU's own records displace what is picked without them: those that are clearly faster.
//!
//! It works on the points of one selector before `planner` goes by them, so that plans, their words and
//! what `reach` foresees agree. Where the records do not hold what is picked without them, the
//! fastest record stands. Shipped tables are made without it: they hold what was fastest. It measures
//! nothing and cannot fail.

use super::shipped::Holding;
use super::table::Point;
use crate::plan::planner::Planner;
use crate::plan::{Choice, Kept, Limits};
use crate::problem::Problem;
use std::borrow::Cow;
use topkit_codegen::{SelectorSpec, Variant};

/// Times that differ by a smaller part are taken to be equal. One kernel that is timed twice on one
/// GPU differs by 1.3 in 100 at the 95th percentile, so that less than this is mostly noise.
pub(crate) const CLEAR: f64 = 0.02;

/// What is no faster than a kept pick is taken to be slower by so much: more than what sums of
/// logarithms in `lattice` are off by.
const BEHIND: f64 = 1e-4;

impl Holding {
    /// With own records that displace what a selector picks without them where they are clearly
    /// faster, and nowhere else.
    pub(crate) fn settled(&self, spec: &SelectorSpec, limits: &Limits) -> Cow<'_, Holding> {
        if self.own == 0 {
            return Cow::Borrowed(self);
        }
        let mut shipped = self.clone();
        shipped.points.drain(..self.own);
        shipped.own = 0;
        let planner = Planner::new(spec, Some(&shipped));
        let mut settled = self.clone();
        for (point, _) in settled.points.iter_mut().take(self.own) {
            let problem = point.problem.of_selector(spec);
            if spec.dtype.contains(&problem.dtype)
                && let Ok(plan) = planner.pick(spec, &problem, limits)
            {
                settled.kept.extend(keep(point, plan.choice(), spec));
            }
        }
        Cow::Owned(settled)
    }
}

/// Puts a pick first among the times of a point, unless one of the selector is clearly faster.
fn keep(point: &mut Point, choice: Choice, spec: &SelectorSpec) -> Option<Kept> {
    let Point { problem, times } = point;
    let is_member =
        |choice: &Choice| spec.contains(&Variant { semantics: spec.semantics, ..choice.variant });
    let plain = choice.plain();
    let (_, least) = *times.iter().find(|(other, _)| is_member(other))?;
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
    Some(Kept { problem: *problem, choice, gain })
}

/// The pick that was kept at a problem, if it is that one.
pub(in crate::plan) fn kept_at(
    kept: &[Kept],
    problem: &Problem,
    variant: &Variant,
) -> Option<Kept> {
    let mut kept = kept.iter();
    kept.find(|kept| kept.problem == *problem && kept.choice.variant == *variant).copied()
}

#[cfg(test)]
#[path = "hysteresis_tests.rs"]
mod tests;
