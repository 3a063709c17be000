//! A case of the exactness suite: a matrix, selected from by the host, the interpreter or a GPU, and the check
//! of the answer.
//!
//! [`Backend`] is what the suites give. It selects; the case makes the scores, and says what is wrong.

use crate::inputs::Inputs;
use std::fmt;
use topkit::cudarc::driver::DeviceRepr;
use topkit::host::{self, Rows, Selection};
use topkit::{IndexInt, Score, spec::Semantics};
use topkit_lab::Distribution;

/// A score or an index that every backend takes.
#[cfg(feature = "interpret")]
pub trait Element: DeviceRepr + topkit::interpret::Word {}
#[cfg(feature = "interpret")]
impl<T: DeviceRepr + topkit::interpret::Word> Element for T {}
/// A score or an index that every backend takes.
#[cfg(not(feature = "interpret"))]
pub trait Element: DeviceRepr {}
#[cfg(not(feature = "interpret"))]
impl<T: DeviceRepr> Element for T {}

/// Starts and lengths of ragged rows.
pub type Spans<'a> = (&'a [i32], &'a [i32]);

/// What selects: the host, the interpreter, a GPU.
pub trait Backend {
    /// What selects by one meaning: a kernel, or the host itself.
    type Kernel;
    /// The scores of a case, where a kernel reads them.
    type Matrix<S: Score + Element>;

    /// What its answers mean.
    fn semantics(kernel: &Self::Kernel) -> Semantics;

    /// Its name, for messages.
    fn name(kernel: &Self::Kernel) -> String;

    /// Puts scores where kernels read them, from so many elements past an aligned address on.
    fn put<S: Score + Element>(scores: &[S], offset: usize) -> Self::Matrix<S>;

    /// The winners of the rows, which are rows of the matrix and have the mask and the k of the inputs. What a turn changes is the backend's: a
    /// schedule, or nothing.
    ///
    /// # Errors
    /// What the backend itself finds wrong with the kernel.
    fn select<S: Score + Element, I: IndexInt + Element>(
        kernel: &Self::Kernel,
        matrix: &Self::Matrix<S>,
        rows: &Rows<'_, S>,
        k: u32,
        inputs: &Inputs<I>,
        layout: Layout,
        turn: u64,
    ) -> Result<Selection<I, S>, String>;

    /// Whether an answer is right.
    fn accepts<S: Score + Element, I: IndexInt + Element>(
        kernel: &Self::Kernel,
        _matrix: &Self::Matrix<S>,
        rows: &Rows<'_, S>,
        k: u32,
        got: &Selection<I, S>,
    ) -> bool {
        host::check_selection(rows, k, &Self::semantics(kernel), got).is_ok()
    }
}

/// The layout of a matrix in memory: elements before the first row, and after each row.
#[derive(Debug, Clone, Copy)]
pub struct Layout {
    /// Elements before the first row, from an aligned address on.
    pub offset: usize,
    /// Elements after each row.
    pub gap: usize,
}

/// Rows one after the other, from an aligned address on.
pub const ALIGNED: Layout = Layout { offset: 0, gap: 0 };

/// A matrix. The elements between its rows are NaN, which would win.
pub struct Case<S: Score + Element, B: Backend> {
    scores: Vec<S>,
    matrix: B::Matrix<S>,
    columns: usize,
    layout: Layout,
    name: String,
}

impl<S: Score + Element, B: Backend> Case<S, B> {
    /// Scores of a distribution.
    pub fn new(
        distribution: Distribution,
        seed: u64,
        rows: usize,
        columns: usize,
        layout: Layout,
    ) -> Self {
        let scores = distribution.fill::<S>(seed, rows, columns);
        Case::of(distribution.name(), &scores, rows, columns, layout)
    }

    /// Scores without gaps.
    pub fn of(name: &str, given: &[S], rows: usize, columns: usize, layout: Layout) -> Self {
        let stride = columns + layout.gap;
        let mut scores = vec![S::FILL; rows * stride];
        for (row, given) in given.chunks_exact(columns.max(1)).take(rows).enumerate() {
            scores[row * stride..][..columns].copy_from_slice(given);
        }
        let name = format!("{name} {} x {columns}", S::DTYPE);
        Case { matrix: B::put(&scores, layout.offset), scores, columns, layout, name }
    }

    /// Selects from the first `rows` rows and checks the answer.
    ///
    /// # Panics
    /// The answer is wrong.
    pub fn check<I: IndexInt + Element>(
        &self,
        kernel: &B::Kernel,
        rows: usize,
        k: u32,
        spans: Option<Spans<'_>>,
        turn: u64,
    ) {
        if let Some(fault) = self.fault::<I>(kernel, rows, k, spans, turn) {
            panic!("{fault}");
        }
    }

    /// What is wrong with the kernel or its answer; `None` if nothing is.
    pub fn fault<I: IndexInt + Element>(
        &self,
        kernel: &B::Kernel,
        rows: usize,
        k: u32,
        spans: Option<Spans<'_>>,
        turn: u64,
    ) -> Option<String> {
        let Case { scores, matrix, columns, layout, name } = self;
        let mut input = Rows::host(scores, rows, *columns).row_stride(columns + layout.gap);
        if let Some((starts, lengths)) = spans {
            input = input.starts(starts).lengths(lengths);
        }
        let semantics = B::semantics(kernel);
        let inputs = Inputs::<I>::of(&semantics, rows, *columns, k, turn);
        let input = inputs.rows(input);
        let wrong = |what: &dyn fmt::Display| {
            let kernel = B::name(kernel);
            Some(format!(
                "{kernel}: top {k} of {rows} rows, {name}, {layout:?}, turn {turn}: {what}"
            ))
        };
        let got: Selection<I, S> =
            match B::select(kernel, matrix, &input, k, &inputs, *layout, turn) {
                Ok(got) => got,
                Err(fault) => return wrong(&fault),
            };
        let got = match inputs.columns(&input, k, &got) {
            Ok(got) => got,
            Err(fault) => return wrong(&fault),
        };
        if B::accepts(kernel, matrix, &input, k, &got) {
            return None;
        }
        match host::check_selection(&input, k, &semantics, &got) {
            Err(mismatch) => wrong(&mismatch),
            // Two checks that differ are a fault, too.
            Ok(()) => wrong(&"the check of the suite refuses what the oracle accepts"),
        }
    }
}
