//! The measured points of one dtype and layout as a lattice over rows, columns and k, to
//! interpolate in.
//!
//! Times are looked up by the logarithms of the three, between the eight corners around a problem;
//! beyond the ends the nearest corner is used. A corner that was not measured has the times of the
//! nearest measured point. Of a kernel that was launched with and without PDL the faster counts, and
//! between points the setting with the greater weight. A lookup allocates nothing. The planner checks
//! which problems a kernel can serve.

use super::table::Point;
use crate::problem::Problem;
use std::collections::HashMap;
use topkit_codegen::{KernelKind, SelectorSpec, Variant};

/// Variants of one lattice, at most; the space of the measured variants is smaller.
pub(in crate::plan) const MOST_VARIANTS: usize = 64;

/// A kernel that is not listed at a corner is assumed slower than the slowest listed one, by this
/// factor.
const SLOWER: f32 = 1.1;

/// A kernel whose time at a corner comes from longer rows is taken to be slower than the fastest
/// that is listed there.
const BEHIND: f32 = 1.01;

/// A corner that weighs less does not count: the problem is as good as on the lattice.
pub(in crate::plan) const LEAST_WEIGHT: f32 = 1.0 / 64.0;

/// The points of one dtype and layout, of the variants of one selector.
#[derive(Debug)]
pub(in crate::plan) struct Lattice {
    /// Every variant that is listed at a point.
    pub(in crate::plan) variants: Vec<Listed>,
    /// The logarithms of rows, columns and k at which there are points.
    axes: [Vec<f32>; 3],
    cells: Vec<Corner>,
    points: Vec<Problem>,
    /// Whether each was measured without the selector's program.
    estimates: Vec<bool>,
}

/// A kernel of a lattice.
#[derive(Debug)]
pub(in crate::plan) struct Listed {
    pub(in crate::plan) variant: Variant,
    /// It was launched on this very kind of GPU.
    pub(in crate::plan) proven: bool,
}

/// The times at one corner, as logarithms.
#[derive(Debug, Clone)]
pub(in crate::plan) struct Corner {
    point: usize,
    exact: bool,
    /// The assumed time of a kernel that is not listed.
    pub(in crate::plan) slow: f32,
    pub(in crate::plan) times: Vec<Time>,
}

/// The time of a kernel.
#[derive(Debug, Clone, Copy)]
pub(in crate::plan) struct Time {
    pub(in crate::plan) place: u8,
    pub(in crate::plan) log: f32,
    pdl: bool,
}

/// A corner of the cell that contains a range, and its least and greatest weight there.
#[derive(Debug)]
pub(in crate::plan) struct Reach<'a> {
    pub(in crate::plan) corner: Option<&'a Corner>,
    pub(in crate::plan) least: f32,
    pub(in crate::plan) most: f32,
}

/// How far the logarithms of a plan may be off, in parts of a cell.
const ROUNDING: f32 = 1e-4;

/// The expected times of kernels.
#[derive(Debug)]
pub(in crate::plan) struct Estimate {
    /// A bit for each variant that was measured near the problem.
    pub(in crate::plan) seen: u64,
    base: f32,
    beyond: [f32; MOST_VARIANTS],
    /// The weight of points that were faster with PDL, less the weight of the others.
    pdl: [f32; MOST_VARIANTS],
}

impl Estimate {
    /// The logarithm of the microseconds of a variant that was seen.
    pub(in crate::plan) fn log(&self, place: usize) -> f32 {
        self.base + self.beyond[place]
    }

    /// Whether it should be launched with PDL.
    pub(in crate::plan) fn pdl(&self, place: usize) -> bool {
        self.pdl[place] >= 0.0
    }
}

/// The place of a problem among the points.
#[derive(Debug)]
pub(in crate::plan) struct Near {
    /// The points around it, nearest first.
    pub(in crate::plan) points: Vec<Problem>,
    /// It is on or between measured points in every direction.
    pub(in crate::plan) within: bool,
    /// One of them is of this GPU's own records.
    pub(in crate::plan) own: bool,
    /// One of them was measured without the selector's program.
    pub(in crate::plan) estimate: bool,
}

impl Lattice {
    /// The lattice of some points, each with the factor of its rows, of which the first
    /// `own` are proven; `None` where no variant of the selector is listed.
    pub(in crate::plan) fn new(
        spec: &SelectorSpec,
        points: &[&(Point, f64)],
        own: usize,
        proven: bool,
    ) -> Option<Lattice> {
        let mut variants: Vec<Listed> = Vec::new();
        let mut listed: Vec<([f32; 3], Corner)> = Vec::new();
        let (mut problems, mut estimates) = (Vec::new(), Vec::new());
        for (index, (point, scale)) in points.iter().enumerate() {
            let slowest = point.times.iter().map(|(_, us)| *us).fold(0.0, f64::max);
            let mut times: Vec<Time> = Vec::new();
            for (launch, us) in &point.times {
                let variant = spec.own(&launch.variant);
                let known = variants.iter().position(|known| known.variant == variant);
                let number = known.unwrap_or(variants.len());
                if known.is_none() {
                    if number == MOST_VARIANTS || !spec.contains(&variant) {
                        continue;
                    }
                    variants.push(Listed { variant, proven });
                }
                variants[number].proven |= index < own;
                let (place, log) = (number as u8, us.log2() as f32);
                let time = Time { place, log, pdl: launch.pdl };
                match times.iter_mut().find(|known| known.place == place) {
                    Some(known) if known.log <= log => {}
                    Some(known) => *known = time,
                    None => times.push(time),
                }
            }
            let slow = slowest.log2() as f32 + SLOWER.log2();
            let Problem { rows, columns, k, .. } = point.problem;
            let at = [rows as f64 * scale, columns as f64, f64::from(k)];
            let corner = Corner { point: problems.len(), exact: true, slow, times };
            listed.push((at.map(|value| value.log2() as f32), corner));
            problems.push(point.problem);
            estimates.push(point.program != spec.program_id());
        }
        if variants.is_empty() {
            return None;
        }
        let axes = [0, 1, 2].map(|axis| {
            let mut values: Vec<f32> = listed.iter().map(|(at, _)| at[axis]).collect();
            values.sort_by(f32::total_cmp);
            values.dedup();
            values
        });
        let mut lattice =
            Lattice { variants, axes, cells: Vec::new(), points: problems, estimates };
        lattice.fill(&listed);
        lattice.copy_to_shorter();
        Some(lattice)
    }

    /// Gives every cell its point, or the nearest.
    fn fill(&mut self, listed: &[([f32; 3], Corner)]) {
        let place = |at: &[f32; 3]| at.map(f32::to_bits);
        // Of two at one place the first is used: own records come first.
        let exact: HashMap<[u32; 3], &Corner> =
            listed.iter().rev().map(|(at, corner)| (place(at), corner)).collect();
        let [rows, columns, ks] = &self.axes;
        for &row in rows {
            for &column in columns {
                for &k in ks {
                    let here = [row, column, k];
                    self.cells.extend(match exact.get(&place(&here)) {
                        Some(&corner) => Some(corner.clone()),
                        None => nearest(listed, here),
                    });
                }
            }
        }
    }

    /// A resident kernel takes no longer for a shorter row than for a full one, and was measured for
    /// full rows alone. Where it is not listed, its time for the next longer rows counts, but never as
    /// faster than the times measured there: two points may be of two sessions.
    fn copy_to_shorter(&mut self) {
        let [rows, columns, ks] = [0, 1, 2].map(|axis| self.axes[axis].len());
        let is_resident =
            |place: u8| self.variants[usize::from(place)].variant.capacity().is_some();
        for row in 0..rows {
            for column in 1..columns {
                for k in 0..ks {
                    let place = (row * columns + column) * ks + k;
                    let longer: Vec<Time> = self.cells[place]
                        .times
                        .iter()
                        .filter(|time| is_resident(time.place))
                        .copied()
                        .collect();
                    let shorter = &mut self.cells[place - ks].times;
                    let best = shorter.iter().map(|time| time.log).min_by(f32::total_cmp);
                    let behind = best.map_or(f32::NEG_INFINITY, |best| best + BEHIND.log2());
                    for time in longer {
                        if !shorter.iter().any(|known| known.place == time.place) {
                            shorter.push(Time { log: time.log.max(behind), ..time });
                        }
                    }
                }
            }
        }
    }

    /// The logarithms of rows, columns or k at which there are points, ascending.
    pub(in crate::plan) fn axis(&self, axis: usize) -> &[f32] {
        &self.axes[axis]
    }

    /// The place of a variant among the listed ones.
    pub(in crate::plan) fn place(&self, variant: &Variant) -> Option<usize> {
        self.variants.iter().position(|listed| listed.variant == *variant)
    }

    /// A bit for each variant of a kernel.
    pub(in crate::plan) fn of_kernel(&self, kernel: KernelKind) -> u64 {
        let of =
            |(place, listed): (usize, &Listed)| u64::from(listed.variant.kernel == kernel) << place;
        self.variants.iter().enumerate().map(of).fold(0, |bits, bit| bits | bit)
    }

    /// The corners around ranges of logarithms that lie in one cell, or beyond one end of an axis.
    pub(in crate::plan) fn reach(&self, ranges: &[(f32, f32); 3]) -> [Reach<'_>; 8] {
        let spans = [0, 1, 2].map(|axis| {
            let (values, (first, last)) = (&self.axes[axis], ranges[axis]);
            let low = span(values, (first + last) / 2.0).low;
            // The part of the range beyond the end of the axis is cut off.
            let upper = |at: f32| match values.get(low + 1) {
                Some(next) => (at - values[low]) / (next - values[low]),
                None => 0.0,
            };
            let within = |upper: f32| upper.clamp(0.0, 1.0);
            (low, within(upper(first) - ROUNDING), within(upper(last) + ROUNDING))
        });
        std::array::from_fn(|number| {
            let (mut least, mut most, mut place) = (1.0, 1.0, 0);
            for (axis, (low, first, last)) in spans.into_iter().enumerate() {
                let upper = number >> axis & 1 == 1;
                let (few, much) = if upper { (first, last) } else { (1.0 - last, 1.0 - first) };
                (least, most) = (least * few, most * much);
                place = place * self.axes[axis].len() + low + usize::from(upper);
            }
            Reach { corner: self.cells.get(place), least, most }
        })
    }

    /// The columns from about which on the table is asked; see [`Lattice::is_above`].
    pub(in crate::plan) fn least_columns(&self) -> usize {
        (self.axes[1][0] - 1.0).exp2() as usize
    }

    /// Whether the rows of a problem are so much shorter than all measured rows that their times tell
    /// nothing.
    pub(in crate::plan) fn is_above(&self, problem: &Problem) -> bool {
        (problem.columns as f32).log2() < self.axes[1][0] - 1.0
    }

    /// The expected times of the listed variants for a problem.
    pub(in crate::plan) fn estimate(&self, problem: &Problem) -> Estimate {
        let mut estimate = Estimate {
            seen: 0,
            base: 0.0,
            beyond: [0.0; MOST_VARIANTS],
            pdl: [0.0; MOST_VARIANTS],
        };
        let mut total = 0.0;
        self.corners(problem, |corner, weight| {
            total += weight;
            estimate.base += weight * corner.slow;
            for &Time { place, log, pdl } in &corner.times {
                let place = usize::from(place);
                estimate.seen |= 1 << place;
                estimate.beyond[place] += weight * (log - corner.slow);
                estimate.pdl[place] += if pdl { weight } else { -weight };
            }
        });
        // Corners of little weight were left out.
        estimate.base /= total;
        estimate.beyond.iter_mut().for_each(|beyond| *beyond /= total);
        estimate
    }

    /// Which points an estimate comes from; the first `own` are of this GPU.
    pub(in crate::plan) fn near(&self, problem: &Problem, own: usize) -> Near {
        let mut weighed: Vec<(usize, f32)> = Vec::new();
        let mut within = self.spans(problem).iter().all(|span| span.within);
        self.corners(problem, |corner, weight| {
            within &= corner.exact;
            match weighed.iter_mut().find(|(point, _)| *point == corner.point) {
                Some((_, sum)) => *sum += weight,
                None => weighed.push((corner.point, weight)),
            }
        });
        weighed.sort_by(|(_, a), (_, b)| b.total_cmp(a));
        let points = weighed.iter().map(|(point, _)| self.points[*point]).collect();
        let any = |is: &dyn Fn(usize) -> bool| weighed.iter().any(|(point, _)| is(*point));
        let (own, estimate) = (any(&|point| point < own), any(&|point| self.estimates[point]));
        Near { points, within, own, estimate }
    }

    fn spans(&self, problem: &Problem) -> [Span; 3] {
        let at = [problem.rows as f32, problem.columns as f32, problem.k as f32];
        [0, 1, 2].map(|axis| span(&self.axes[axis], at[axis].max(1.0).log2()))
    }

    fn corners(&self, problem: &Problem, mut with: impl FnMut(&Corner, f32)) {
        let spans = self.spans(problem);
        for number in 0..8u32 {
            let mut weight = 1.0;
            let mut place = 0;
            for (axis, span) in spans.iter().enumerate() {
                let upper = number >> axis & 1 == 1;
                weight *= if upper { span.upper } else { 1.0 - span.upper };
                place = place * self.axes[axis].len() + span.low + usize::from(upper);
            }
            if weight >= LEAST_WEIGHT
                && let Some(corner) = self.cells.get(place)
            {
                with(corner, weight);
            }
        }
    }
}

/// The nearest of some corners, used for a place that was not measured.
fn nearest(listed: &[([f32; 3], Corner)], here: [f32; 3]) -> Option<Corner> {
    let far = |at: &[f32; 3]| at.iter().zip(&here).map(|(a, b)| (a - b).abs()).sum::<f32>();
    let corner = listed.iter().min_by(|(a, _), (b, _)| far(a).total_cmp(&far(b)));
    corner.map(|(_, corner)| Corner { exact: false, ..corner.clone() })
}

/// Two neighbours on an axis, and how much the upper one weighs.
struct Span {
    low: usize,
    upper: f32,
    within: bool,
}

/// The neighbours of a value on an ascending axis that has at least one.
fn span(axis: &[f32], at: f32) -> Span {
    let above = axis.partition_point(|&value| value <= at);
    let last = axis.len() - 1;
    if above == 0 {
        return Span { low: 0, upper: 0.0, within: false };
    }
    let low = above - 1;
    if low == last {
        return Span { low, upper: 0.0, within: at <= axis[last] };
    }
    Span { low, upper: (at - axis[low]) / (axis[low + 1] - axis[low]), within: true }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_value_stands_between_its_neighbours() {
        let axis = [1.0, 2.0, 4.0];
        for (at, low, upper, within) in [
            (0.5, 0, 0.0, false),
            (1.0, 0, 0.0, true),
            (1.25, 0, 0.25, true),
            (3.0, 1, 0.5, true),
            (4.0, 2, 0.0, true),
            (5.0, 2, 0.0, false),
        ] {
            let span = span(&axis, at);
            assert_eq!((span.low, span.upper, span.within), (low, upper, within), "{at}");
        }
    }
}
