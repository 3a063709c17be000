//! Inputs for which the filters once gave wrong answers, or right answers by a race.
//!
//! Each has a matrix, values of k and semantics; a suite runs it on every kernel that serves it and checks
//! the answers. In each of them fewer scores than k beat the losing infinity, NaN that ranks last is among
//! the losers, or one stripe of a filter has all winners.

use crate::{Reader, Stripes};
use topkit::{
    DType, Score, Variant,
    spec::{KernelKind, NanPolicy, Select, Semantics},
};
use topkit_lab::Rng;

/// A matrix that is hard for the filters.
#[derive(Debug, Clone)]
pub struct Case {
    /// For messages.
    pub name: String,
    /// Rows without gaps.
    pub scores: Vec<f32>,
    /// Rows.
    pub rows: usize,
    /// Columns.
    pub columns: usize,
    /// The values of k to run, in turn.
    pub ks: Vec<u32>,
    /// Whether the largest or the smallest scores win.
    pub select: Select,
    /// Where NaN ranks.
    pub nan: NanPolicy,
}

/// Rows of the cases that have many.
const MANY: usize = 100;

impl Case {
    /// Every case, whole.
    pub fn all() -> Vec<Case> {
        let mut cases = vec![
            masked("losing_inf_nan", 20_000, 5, f32::NEG_INFINITY),
            masked("losing_inf_nan_big", 70_000, 10, f32::NEG_INFINITY),
            masked("losing_posinf_nan", 20_000, 5, f32::INFINITY),
            tiny("tiny a", &[f32::NAN, f32::NEG_INFINITY, f32::INFINITY, 0.0], 3),
            tiny("tiny b", &[1.0, f32::NAN, f32::NAN], 2),
            tiny("tiny c", &[1.0, f32::NAN, f32::NAN, f32::NAN, f32::NAN], 2),
        ];
        let widths = [600, 800, 1000, 1500, 2000, 3000];
        cases.extend(widths.map(nan_padding));
        cases.extend([distances(), crowded_stripe()]);
        cases
    }

    /// What its answer means.
    pub fn semantics(&self) -> Semantics {
        Semantics { select: self.select, nan: self.nan, ..Semantics::DEFAULT }
    }

    /// The same with its first rows alone.
    pub fn first_rows(mut self, rows: usize) -> Case {
        self.rows = self.rows.min(rows);
        self.scores.truncate(self.rows * self.columns);
        self
    }

    /// Its scores as another type.
    pub fn scores_as<S: Score>(&self) -> Vec<S> {
        self.scores.iter().map(|&score| S::from_f32(score)).collect()
    }
}

/// The filter that the cases are about: stripes of 8192 scores.
pub fn filter(kernel: KernelKind, dtype: DType, semantics: Semantics) -> Variant {
    let cluster = if kernel == KernelKind::ClusterFilter { 2 } else { 1 };
    let vec_size = 16 / dtype.bytes();
    Variant {
        kernel,
        dtype,
        vec_size,
        bins: 2048,
        threads: 512,
        items: 16,
        cluster,
        stages: Variant::STAGES,
        semantics,
        program: None,
    }
}

/// One row: 100 finite scores, one NaN in so many, and the infinity that loses. It must win over NaN.
fn masked(name: &str, columns: usize, one_in: u32, worst: f32) -> Case {
    let mut rng = Rng::new(1);
    let mut score = || if rng.one_in(one_in) { f32::NAN } else { worst };
    let mut scores: Vec<f32> = (0..columns).map(|_| score()).collect();
    scatter(&mut rng, &mut scores, 100, Rng::normal);
    let (select, nan) = if worst > 0.0 {
        (Select::Smallest, NanPolicy::Highest)
    } else {
        (Select::Largest, NanPolicy::Lowest)
    };
    Case { name: name.to_owned(), scores, rows: 1, columns, ks: vec![512], select, nan }
}

/// One row of a few scores.
fn tiny(name: &str, scores: &[f32], k: u32) -> Case {
    let (select, nan) = (Select::Largest, NanPolicy::Lowest);
    let (scores, columns) = (scores.to_vec(), scores.len());
    Case { name: name.to_owned(), scores, rows: 1, columns, ks: vec![k], select, nan }
}

/// Four rows, each a window of normal scores among NaN: a row padded on both sides.
fn nan_padding(width: usize) -> Case {
    const COLUMNS: usize = 40_000;
    const ROWS: usize = 4;
    let mut rng = Rng::new(width as u64);
    let mut scores = vec![f32::NAN; ROWS * COLUMNS];
    for row in scores.chunks_exact_mut(COLUMNS) {
        let start = rng.below((COLUMNS - width) as u32) as usize;
        row[start..start + width].fill_with(|| rng.normal());
    }
    let name = format!("nan_padding of {width} scores");
    let (select, nan) = (Select::Largest, NanPolicy::Lowest);
    Case { name, scores, rows: ROWS, columns: COLUMNS, ks: vec![512], select, nan }
}

/// Distances of which most were cut off: +inf but for 40 columns of NaN and five numbers a row.
fn distances() -> Case {
    const COLUMNS: usize = 33_001;
    let mut rng = Rng::new(3);
    let unknown: Vec<usize> = (0..40).map(|_| rng.below(COLUMNS as u32) as usize).collect();
    let mut scores = vec![f32::INFINITY; MANY * COLUMNS];
    for row in scores.chunks_exact_mut(COLUMNS) {
        unknown.iter().for_each(|&column| row[column] = f32::NAN);
        scatter(&mut rng, row, 5, |rng| rng.unit() as f32);
    }
    let (select, nan) = (Select::Smallest, NanPolicy::Highest);
    let (name, ks) = ("distances".to_owned(), vec![10, 64]);
    Case { name, scores, rows: MANY, columns: COLUMNS, ks, select, nan }
}

/// The first row has 1700 zeros, all in the first stripe of `block_filter`, and the rest below -1; the
/// others are normal.
fn crowded_stripe() -> Case {
    const COLUMNS: usize = 33_000;
    let mut rng = Rng::new(4);
    let filter = filter(KernelKind::BlockFilter, DType::F32, Semantics::DEFAULT);
    let stripes = Stripes::of(&filter, 1, 0, COLUMNS);
    let mut columns = stripes.columns(COLUMNS, |by| matches!(by, Reader::Vector { stripe: 0, .. }));
    let mut scores: Vec<f32> = (0..COLUMNS).map(|_| -1.0 - rng.unit() as f32).collect();
    for _ in 0..1700 {
        let column = columns.swap_remove(rng.below(columns.len() as u32) as usize);
        scores[column] = 0.0;
    }
    scores.extend((COLUMNS..MANY * COLUMNS).map(|_| rng.normal()));
    let (select, nan) = (Select::Largest, NanPolicy::Highest);
    let (name, ks) = ("crowded_stripe".to_owned(), vec![1800]);
    Case { name, scores, rows: MANY, columns: COLUMNS, ks, select, nan }
}

/// Puts `count` scores at distinct random columns of a row.
fn scatter(rng: &mut Rng, row: &mut [f32], count: usize, score: impl Fn(&mut Rng) -> f32) {
    let mut columns: Vec<usize> = (0..row.len()).collect();
    for _ in 0..count {
        let column = columns.swap_remove(rng.below(columns.len() as u32) as usize);
        row[column] = score(rng);
    }
}
