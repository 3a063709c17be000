//! Which variant of a selector serves a problem: by the measured table where one applies, else by rules.
//!
//! A planner belongs to one selector on one GPU, and is made once for each selector, so that a plan is a
//! lookup. Of the variants that the table lists and that can serve the problem, it takes the one with
//! the least expected time. Rules serve where there is no table, where the table lists no variant of
//! the selector near the problem, where rows are far shorter than any that were measured, and where rules name
//! `cluster_radix` and the table was measured before there was this kernel. Where
//! packs alone serve, `packed` replaces a variant that no pack has. Its one state is which variants were
//! `tried`: it names a refused variant only where no other can serve. A problem that the selector was
//! not declared for is an error.

use super::layout::{Taken, plan_launch};
use super::measured::hysteresis::kept_at;
use super::measured::lattice::{Lattice, Listed};
use super::measured::layouts::LayoutTimes;
use super::measured::shipped::GpuTable;
use super::packed::Packed;
use super::tried::{Refusal, Tried};
use super::{Basis, Expected, Hysteresis, Limits, Measured, Plan, PlanError, accepts, rules};
use crate::problem::Problem;
use std::sync::Arc;
use topkit_codegen::{KernelKind, SelectorSpec, Variant};

/// The largest cluster that every GPU with clusters has room for.
const PORTABLE_CLUSTER: u32 = 8;

/// Plans the problems of one selector on one GPU.
#[derive(Debug)]
pub(crate) struct Planner {
    pub(super) spec: Arc<SelectorSpec>,
    pub(super) limits: Limits,
    /// The measured points of the selector's program, and those without one.
    pub(super) table: Option<Arc<GpuTable>>,
    times: Vec<LayoutTimes>,
    kept: Vec<Hysteresis>,
    pub(super) tried: Tried,
    pub(super) packed: Option<Packed>,
}

impl Planner {
    /// The planner of a selector on a GPU, by a table where one applies.
    pub(crate) fn new(
        spec: Arc<SelectorSpec>,
        limits: Limits,
        table: Option<Arc<GpuTable>>,
    ) -> Planner {
        let table = table.map(|table| GpuTable::of_program(table, spec.program_id()));
        let (times, kept) = match &table {
            None => (Vec::new(), Vec::new()),
            Some(table) => {
                let settled = table.settled(&spec, &limits);
                (LayoutTimes::all(&spec, &settled), settled.kept.clone())
            }
        };
        Planner { spec, limits, table, times, kept, tried: Tried::default(), packed: None }
    }

    /// The same among packed variants, for an engine without a compiler.
    pub(crate) fn among(mut self, packed: Vec<Variant>) -> Planner {
        for times in &mut self.times {
            for (place, listed) in times.lattice.variants.iter().enumerate() {
                times.absent |= u64::from(!packed.contains(&listed.variant)) << place;
            }
        }
        self.packed = Some(Packed::new(packed));
        self
    }

    /// The selector.
    pub(crate) fn spec(&self) -> &SelectorSpec {
        &self.spec
    }

    /// Refuses a problem that the selector was not declared for, or that no launch can address.
    ///
    /// # Errors
    /// As for [`Planner::plan`].
    pub(crate) fn accepts(&self, problem: &Problem) -> Result<(), PlanError> {
        accepts(&self.spec, problem)
    }

    /// The plan for a problem.
    ///
    /// # Errors
    /// The dtype or k was not declared, or a shape is beyond 2^31 - 1.
    pub(crate) fn plan(&self, problem: &Problem) -> Result<Plan, PlanError> {
        accepts(&self.spec, problem)?;
        self.plan_accepted(problem)
    }

    /// The plan for a launch with so many bytes of workspace: the plan of its own problem, or of the
    /// same shape in another alignment whose variant is loaded and whose workspace suffices. The problem
    /// was [accepted](Planner::accepts).
    ///
    /// # Errors
    /// No variant can serve the problem within the limits.
    pub(crate) fn plan_launch(
        &self,
        problem: &Problem,
        workspace_bytes: usize,
        is_loaded: impl Fn(&Variant) -> bool,
    ) -> Result<Taken, PlanError> {
        plan_launch(problem, workspace_bytes, |problem| self.plan_accepted(problem), is_loaded)
    }

    /// The plan for a problem by one sound variant.
    ///
    /// # Errors
    /// As for [`Planner::plan`]; the variant cannot serve the problem within the limits.
    pub(crate) fn plan_variant(
        &self,
        problem: &Problem,
        variant: &Variant,
    ) -> Result<Plan, PlanError> {
        accepts(&self.spec, problem)?;
        Plan::of_variant(&problem.of_selector(&self.spec), variant, &self.limits)
    }

    fn plan_accepted(&self, problem: &Problem) -> Result<Plan, PlanError> {
        let plan = self.unpacked(&problem.of_selector(&self.spec))?;
        Ok(match &self.packed {
            None => plan,
            Some(packed) => packed.nearest(plan, &self.limits, &self.tried),
        })
    }

    /// The plan for a problem of the selector, of any k, without regard to packs.
    pub(super) fn unpacked(&self, problem: &Problem) -> Result<Plan, PlanError> {
        if let Some(plan) = self.measured(problem) {
            return Ok(plan);
        }
        let variant = rules::variant(&self.spec, problem, &self.limits, &self.tried);
        Plan::of_variant(problem, &variant, &self.limits)
    }

    /// The variants that were loaded or refused.
    pub(crate) fn tried(&self) -> &Tried {
        &self.tried
    }

    /// Names a variant no more while another one can serve.
    pub(crate) fn refuse(&self, variant: &Variant, refusal: Refusal) {
        self.tried.refuse(variant, refusal);
    }

    /// The times for the layout of a problem, or for the nearest layout.
    pub(super) fn times(&self, problem: &Problem) -> Option<&LayoutTimes> {
        let far = |times: &&LayoutTimes| match (times.aligned, problem.is_aligned()) {
            (true, true) => 0,
            (false, false) => times.vec_size.abs_diff(problem.vec_size),
            _ => u32::MAX,
        };
        self.times.iter().filter(|times| times.dtype == problem.dtype).min_by_key(far)
    }

    fn measured(&self, problem: &Problem) -> Option<Plan> {
        let mut best: Option<(f32, &Variant, bool)> = None;
        self.each(problem, |log, variant, pdl| {
            if best.is_none_or(|(least, ..)| log < least) {
                best = Some((log, variant, pdl));
            }
        });
        let (_, variant, pdl) = best?;
        let plan = Plan::of_variant(problem, variant, &self.limits).ok()?;
        Some(Plan { pdl: plan.pdl && pdl, ..plan })
    }

    /// Every variant that the table lists near a problem and that can serve it.
    fn each<'a>(&'a self, problem: &Problem, mut with: impl FnMut(f32, &'a Variant, bool)) {
        let Some(times) = self.times(problem) else { return };
        let lattice = &times.lattice;
        if problem.rows == 0 || problem.columns == 0 || lattice.is_above(problem) {
            return;
        }
        let estimate = lattice.estimate(problem);
        if self.is_outdated(problem, lattice, estimate.seen) {
            return;
        }
        let mut left = estimate.seen & !times.absent;
        while left != 0 {
            let place = left.trailing_zeros() as usize;
            left &= left - 1;
            let listed = &lattice.variants[place];
            if listed.can_serve(problem, &self.limits) && !self.tried.has_refused(&listed.variant) {
                with(estimate.log(place), &listed.variant, estimate.pdl(place));
            }
        }
    }

    /// Whether rules name `cluster_radix` for a problem near which nobody measured it: what was measured instead
    /// takes up to thirty times as long. `seen` has the variants of a lattice that were measured there.
    pub(super) fn is_outdated(&self, problem: &Problem, lattice: &Lattice, seen: u64) -> bool {
        // Most problems have few winners, and need no more than this.
        if problem.k <= rules::MOST_FILTERED
            || lattice.of_kernel(KernelKind::ClusterRadix) & seen != 0
        {
            return false;
        }
        let named = rules::by_cluster_radix(&self.spec, problem, &self.limits, &self.tried);
        let has = |variant: &Variant| match &self.packed {
            None => true,
            Some(packed) => packed.has(variant, &self.tried),
        };
        named.as_ref().is_some_and(has)
    }

    /// Whether some problem from one to another, in rows, columns and k, may be [outdated](Planner::is_outdated).
    pub(super) fn may_be_outdated(&self, first: &Problem, last: &Problem) -> bool {
        first.rows <= rules::most_clustered_rows(&self.limits)
            && last.columns > rules::HELD_ALONE
            && last.k > rules::MOST_FILTERED
            // Clusters that hold the longest and most rows hold all others.
            && !rules::held_by_clusters(&self.spec, last, &self.limits, &self.tried)
    }

    /// The expected times of the variants that can serve a problem, the fastest first.
    pub(super) fn expected(&self, problem: &Problem) -> Vec<Expected> {
        let mut expected: Vec<Expected> = Vec::new();
        self.each(problem, |log, variant, pdl| {
            let microseconds = f64::from(log.exp2());
            let pdl = pdl && self.limits.pdl;
            expected.push(Expected { variant: *variant, pdl, microseconds });
        });
        expected.sort_by(|a, b| a.microseconds.total_cmp(&b.microseconds));
        expected
    }

    /// The basis of the plan of a problem.
    pub(super) fn basis(&self, problem: &Problem) -> Basis {
        let Some(table) = &self.table else { return Basis::Rules { why: None } };
        let device = &table.device;
        let Some(times) = self.times(problem) else {
            let why = Some(format!("the table of {device} lists no variant of this selector"));
            return Basis::Rules { why };
        };
        let expected = self.expected(problem);
        if expected.is_empty() {
            let why = if times.lattice.is_above(problem) {
                "its rows are far shorter than any that were measured"
            } else if self.is_outdated(
                problem,
                &times.lattice,
                times.lattice.estimate(problem).seen,
            ) {
                "the kernel for so many winners was not measured near it"
            } else {
                "no variant that was measured near it can serve it here"
            };
            return Basis::Rules { why: Some(format!("{why} on {device}")) };
        }
        let near = times.lattice.near(problem, times.own);
        let layout = |other: &Problem| (other.ragged, other.vec_size);
        let otherwise = near.points.iter().any(|other| layout(other) != layout(problem));
        let kept = near.points.first().zip(expected.first());
        let kept = kept.and_then(|(near, first)| kept_at(&self.kept, near, &first.variant));
        Basis::Measured(Measured {
            device: device.clone(),
            stand_in: table.stand_in.clone(),
            own: near.own && table.own > 0,
            near: near.points,
            within: near.within,
            unmeasured: otherwise.then(|| problem.in_words()),
            estimate: near.estimate,
            kept: kept.map(Box::new),
            expected,
        })
    }
}

impl Listed {
    /// Whether a variant can serve a problem; [`Plan::with`] says why not.
    pub(super) fn can_serve(&self, problem: &Problem, limits: &Limits) -> bool {
        let variant = &self.variant;
        (self.proven || variant.cluster <= PORTABLE_CLUSTER)
            && variant.capacity().is_none_or(|most| problem.columns <= most as usize)
            && variant.kernel.most_k().is_none_or(|most| problem.k <= most)
            && limits.lacks(variant.kernel.launches_as()).is_none()
    }
}

#[cfg(test)]
#[path = "planner_tests.rs"]
mod tests;
