//! Ratios within one bench: 16-bit scores to f32, other distributions and ragged rows to plain ones, and all
//! times to the read-once floor.
//!
//! It compares our kernels with our kernels; [`super::ratio`] compares them with peers.

use super::ratio::Pair;
use super::record::{Document, Each, Entry, Measure, Seeds};
use crate::Distribution;
use crate::cell::{Cell, ragged};
use topkit::DType;

/// How many times as fast 16-bit scores are as f32, in one shape.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Speedup {
    /// Rows.
    pub rows: usize,
    /// Columns.
    pub cols: usize,
    /// Winners a row.
    pub k: u32,
    /// bf16 over f32, in each measure.
    pub bf16: Each<Option<f64>>,
    /// f16 over f32, in each measure.
    pub f16: Each<Option<f64>>,
}

/// Every shape of normal scores that was measured in f32 and in a 16-bit type, in the order of the
/// f32 cells, each once.
pub fn speedups(document: &Document) -> Vec<Speedup> {
    let plain = |cell: &Cell| cell.dist == Distribution::Normal && !cell.ragged();
    let entries = || document.cells.iter().filter(|entry| plain(&entry.cell));
    let shape = |cell: &Cell| (cell.rows, cell.cols, cell.k);
    let mut speedups: Vec<Speedup> = Vec::new();
    for f32 in entries().filter(|entry| entry.cell.dtype == DType::F32) {
        let (rows, cols, k) = shape(&f32.cell);
        let over = |dtype| {
            let same =
                |entry: &&Entry| entry.cell.dtype == dtype && shape(&entry.cell) == (rows, cols, k);
            let half = entries().find(same);
            Measure::ALL.map(|measure| Some(f32.ours.us(measure)? / half?.ours.us(measure)?))
        };
        let speedup = Speedup { rows, cols, k, bf16: over(DType::Bf16), f16: over(DType::F16) };
        let any = speedup.bf16.iter().chain(&speedup.f16).any(Option::is_some);
        let known = speedups.iter().any(|s| (s.rows, s.cols, s.k) == (rows, cols, k));
        if any && !known {
            speedups.push(speedup);
        }
    }
    speedups
}

impl Speedup {
    /// Enough scores for memory bandwidth to decide the time.
    pub fn is_large(&self) -> bool {
        self.rows * self.cols >= 128 * 128 * 1024
    }
}

/// An entry beside another of the same run, with the ratios of their times.
#[derive(Debug)]
pub struct Beside<'a> {
    /// The one.
    pub entry: &'a Entry,
    /// The other.
    pub other: &'a Entry,
    /// How many times as long the one takes, on the first seed.
    pub times: Each<Option<f64>>,
    /// How many times the other's median seed the one's worst takes, warm.
    pub worst: Option<f64>,
}

/// Every entry of another distribution beside normal scores of the same shape.
pub fn beside_normal(document: &Document) -> Vec<Beside<'_>> {
    let unusual = document.cells.iter().filter(|entry| entry.cell.dist != Distribution::Normal);
    let normal = |entry: &'_ Entry| {
        let wanted = Cell { dist: Distribution::Normal, ..entry.cell };
        let same = |other: &&Entry| Cell { grid: wanted.grid, ..other.cell } == wanted;
        document.cells.iter().find(same)
    };
    unusual.filter_map(|entry| Some(beside(entry, normal(entry)?))).collect()
}

/// A mix of ragged rows beside the parts that it is compared with.
#[derive(Debug)]
pub struct Mix<'a> {
    /// The mix.
    pub entry: &'a Entry,
    /// What each part is, and its entry.
    pub parts: Vec<(&'static str, &'a Entry)>,
    /// How many times as long the mix takes as the slowest part, in each measure.
    pub times: Each<Option<f64>>,
}

/// Every mix of ragged rows of which every part was measured too.
pub fn mixes(document: &Document) -> Vec<Mix<'_>> {
    // The one of the mix's grid, which was measured beside it, else of any.
    let entry = |cell: &Cell| {
        let same = |entry: &&Entry| Cell { grid: cell.grid, ..entry.cell } == *cell;
        let exact = document.cells.iter().find(|entry| entry.cell == *cell);
        exact.or_else(|| document.cells.iter().find(same))
    };
    let mix = |mix: &'_ Entry| {
        let parts = ragged::parts(&mix.cell).into_iter();
        let parts = parts.map(|part| Some((part.what, entry(&part.cell)?)));
        let parts = parts.collect::<Option<Vec<_>>>()?;
        let times = Measure::ALL.map(|measure| {
            let slowest = parts.iter().map(|(_, part)| part.ours.us(measure));
            let slowest = slowest.collect::<Option<Vec<_>>>()?.into_iter().fold(f64::NAN, f64::max);
            Some(mix.ours.us(measure)? / slowest)
        });
        Some((parts, times))
    };
    let mixes = document.cells.iter().filter(|entry| ragged::is_mix(&entry.cell));
    mixes.filter_map(|entry| mix(entry).map(|(parts, times)| Mix { entry, parts, times })).collect()
}

fn beside<'a>(entry: &'a Entry, other: &'a Entry) -> Beside<'a> {
    let times = Measure::ALL.map(|measure| Some(entry.ours.us(measure)? / other.ours.us(measure)?));
    let worst = entry.worst_us().zip(other.median_us()).map(|(worst, median)| worst / median);
    Beside { entry, other, times, worst }
}

/// The entries that were measured over several seeds.
pub fn seeded(document: &Document) -> impl Iterator<Item = (&Entry, &Seeds)> {
    document.cells.iter().filter_map(|entry| Some((entry, entry.seeds.as_ref()?)))
}

/// The greatest of some ratios, with its subject.
pub fn most<T>(ratios: impl Iterator<Item = (Option<f64>, T)>) -> Option<(f64, T)> {
    let known = ratios.filter_map(|(ratio, of)| Some((ratio?, of)));
    known.max_by(|(a, _), (b, _)| a.total_cmp(b))
}

/// The entries that hold at least 8M scores, which the read-once floor decides.
pub fn large<'a>(pairs: &'a [Pair<'a>]) -> impl Iterator<Item = &'a Pair<'a>> {
    pairs.iter().filter(|pair| pair.entry.scores >= 8 << 20)
}
