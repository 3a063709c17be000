//! Planning among packed variants, for engines without a compiler.
//!
//! The measured table goes first, restricted to these variants. Rules may name another variant on a GPU
//! with more or fewer multiprocessors than the GPU that was packed for; then the nearest packed variant
//! that was not refused serves. Where none can, the plan stays as it was, and loading its variant is the
//! error that names it.

use super::measured::reach::{first, parts};
use super::{Explanation, Limits, Plan, Planner, Tried};
use crate::problem::Workload;
use topkit_codegen::{Key, Variant};

/// The packed variants of one selector.
#[derive(Debug)]
pub(super) struct Packed(Vec<Variant>);

impl Packed {
    pub(super) fn new(variants: Vec<Variant>) -> Packed {
        Packed(variants)
    }

    /// The plan, or one with the nearest packed variant where no pack has the plan's.
    pub(super) fn nearest(&self, plan: Plan, limits: &Limits, tried: &Tried) -> Plan {
        if self.has(&plan.variant, tried) {
            return plan;
        }
        let serving = |variant: &Variant| Plan::of_variant(&plan.problem, variant, limits).ok();
        let near = |other: &Plan| distance(&other.variant, &plan.variant);
        let usable = self.0.iter().filter(|variant| !tried.has_refused(variant));
        usable.filter_map(serving).min_by_key(near).unwrap_or(plan)
    }

    /// Whether a pack has a variant that was not refused.
    pub(super) fn has(&self, variant: &Variant, tried: &Tried) -> bool {
        self.0.contains(variant) && !tried.has_refused(variant)
    }

    /// The variants that plans can name for a workload, where without packs they can name these.
    pub(super) fn reach(
        &self,
        unpacked: Vec<Variant>,
        planner: &Planner,
        workload: &Workload,
    ) -> Vec<Variant> {
        let (limits, tried) = (&planner.limits, &planner.tried);
        let (mut found, missing): (Vec<_>, Vec<_>) =
            unpacked.into_iter().partition(|variant| self.has(variant, tried));
        for wanted in &missing {
            for part in parts(&planner.spec, workload, self.0.iter().chain([wanted])) {
                let problem = first(workload, &part);
                // A variant that cannot serve a problem is not planned for it.
                let Ok(plan) = Plan::of_variant(&problem, wanted, limits) else { continue };
                let nearest = self.nearest(plan, limits, tried).variant;
                if !found.contains(&nearest) {
                    found.push(nearest);
                }
            }
        }
        found
    }

    /// Puts the nearest packed variant into an explanation, and says why.
    pub(super) fn explain(&self, mut explained: Explanation, tried: &Tried) -> Explanation {
        let wanted = explained.plan.variant;
        explained.plan = self.nearest(explained.plan, &explained.limits, tried);
        let nearest = explained.plan.variant;
        if nearest == wanted {
            return explained;
        }
        let why = match self.0.contains(&wanted) {
            false => format!("no pack has {wanted}, and this is the nearest that one has"),
            true => format!("{wanted} was refused here; a pack has this, the nearest to it"),
        };
        for reason in &mut explained.reasons {
            reason.value = match reason.key {
                Key::VecSize => nearest.vec_size,
                Key::Bins => nearest.bins,
                _ => nearest.threads,
            };
            reason.why.clone_from(&why);
        }
        explained
    }
}

/// How far a variant is from another: first by the kernel, then by needless capacity, then by the
/// ratios of the sizes.
fn distance(one: &Variant, other: &Variant) -> (bool, u32, u64) {
    let ratio =
        |one: u32, other: u32| u64::from(one.max(other)) * 1024 / u64::from(one.min(other).max(1));
    let ratios = ratio(one.vec_size, other.vec_size)
        + ratio(one.bins, other.bins)
        + ratio(one.threads, other.threads)
        + ratio(one.items, other.items)
        + ratio(one.cluster, other.cluster)
        + ratio(one.stages, other.stages);
    (one.kernel != other.kernel, one.capacity().unwrap_or(u32::MAX), ratios)
}

#[cfg(test)]
#[path = "packed_tests.rs"]
mod tests;
