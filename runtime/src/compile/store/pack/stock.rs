//! The members of a selector that packs hold, for plans on a machine that can have no others.
//!
//! What was measured goes first, among these members alone. Where rules would take another, which
//! they may on a GPU with more or fewer multiprocessors than the one that was packed for, the member
//! nearest to it serves, of those that were not refused when they were loaded. Where none can, the plan
//! stays as it was, and loading its kernel is the error that names it.

use crate::plan::{Explanation, Limits, Plan, Planner, Tried, parts};
use crate::problem::Workload;
use topkit_codegen::{Key, SelectorSpec, Variant};

/// Members of one selector.
#[derive(Debug)]
pub(crate) struct Stock(Vec<Variant>);

impl Stock {
    /// Those that are there. The planner never picks the others of its table.
    pub(crate) fn new(
        spec: &SelectorSpec,
        planner: &mut Planner,
        is_there: impl Fn(&Variant) -> bool,
    ) -> Stock {
        let (there, missing): (Vec<_>, Vec<_>) = spec.variants().into_iter().partition(is_there);
        for variant in &missing {
            // Rules may go on to name large clusters, of which others may be there.
            planner.leave_out(variant);
        }
        Stock(there)
    }

    /// The plan, or one with the nearest member where it takes one that is not there.
    pub(crate) fn plan(&self, plan: Plan, limits: &Limits, tried: &Tried) -> Plan {
        if self.has(&plan.variant, tried) {
            return plan;
        }
        let serving = |member: &Variant| Plan::of_member(&plan.problem, member, limits).ok();
        let near = |other: &Plan| distance(&other.variant, &plan.variant);
        let members = self.0.iter().filter(|member| !tried.has_refused(member));
        members.filter_map(serving).min_by_key(near).unwrap_or(plan)
    }

    fn has(&self, variant: &Variant, tried: &Tried) -> bool {
        self.0.contains(variant) && !tried.has_refused(variant)
    }

    /// The members that such plans can name for a workload, where the planner can name these.
    pub(crate) fn reach(
        &self,
        planned: Vec<Variant>,
        spec: &SelectorSpec,
        workload: &Workload,
        limits: &Limits,
        tried: &Tried,
    ) -> Vec<Variant> {
        let (mut found, missing): (Vec<_>, Vec<_>) =
            planned.into_iter().partition(|variant| self.has(variant, tried));
        for wanted in &missing {
            for problem in parts(spec, workload, self.0.iter().chain([wanted])) {
                // What cannot serve a problem is not planned for it.
                let Ok(plan) = Plan::of_member(&problem, wanted, limits) else { continue };
                let taken = self.plan(plan, limits, tried).variant;
                if !found.contains(&taken) {
                    found.push(taken);
                }
            }
        }
        found
    }

    /// The same for a plan with its reasons.
    pub(crate) fn explain(&self, mut explained: Explanation, tried: &Tried) -> Explanation {
        let wanted = explained.plan.variant;
        explained.plan = self.plan(explained.plan, &explained.limits, tried);
        let taken = explained.plan.variant;
        if taken != wanted {
            for reason in &mut explained.reasons {
                reason.value = match reason.key {
                    Key::VecSize => taken.vec_size,
                    Key::Bins => taken.bins,
                    _ => taken.threads,
                };
                reason.why = match self.0.contains(&wanted) {
                    false => format!("no pack has {wanted}, and this is the nearest that one has"),
                    true => {
                        format!("{wanted} was refused here; a pack has this, the nearest to it")
                    }
                };
            }
        }
        explained
    }
}

/// How far a member is from another: first by the algorithm, then by needless room, then by the
/// ratios of the sizes.
fn distance(one: &Variant, other: &Variant) -> (bool, u32, u64) {
    let ratio =
        |one: u32, other: u32| u64::from(one.max(other)) * 1024 / u64::from(one.min(other).max(1));
    let ratios = ratio(one.vec_size, other.vec_size)
        + ratio(one.bins, other.bins)
        + ratio(one.threads, other.threads)
        + ratio(one.items, other.items)
        + ratio(one.cluster, other.cluster);
    (one.kernel != other.kernel, one.capacity().unwrap_or(u32::MAX), ratios)
}
