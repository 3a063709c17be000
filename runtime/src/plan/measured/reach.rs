//! Every variant that plans can name for a range of problems.
//!
//! No variant is left out: a plan for any problem in the range, in any layout, names one of these. A few
//! are listed that no problem needs, where two are about equally fast. Rules change at known sizes, so
//! one problem between two changes represents all of them. For a measured table, ranges are halved until
//! the variant in the middle of each part is the fastest everywhere in the part, by limits on the
//! weights with which a plan interpolates. It asks no device and compiles nothing. A workload that the
//! selector was not declared for is an error.

use super::lattice::{Corner, LEAST_WEIGHT, Lattice, Reach};
use super::layouts::LayoutTimes;
use crate::plan::{PlanError, Planner, accepts, rules};
use crate::problem::{LIMIT, Problem, Workload};
use topkit_codegen::{KSet, KernelKind, SelectorSpec, Variant};

/// Rows, columns and k, from the first to the last.
pub(in crate::plan) type Region = [(usize, usize); 3];
/// The same as logarithms.
type Logs = [(f32, f32); 3];

/// How often a part is halved before every variant that it may need is taken.
const HALVINGS: u32 = 9;
/// Logarithms of times that differ by less are equal.
const EQUAL: f32 = 1e-4;
/// From so many rows on, a launch would need more CTAs than the GPU allows.
const MANY_ROWS: usize = LIMIT / 16;

impl Planner {
    /// The variants that plans can name for a workload, each once.
    ///
    /// # Errors
    /// The dtype or none of the k was declared, or a shape is beyond 2^31 - 1.
    pub(crate) fn reach(&self, workload: &Workload) -> Result<Vec<Variant>, PlanError> {
        let unpacked = self.reach_unpacked(workload)?;
        Ok(match &self.packed {
            None => unpacked,
            Some(packed) => packed.reach(unpacked, self, workload),
        })
    }

    /// The same, without regard to packs.
    fn reach_unpacked(&self, workload: &Workload) -> Result<Vec<Variant>, PlanError> {
        let spec = &*self.spec;
        if workload.is_empty() {
            return Ok(Vec::new());
        }
        let (first, last) = (workload.end(false), workload.end(true));
        last.check()?;
        let ks = declared(&spec.k, (first.k, last.k));
        let k = ks.first().map_or(first.k, |k| k.0);
        accepts(spec, &Problem { k, ..last })?;
        let mut found = Vec::new();
        for layout in self.layouts(&first) {
            let layout = layout.of_selector(spec);
            let mut search = Search { planner: self, times: self.times(&layout), layout, found };
            for &(low, high) in &ks {
                if (first.rows, first.columns, low) == (last.rows, last.columns, high) {
                    let variant = self.unpacked(&Problem { k: low, ..layout })?.variant;
                    search.add(variant);
                    continue;
                }
                let k = (low as usize, high as usize);
                search.all([(first.rows, last.rows), (first.columns, last.columns), k]);
            }
            found = search.found;
        }
        Ok(found)
    }

    /// The problem in each layout that has plans of its own, dense aligned first.
    fn layouts(&self, problem: &Problem) -> Vec<Problem> {
        let mut layouts: Vec<Problem> = Vec::new();
        for layout in problem.dense_aligned().alignments() {
            let same = |other: &Problem| match (self.times(other), self.times(&layout)) {
                (Some(one), Some(other)) => std::ptr::eq(one, other),
                (one, other) => one.is_none() && other.is_none(),
            };
            if !layouts.iter().any(same) {
                layouts.push(layout);
            }
        }
        layouts
    }
}

/// The parts of a workload, as ranges of rows, columns and k: the same kernels can serve every problem of one.
pub(in crate::plan) fn parts<'a>(
    spec: &SelectorSpec,
    workload: &Workload,
    kernels: impl Iterator<Item = &'a Variant> + Clone,
) -> Vec<Region> {
    let (first, last) = (workload.end(false), workload.end(true));
    let most_rows: Vec<_> = kernels.clone().map(|v| LIMIT / v.cluster.max(1) as usize).collect();
    let capacities: Vec<_> =
        kernels.clone().filter_map(Variant::capacity).map(|most| most as usize).collect();
    let most_k: Vec<_> = kernels.filter_map(|v| v.kernel.most_k()).map(|k| k as usize).collect();
    let ks = declared(&spec.k, (first.k, last.k)).into_iter();
    let ks: Vec<_> =
        ks.flat_map(|(low, high)| cut((low as usize, high as usize), &most_k)).collect();
    let mut parts = Vec::new();
    for rows in cut((first.rows, last.rows), &most_rows) {
        for columns in cut((first.columns, last.columns), &capacities) {
            parts.extend(ks.iter().map(|&k| [rows, columns, k]));
        }
    }
    parts
}

/// The first problem of a part.
pub(in crate::plan) fn first(workload: &Workload, part: &Region) -> Problem {
    let [(rows, _), (columns, _), (k, _)] = *part;
    Problem::new(workload.dtype, rows, columns, k as u32)
}

/// The k in a range that a selector was declared for.
fn declared(set: &KSet, (low, high): (u32, u32)) -> Vec<(u32, u32)> {
    match set {
        KSet::Values(values) => {
            let inside = values.iter().filter(|k| (low..=high).contains(k));
            inside.map(|&k| (k, k)).collect()
        }
        KSet::Range { first, last } => {
            let (low, high) = (low.max(*first), high.min(*last));
            if low <= high { vec![(low, high)] } else { Vec::new() }
        }
    }
}

struct Search<'a> {
    planner: &'a Planner,
    times: Option<&'a LayoutTimes>,
    /// A problem in the layout of this search.
    layout: Problem,
    found: Vec<Variant>,
}

impl<'a> Search<'a> {
    fn all(&mut self, [rows, columns, k]: Region) {
        let Some(times) = self.times else {
            return self.rules([rows, columns, k]);
        };
        let lattice = &times.lattice;
        // Where rows are too short for the table, within the precision of a logarithm.
        let short = lattice.least_columns();
        let (surely, maybe) = (short - short / 1000, short + short / 1000 + 2);
        let by_rules = [
            [overlap(rows, (0, 0)), Some(columns)],
            [Some(rows), overlap(columns, (0, maybe))],
            [overlap(rows, (MANY_ROWS, LIMIT)), Some(columns)],
        ];
        for ranges in by_rules {
            if let [Some(rows), Some(columns)] = ranges {
                self.rules([rows, columns, k]);
            }
        }
        let table = [overlap(rows, (1, LIMIT)), overlap(columns, (surely.max(1), LIMIT))];
        let [Some(rows), Some(columns)] = table else { return };
        let variants = || lattice.variants.iter().map(|listed| &listed.variant);
        let capacities: Vec<usize> =
            variants().filter_map(Variant::capacity).map(|most| most as usize).collect();
        let most_k: Vec<usize> =
            variants().filter_map(|v| v.kernel.most_k()).map(|most| most as usize).collect();
        // Behind these sizes rules may name a kernel that a table is too old for.
        let Planner { limits, .. } = self.planner;
        let capacities = [&capacities[..], &[rules::HELD_ALONE]].concat();
        let most_k = [&most_k[..], &[rules::MOST_FILTERED as usize]].concat();
        for rows in cut(rows, &[rules::most_clustered_rows(limits)]) {
            for &columns in &cut(columns, &capacities) {
                for &k in &cut(k, &most_k) {
                    self.table(lattice, [rows, columns, k]);
                }
            }
        }
    }

    /// Adds the variants that rules name in a region.
    fn rules(&mut self, [rows, columns, k]: Region) {
        let Planner { spec, limits, tried, .. } = self.planner;
        let edges = rules::edges(spec, self.layout.dtype, limits);
        for (rows, _) in cut(rows, &edges[0]) {
            for (columns, _) in cut(columns, &edges[1]) {
                for (k, _) in cut(k, &edges[2]) {
                    let problem = self.problem([rows, columns, k]);
                    self.add(rules::variant(spec, &problem, limits, tried));
                }
            }
        }
    }

    fn add(&mut self, variant: Variant) {
        if !self.found.contains(&variant) {
            self.found.push(variant);
        }
    }

    /// Adds the variants that the table gives in a region. The same kernels can serve all of its
    /// problems.
    fn table(&mut self, lattice: &'a Lattice, region: Region) {
        let Some(times) = self.times else { return };
        let first = self.problem(region.map(|(low, _)| low));
        let mut usable = 0u64;
        for (place, listed) in lattice.variants.iter().enumerate() {
            let is_usable = times.absent >> place & 1 == 0
                && !self.planner.tried.has_refused(&listed.variant)
                && listed.can_serve(&first, &self.planner.limits);
            usable |= u64::from(is_usable) << place;
        }
        let logs = region.map(|(low, high)| ((low as f32).log2(), (high as f32).log2()));
        let [rows, columns, ks] = [0, 1, 2].map(|axis| pieces(logs[axis], lattice.axis(axis)));
        for &rows in &rows {
            for &columns in &columns {
                for &k in &ks {
                    self.narrow(lattice, &region, [rows, columns, k], usable, HALVINGS);
                }
            }
        }
    }

    fn problem(&self, [rows, columns, k]: [usize; 3]) -> Problem {
        Problem { rows, columns, k: k as u32, ..self.layout }
    }

    /// Adds the variants for a part of a region, or halves it.
    fn narrow(
        &mut self,
        lattice: &'a Lattice,
        region: &Region,
        part: Logs,
        usable: u64,
        halvings: u32,
    ) {
        let middle = [0, 1, 2].map(|axis| {
            let (low, high) = part[axis];
            (((low + high) / 2.0).exp2().round() as usize).clamp(region[axis].0, region[axis].1)
        });
        let planned = self.planner.unpacked(&self.problem(middle));
        let planned = planned.ok().map(|plan| plan.variant);
        if let Some(variant) = planned {
            self.add(variant);
        }
        let corners = lattice.reach(&part);
        let near = listed(&corners, |corner| corner.most >= LEAST_WEIGHT - f32::EPSILON);
        let always = listed(&corners, |corner| corner.least >= LEAST_WEIGHT + f32::EPSILON);
        let (seen, sure) = (usable & near, usable & always);
        let best = planned.and_then(|variant| lattice.place(&variant));
        let best = best.filter(|place| sure >> place & 1 == 1);
        let mut open = Vec::new();
        for (place, other) in lattice.variants.iter().enumerate() {
            if seen >> place & 1 == 1
                && !self.found.contains(&other.variant)
                && best.is_none_or(|best| !is_slower(&corners, place, best))
            {
                open.push(other.variant);
            }
        }
        let widest = (0..3).max_by(|&a, &b| width(part[a]).total_cmp(&width(part[b]))).unwrap_or(0);
        let last = halvings == 0 || width(part[widest]) == 0.0;
        let within = bounds(region, &part);
        let [low, high] = [0, 1].map(|end| {
            let [rows, columns, k] = within.map(|(low, high)| [low, high][end]);
            self.problem([rows, columns, k])
        });
        // Rules name `cluster_radix` where clusters cannot hold the row, and are too many for its own from some rows
        // on: so where they name it at both ends of a part, they do in all of it.
        let planner = self.planner;
        if planner.packed.is_none()
            && [&low, &high].iter().all(|problem| planner.is_outdated(problem, lattice, near))
        {
            return self.rules(within);
        }
        let may_be_outdated = planner.may_be_outdated(&low, &high)
            && lattice.of_kernel(KernelKind::ClusterRadix) & always == 0;
        // If no variant certainly serves, rules may have to.
        let unserved = sure == 0 || may_be_outdated;
        if unserved && (last || seen == 0) {
            self.rules(within);
        }
        if last {
            return open.into_iter().for_each(|variant| self.add(variant));
        }
        if open.is_empty() && (!unserved || seen == 0) {
            return;
        }
        let (low, high) = part[widest];
        let half = (low + high) / 2.0;
        for half in [(low, half), (half, high)] {
            let mut part = part;
            part[widest] = half;
            self.narrow(lattice, region, part, usable, halvings - 1);
        }
    }
}

/// A bit for each variant that one of some corners lists.
fn listed(corners: &[Reach<'_>; 8], of: impl Fn(&Reach<'_>) -> bool) -> u64 {
    let corners = corners.iter().filter(|reach| of(reach)).filter_map(|reach| reach.corner);
    corners.flat_map(|corner| &corner.times).fold(0, |bits, time| bits | 1 << time.place)
}

/// Whether a variant takes longer than another wherever the weights are within their limits.
fn is_slower(corners: &[Reach<'_>; 8], one: usize, other: usize) -> bool {
    let least: f32 = corners
        .iter()
        .filter_map(|reach| Some((reach, reach.corner?)))
        .map(|(reach, corner)| {
            let more = time(corner, one) - time(corner, other);
            let counts = reach.least >= LEAST_WEIGHT + f32::EPSILON;
            // A corner of little weight is left out of a plan.
            let may_count = reach.most >= LEAST_WEIGHT - f32::EPSILON;
            match more {
                more if more > 0.0 => {
                    if counts {
                        reach.least * more
                    } else {
                        0.0
                    }
                }
                more => {
                    if may_count {
                        reach.most * more
                    } else {
                        0.0
                    }
                }
            }
        })
        .sum();
    least > EQUAL
}

fn time(corner: &Corner, place: usize) -> f32 {
    let listed = corner.times.iter().find(|time| usize::from(time.place) == place);
    listed.map_or(corner.slow, |time| time.log)
}

/// The rows, columns and k of a part of a region, with a little more where logarithms are rounded.
fn bounds(region: &Region, part: &Logs) -> Region {
    [0, 1, 2].map(|axis| {
        let (low, high) = part[axis];
        let (low, high) = (low.exp2() as usize, high.exp2().ceil() as usize + 1);
        (low.max(region[axis].0), high.min(region[axis].1))
    })
}

fn width((low, high): (f32, f32)) -> f32 {
    high - low
}

fn overlap(one: (usize, usize), other: (usize, usize)) -> Option<(usize, usize)> {
    let (low, high) = (one.0.max(other.0), one.1.min(other.1));
    (low <= high).then_some((low, high))
}

/// A range cut behind each of some values.
fn cut((low, high): (usize, usize), behind: &[usize]) -> Vec<(usize, usize)> {
    let mut ends: Vec<usize> =
        behind.iter().copied().filter(|end| (low..high).contains(end)).chain([high]).collect();
    ends.sort_unstable();
    ends.dedup();
    let begins = [low].into_iter().chain(ends.iter().map(|end| end + 1));
    begins.zip(ends.iter().copied()).collect()
}

/// A range of logarithms cut at each value of an ascending axis.
fn pieces((low, high): (f32, f32), axis: &[f32]) -> Vec<(f32, f32)> {
    let inner: Vec<f32> = axis.iter().copied().filter(|at| low < *at && *at < high).collect();
    let begins = [low].into_iter().chain(inner.iter().copied());
    begins.zip(inner.iter().copied().chain([high])).collect()
}

#[cfg(test)]
#[path = "reach_tests.rs"]
mod tests;
