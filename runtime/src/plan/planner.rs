//! Which member of a family serves a problem: by the measured table where one holds, else by rules.
//!
//! Made once for each family, so that a plan is a lookup. The table names kernels; of those that are
//! members and can serve the problem, the one with the least expected time is taken. Rules serve
//! where there is no table, where it lists no member of the family near the problem, and where rows
//! are far shorter than any that were measured. It cannot fail where rules can serve. Its one state
//! is which kernels the GPU has refused to hold; these are not picked again.

use super::lattice::{Lattice, Member};
use super::shipped::Holding;
use super::{Alternative, Basis, Limits, Measured, Plan, accepts, heuristics};
use crate::error::Error;
use crate::problem::Problem;
use std::sync::atomic::{AtomicU64, Ordering};
use topkit_codegen::{DType, KernelSpec, Variant};

/// The largest cluster that every GPU with clusters has room for.
const PORTABLE_CLUSTER: u32 = 8;

/// Picks the members of one family on one GPU.
#[derive(Debug, Default)]
pub(crate) struct Planner {
    measured: Vec<Type>,
    device: String,
    stand_in: Option<String>,
    own: usize,
}

/// The measured points of one score type.
#[derive(Debug)]
pub(super) struct Type {
    dtype: DType,
    pub(super) lattice: Lattice,
    /// Of its points, the first so many are of this GPU's own records.
    own: usize,
    /// A bit for each member that the GPU refused.
    pub(super) refused: AtomicU64,
}

impl Planner {
    /// The planner of a family, by a table where one holds.
    pub(crate) fn new(spec: &KernelSpec, holding: Option<&Holding>) -> Planner {
        let Some(Holding { device, stand_in, points, own }) = holding else {
            return Planner::default();
        };
        let of_type = |&dtype: &DType| {
            let mut own_of_type = 0;
            let mut of_type = Vec::new();
            for (place, point) in points.iter().enumerate() {
                if point.0.problem.dtype == dtype {
                    own_of_type += usize::from(place < *own);
                    of_type.push(point);
                }
            }
            let lattice = Lattice::new(spec, &of_type, own_of_type, stand_in.is_none())?;
            Some(Type { dtype, lattice, own: own_of_type, refused: AtomicU64::new(0) })
        };
        Planner {
            measured: spec.dtype.iter().filter_map(of_type).collect(),
            device: device.clone(),
            stand_in: stand_in.clone(),
            own: *own,
        }
    }

    /// The plan for a problem.
    ///
    /// # Errors
    /// The dtype or k was not declared, or a shape is beyond 2^31 - 1.
    pub(crate) fn plan(
        &self,
        spec: &KernelSpec,
        problem: &Problem,
        limits: &Limits,
    ) -> Result<Plan, Error> {
        accepts(spec, problem)?;
        if let Some(plan) = self.measured(problem, limits) {
            return Ok(plan);
        }
        Plan::with(problem, &heuristics::pick(spec, problem, limits), limits)
    }

    /// Never again picks a kernel from the table, since the GPU has no room for it; whether that is
    /// news.
    pub(crate) fn refuse(&self, variant: &Variant) -> bool {
        let Some(measured) = self.of(variant.dtype) else { return false };
        let place = measured.lattice.members.iter().position(|member| member.variant == *variant);
        place.is_some_and(|place| {
            let bit = 1 << place;
            measured.refused.fetch_or(bit, Ordering::Relaxed) & bit == 0
        })
    }

    pub(super) fn of(&self, dtype: DType) -> Option<&Type> {
        self.measured.iter().find(|measured| measured.dtype == dtype)
    }

    fn measured(&self, problem: &Problem, limits: &Limits) -> Option<Plan> {
        let mut best: Option<(f32, &Variant)> = None;
        self.each(problem, limits, |log, variant| {
            if best.is_none_or(|(least, _)| log < least) {
                best = Some((log, variant));
            }
        });
        Plan::with(problem, best?.1, limits).ok()
    }

    /// Every kernel that the table knows near a problem and that can serve it.
    fn each<'a>(
        &'a self,
        problem: &Problem,
        limits: &Limits,
        mut with: impl FnMut(f32, &'a Variant),
    ) {
        let Some(measured) = self.of(problem.dtype) else { return };
        let lattice = &measured.lattice;
        if problem.rows == 0 || problem.columns == 0 || lattice.is_above(problem) {
            return;
        }
        let estimate = lattice.estimate(problem);
        let mut left = estimate.seen & !measured.refused.load(Ordering::Relaxed);
        while left != 0 {
            let place = left.trailing_zeros() as usize;
            left &= left - 1;
            let member = &lattice.members[place];
            if member.can_serve(problem, limits) {
                with(estimate.log(place), &member.variant);
            }
        }
    }

    /// What the plan of a problem goes by.
    pub(super) fn basis(&self, problem: &Problem, limits: &Limits) -> Basis {
        let Some(measured) = self.of(problem.dtype) else {
            let why = (!self.device.is_empty())
                .then(|| format!("the table of {} lists no member of this family", self.device));
            return Basis::Rules { why };
        };
        let mut alternatives: Vec<Alternative> = Vec::new();
        self.each(problem, limits, |log, variant| {
            let microseconds = f64::from(log.exp2());
            alternatives.push(Alternative { variant: *variant, microseconds });
        });
        alternatives.sort_by(|a, b| a.microseconds.total_cmp(&b.microseconds));
        if alternatives.is_empty() {
            let short = measured.lattice.is_above(problem);
            let why = if short {
                "its rows are far shorter than any that were measured"
            } else {
                "none of the kernels that were measured near it can serve it here"
            };
            return Basis::Rules { why: Some(format!("{why} on {}", self.device)) };
        }
        let near = measured.lattice.near(problem, measured.own);
        Basis::Measured(Measured {
            device: self.device.clone(),
            stand_in: self.stand_in.clone(),
            own: near.own && self.own > 0,
            near: near.points,
            within: near.within,
            alternatives,
        })
    }
}

impl Member {
    /// Whether a kernel can serve a problem; [`Plan::with`] says why not.
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
