//! Which member of a selector serves a problem: by the measured table where one holds, else by rules.
//!
//! Made once for each selector, so that a plan is a lookup. The table names kernels; of those that are
//! members and can serve the problem, the one with the least expected time is taken. Ragged rows
//! and rows that are less aligned go by times of their own; where there are none, those of usual
//! rows stand for them. Rules serve where there is no table, where it lists no member of the selector
//! near the problem, and where rows are far shorter than any that were measured. It cannot fail
//! where rules can serve. Its one state is which kernels were `tried`: it names a refused kernel
//! only where no other can serve.

use super::measured::hysteresis::kept_at;
use super::measured::lattice::{Lattice, Member};
use super::measured::shipped::Holding;
use super::measured::table::Point;
use super::tried::{Refusal, Tried};
use super::{Alternative, Basis, Kept, Limits, Measured, Plan, accepts, rules};
use crate::error::Error;
use crate::problem::Problem;
use std::collections::HashMap;
use topkit_codegen::{DType, RowShape, SelectorSpec, Variant};

/// The largest cluster that every GPU with clusters has room for.
const PORTABLE_CLUSTER: u32 = 8;

/// Picks the members of one selector on one GPU.
#[derive(Debug, Default)]
pub(crate) struct Planner {
    measured: Vec<Type>,
    device: String,
    stand_in: Option<String>,
    own: usize,
    kept: Vec<Kept>,
    tried: Tried,
}

/// The measured points of one score type, for rows that loads of so many scores are aligned to.
#[derive(Debug)]
pub(super) struct Type {
    dtype: DType,
    vec_size: u32,
    aligned: bool,
    pub(super) lattice: Lattice,
    /// Of its points, the first so many are of this GPU's own records.
    own: usize,
    /// Where packs alone serve: a bit for each kernel of the lattice that no pack has.
    pub(super) absent: u64,
}

impl Planner {
    /// The planner of a selector, by a table where one holds.
    pub(crate) fn new(spec: &SelectorSpec, holding: Option<&Holding>) -> Planner {
        let Some(Holding { device, stand_in, points, own, kept }) = holding else {
            return Planner::default();
        };
        let ragged = spec.semantics.rows == RowShape::Ragged;
        let mut measured = Vec::new();
        for &dtype in spec.dtype.iter() {
            for (vec_size, aligned) in classes(dtype, ragged, points) {
                let (of_class, own) = of_class(dtype, ragged, vec_size, points, *own);
                let lattice = Lattice::new(spec, &of_class, own, stand_in.is_none());
                measured.extend(lattice.map(|lattice| Type {
                    dtype,
                    vec_size,
                    aligned,
                    lattice,
                    own,
                    absent: 0,
                }));
            }
        }
        Planner {
            measured,
            device: device.clone(),
            stand_in: stand_in.clone(),
            own: *own,
            kept: kept.clone(),
            ..Planner::default()
        }
    }

    /// The plan for a problem.
    ///
    /// # Errors
    /// The dtype or k was not declared, or a shape is beyond 2^31 - 1.
    pub(crate) fn plan(
        &self,
        spec: &SelectorSpec,
        problem: &Problem,
        limits: &Limits,
    ) -> Result<Plan, Error> {
        accepts(spec, problem)?;
        self.pick(spec, &problem.of_selector(spec), limits)
    }

    /// The plan for a problem of the selector, of any k.
    pub(super) fn pick(
        &self,
        spec: &SelectorSpec,
        problem: &Problem,
        limits: &Limits,
    ) -> Result<Plan, Error> {
        if let Some(plan) = self.measured(problem, limits) {
            return Ok(plan);
        }
        Plan::of_member(problem, &rules::pick(spec, problem, limits, &self.tried), limits)
    }

    /// What loading has shown of kernels.
    pub(crate) fn tried(&self) -> &Tried {
        &self.tried
    }

    /// Names a kernel no more while another one can serve.
    pub(crate) fn refuse(&self, variant: &Variant, refusal: Refusal) {
        self.tried.refuse(variant, refusal);
    }

    /// Takes no kernel from the table that no pack has. Rules may still name it.
    pub(crate) fn leave_out(&mut self, variant: &Variant) {
        for measured in &mut self.measured {
            if let Some(place) = measured.lattice.place(variant) {
                measured.absent |= 1 << place;
            }
        }
    }

    /// The times for rows that lie in memory like those of a problem, else for those that come
    /// nearest.
    pub(super) fn of(&self, problem: &Problem) -> Option<&Type> {
        let far = |measured: &&Type| match (measured.aligned, problem.is_aligned()) {
            (true, true) => 0,
            (false, false) => measured.vec_size.abs_diff(problem.vec_size),
            _ => u32::MAX,
        };
        self.measured.iter().filter(|measured| measured.dtype == problem.dtype).min_by_key(far)
    }

    fn measured(&self, problem: &Problem, limits: &Limits) -> Option<Plan> {
        let mut best: Option<(f32, &Variant, bool)> = None;
        self.each(problem, limits, |log, variant, starts_early| {
            if best.is_none_or(|(least, ..)| log < least) {
                best = Some((log, variant, starts_early));
            }
        });
        let (_, variant, starts_early) = best?;
        let plan = Plan::of_member(problem, variant, limits).ok()?;
        Some(Plan { starts_early: plan.starts_early && starts_early, ..plan })
    }

    /// Every kernel that the table knows near a problem and that can serve it.
    fn each<'a>(
        &'a self,
        problem: &Problem,
        limits: &Limits,
        mut with: impl FnMut(f32, &'a Variant, bool),
    ) {
        let Some(measured) = self.of(problem) else { return };
        let lattice = &measured.lattice;
        if problem.rows == 0 || problem.columns == 0 || lattice.is_above(problem) {
            return;
        }
        let estimate = lattice.estimate(problem);
        let mut left = estimate.seen & !measured.absent;
        while left != 0 {
            let place = left.trailing_zeros() as usize;
            left &= left - 1;
            let member = &lattice.members[place];
            if member.can_serve(problem, limits) && !self.tried.has_refused(&member.variant) {
                with(estimate.log(place), &member.variant, estimate.starts_early(place));
            }
        }
    }

    /// What the plan of a problem goes by.
    pub(super) fn basis(&self, problem: &Problem, limits: &Limits) -> Basis {
        let Some(measured) = self.of(problem) else {
            let why = (!self.device.is_empty())
                .then(|| format!("the table of {} lists no member of this selector", self.device));
            return Basis::Rules { why };
        };
        let mut alternatives: Vec<Alternative> = Vec::new();
        self.each(problem, limits, |log, variant, starts_early| {
            let microseconds = f64::from(log.exp2());
            let starts_early = starts_early && limits.starts_early;
            alternatives.push(Alternative { variant: *variant, starts_early, microseconds });
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
        let lies = |other: &Problem| (other.ragged, other.vec_size);
        let otherwise = near.points.iter().any(|other| lies(other) != lies(problem));
        let kept = near.points.first().zip(alternatives.first());
        let kept = kept.and_then(|(near, first)| kept_at(&self.kept, near, &first.variant));
        Basis::Measured(Measured {
            device: self.device.clone(),
            stand_in: self.stand_in.clone(),
            own: near.own && self.own > 0,
            near: near.points,
            within: near.within,
            unmeasured: otherwise.then(|| problem.in_words()),
            kept,
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

/// The alignments of the rows that points are of, as the scores of a load and whether those are 16
/// bytes, which is there always.
fn classes(dtype: DType, ragged: bool, points: &[(Point, f64)]) -> Vec<(u32, bool)> {
    let usual = Problem::new(dtype, 1, 1, 1).usual();
    let mut classes = vec![(usual.vec_size, true)];
    for (Point { problem, .. }, _) in points {
        let known = classes.iter().any(|(vec_size, _)| *vec_size == problem.vec_size);
        if problem.dtype == dtype && (ragged || !problem.ragged) && !problem.is_aligned() && !known
        {
            classes.push((problem.vec_size, false));
        }
    }
    classes
}

/// The points for one layout of rows: at each place those of that layout, else the nearest to it.
/// The first of them, of which there are as many as is said, are of this GPU's own records.
fn of_class(
    dtype: DType,
    ragged: bool,
    vec_size: u32,
    points: &[(Point, f64)],
    own: usize,
) -> (Vec<&(Point, f64)>, usize) {
    // Raggedness weighs more than alignment, and nothing but aligned rows stands for others.
    let far = |problem: &Problem| match (problem.ragged == ragged, problem.vec_size == vec_size) {
        (true, true) => Some(0),
        (true, false) if problem.is_aligned() => Some(1),
        (false, true) if ragged => Some(2),
        (false, false) if ragged && problem.is_aligned() => Some(3),
        _ => None,
    };
    // By rows, columns and k: how far the nearest is, and where it stands among the points.
    let mut nearest: HashMap<(usize, usize, u32), (u32, usize)> = HashMap::new();
    for (place, (Point { problem, .. }, _)) in points.iter().enumerate() {
        if problem.dtype == dtype
            && let Some(far) = far(problem)
        {
            let best = nearest.entry((problem.rows, problem.columns, problem.k));
            let best = best.or_insert((far, place));
            // Own records come first, and stand where a shipped point is as near.
            *best = (*best).min((far, place));
        }
    }
    let mut places: Vec<usize> = nearest.into_values().map(|(_, place)| place).collect();
    places.sort_unstable();
    let own = places.partition_point(|&place| place < own);
    (places.into_iter().map(|place| &points[place]).collect(), own)
}

#[cfg(test)]
#[path = "planner_tests.rs"]
mod tests;
