//! The measured times of one selector, by dtype and layout.
//!
//! Rows of each alignment have their own times, if such rows were measured. Otherwise the times of the
//! nearest layout are used. It cannot fail; a dtype without times has no entry.

use super::lattice::Lattice;
use super::shipped::GpuTable;
use super::table::Point;
use crate::problem::Problem;
use std::collections::HashMap;
use topkit_codegen::{DType, RowShape, SelectorSpec};

/// The measured points of one dtype, for rows that begin at multiples of `vec_size` scores.
#[derive(Debug)]
pub(in crate::plan) struct LayoutTimes {
    pub(in crate::plan) dtype: DType,
    pub(in crate::plan) vec_size: u32,
    /// Rows begin at multiples of 16 bytes.
    pub(in crate::plan) aligned: bool,
    pub(in crate::plan) lattice: Lattice,
    /// The first so many points are of this GPU's own records.
    pub(in crate::plan) own: usize,
    /// With packs alone: a bit for each variant of the lattice that no pack has.
    pub(in crate::plan) absent: u64,
}

impl LayoutTimes {
    /// The times of a selector, for each dtype and each alignment that was measured.
    pub(in crate::plan) fn all(spec: &SelectorSpec, table: &GpuTable) -> Vec<LayoutTimes> {
        let GpuTable { stand_in, points, own, .. } = table;
        let ragged = spec.semantics.rows == RowShape::Ragged;
        let mut all = Vec::new();
        for &dtype in spec.dtype.iter() {
            for (vec_size, aligned) in alignments(dtype, ragged, points) {
                let (points, own) = nearest(dtype, ragged, vec_size, points, *own);
                let lattice = Lattice::new(spec, &points, own, stand_in.is_none());
                all.extend(lattice.map(|lattice| LayoutTimes {
                    dtype,
                    vec_size,
                    aligned,
                    lattice,
                    own,
                    absent: 0,
                }));
            }
        }
        all
    }
}

/// The alignments of the measured points, as scores of a load and whether a load has 16 bytes. Alignment
/// to 16 bytes is always among them.
fn alignments(dtype: DType, ragged: bool, points: &[(Point, f64)]) -> Vec<(u32, bool)> {
    let widest = Problem::new(dtype, 1, 1, 1).dense_aligned();
    let mut alignments = vec![(widest.vec_size, true)];
    for (Point { problem, .. }, _) in points {
        let known = alignments.iter().any(|(vec_size, _)| *vec_size == problem.vec_size);
        if problem.dtype == dtype && (ragged || !problem.ragged) && !problem.is_aligned() && !known
        {
            alignments.push((problem.vec_size, false));
        }
    }
    alignments
}

/// For each measured rows, columns and k, the point of this layout or of the nearest one. The second
/// value counts the first points, which are of this GPU's own records.
fn nearest(
    dtype: DType,
    ragged: bool,
    vec_size: u32,
    points: &[(Point, f64)],
    own: usize,
) -> (Vec<&(Point, f64)>, usize) {
    // Raggedness weighs more than alignment, and only aligned rows serve for other alignments.
    let far = |problem: &Problem| match (problem.ragged == ragged, problem.vec_size == vec_size) {
        (true, true) => Some(0),
        (true, false) if problem.is_aligned() => Some(1),
        (false, true) if ragged => Some(2),
        (false, false) if ragged && problem.is_aligned() => Some(3),
        _ => None,
    };
    // By rows, columns and k: the distance of the nearest layout, and the place of its point.
    let mut nearest: HashMap<(usize, usize, u32), (u32, usize)> = HashMap::new();
    for (place, (Point { problem, .. }, _)) in points.iter().enumerate() {
        if problem.dtype == dtype
            && let Some(far) = far(problem)
        {
            let best = nearest.entry((problem.rows, problem.columns, problem.k));
            let best = best.or_insert((far, place));
            // Own records come first, and win over a shipped point of the same distance.
            *best = (*best).min((far, place));
        }
    }
    let mut places: Vec<usize> = nearest.into_values().map(|(_, place)| place).collect();
    places.sort_unstable();
    let own = places.partition_point(|&place| place < own);
    (places.into_iter().map(|place| &points[place]).collect(), own)
}
