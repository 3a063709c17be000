//! A case of the exactness suite: a matrix, selected from by the host, the interpreter or a GPU, and the check
//! of the answer.
//!
//! [`Backend`] is what the suites give. It selects; the case makes the scores, and says what is wrong.

use crate::fuzz;
use crate::given::{Given, HostOutput};
use crate::shards::Gathered;
use std::fmt;
use topkit::cudarc::driver::DeviceRepr;
use topkit::host::{self, Rows, Selection};
use topkit::{
    DType, IndexInt, Score, SelectorSpec,
    spec::{Fill, IndexType, Semantics},
};
use topkit_lab::{Distribution, Rng};

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

/// What a launch is given because of the keys of its selector, beside scores and k. A key that needs an input of the
/// launch needs a field here or in [`Given`], or a constant such as [`INDEX_FILL`].
#[derive(Debug, Clone, Default)]
pub struct Inputs {
    /// The first column of each row.
    pub starts: Option<Vec<i32>>,
    /// The length of each row.
    pub lengths: Option<Vec<i32>>,
}

/// The index that a launch gives under `fill: given`: no column, and not the standard fill.
pub const INDEX_FILL: i64 = -7;

/// The bits of the value that a launch gives under `fill: given`: not the standard fill of any dtype.
pub const VALUE_FILL: u64 = 0x2b;

impl Inputs {
    /// Inputs at random for rows of so many columns: starts, lengths, and what the keys need.
    pub fn random(
        rng: &mut Rng,
        _semantics: &Semantics,
        [has_starts, has_lengths]: [bool; 2],
        rows: usize,
        columns: usize,
    ) -> Inputs {
        let (starts, lengths) = fuzz::spans(rng, rows, columns);
        let (starts, lengths) = (has_starts.then_some(starts), has_lengths.then_some(lengths));
        Inputs { starts, lengths }
    }

    /// Whether the contract has launches of these semantics with such inputs.
    pub fn serve(semantics: &Semantics, spans: [bool; 2]) -> bool {
        let inputs = Inputs::random(&mut Rng::new(0), semantics, spans, 1, 1);
        // The type of the indices is that of the call.
        let semantics = Semantics { index: IndexType::I32, ..*semantics };
        let spec = SelectorSpec::builder("Served").dtype([DType::U8]).semantics(semantics).spec();
        let Ok(selector) = host::Selector::new(spec) else { return false };
        let given = Given::<i32>::of(&semantics, 1, 1, 1, 0);
        let rows = given.rows(inputs.of(Rows::host(&[1u8], 1, 1)));
        let select = |output: HostOutput<'_, i32, u8>| selector.launch(&rows, 1, output);
        given.answer(&semantics, [1, 1], 1, select).is_ok()
    }

    /// The rows with these inputs.
    fn of<'a, S: Score>(&'a self, mut rows: Rows<'a, S>) -> Rows<'a, S> {
        if let Some(starts) = &self.starts {
            rows = rows.starts(starts);
        }
        if let Some(lengths) = &self.lengths {
            rows = rows.lengths(lengths);
        }
        rows
    }
}

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

    /// The winners of the rows, which are rows of the matrix with the mask and the k of what is given. Under `fill: given` the launch gives [`INDEX_FILL`] and
    /// [`VALUE_FILL`]. What a turn changes is the backend's: a schedule, or nothing.
    ///
    /// # Errors
    /// What the backend itself finds wrong with the kernel.
    fn select<S: Score + Element, I: IndexInt + Element>(
        kernel: &Self::Kernel,
        matrix: &Self::Matrix<S>,
        rows: &Rows<'_, S>,
        k: u32,
        given: &Given<I>,
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
        let given = self.given::<I>(kernel, rows, k, turn);
        let mut input = given.rows(self.rows(rows));
        if let Some((starts, lengths)) = spans {
            input = input.starts(starts).lengths(lengths);
        }
        self.fault_of(kernel, &given, &input, k, turn)
    }

    /// The same with the inputs that the keys need, and with indices of the declared type.
    pub fn fault_given(
        &self,
        kernel: &B::Kernel,
        rows: usize,
        k: u32,
        inputs: &Inputs,
        turn: u64,
    ) -> Option<String> {
        match B::semantics(kernel).index {
            IndexType::I32 => self.fault_in::<i32>(kernel, rows, k, inputs, turn),
            IndexType::U32 => self.fault_in::<u32>(kernel, rows, k, inputs, turn),
            IndexType::I64 => self.fault_in::<i64>(kernel, rows, k, inputs, turn),
        }
    }

    fn fault_in<I: IndexInt + Element>(
        &self,
        kernel: &B::Kernel,
        rows: usize,
        k: u32,
        inputs: &Inputs,
        turn: u64,
    ) -> Option<String> {
        let given = self.given::<I>(kernel, rows, k, turn);
        let input = given.rows(inputs.of(self.rows(rows)));
        self.fault_of(kernel, &given, &input, k, turn)
    }

    fn given<I: IndexInt>(&self, kernel: &B::Kernel, rows: usize, k: u32, turn: u64) -> Given<I> {
        Given::of(&B::semantics(kernel), rows, self.columns, k, turn)
    }

    /// The first rows.
    fn rows(&self, rows: usize) -> Rows<'_, S> {
        Rows::host(&self.scores, rows, self.columns).row_stride(self.columns + self.layout.gap)
    }

    fn fault_of<I: IndexInt + Element>(
        &self,
        kernel: &B::Kernel,
        given: &Given<I>,
        input: &Rows<'_, S>,
        k: u32,
        turn: u64,
    ) -> Option<String> {
        let Case { matrix, layout, name, .. } = self;
        let wrong = |what: &dyn fmt::Display| {
            let (kernel, rows) = (B::name(kernel), input.count());
            let spans = ["starts", "lengths"].into_iter().zip(input.spans());
            let spans: String = spans
                .filter(|(_, are)| are.is_some())
                .map(|(what, _)| format!(", {what}"))
                .collect();
            Some(format!(
                "{kernel}: top {k} of {rows} rows, {name}{spans}, {layout:?}, turn {turn}: {what}"
            ))
        };
        let semantics = B::semantics(kernel);
        let got = B::select(kernel, matrix, input, k, given, *layout, turn);
        if let Some(shards) = &given.shards {
            let shape = [input.count(), self.columns, self.columns + layout.gap];
            let gathered = Gathered::of(given, shards, &self.scores, shape);
            let checked = got.and_then(|got| gathered.check(given, input, k, &semantics, got));
            return checked.err().and_then(|fault| wrong(&fault));
        }
        let got = got.and_then(|got| with_filled(input, k, &semantics, got));
        let got = got.and_then(|got| given.columns(input, k, &got));
        let got: Selection<I, S> = match got {
            Ok(got) => got,
            Err(fault) => return wrong(&fault),
        };
        if B::accepts(kernel, matrix, input, k, &got) {
            return None;
        }
        match host::check_selection(input, k, &semantics, &got) {
            Err(mismatch) => wrong(&mismatch),
            // Two checks that differ are a fault, too.
            Ok(()) => wrong(&"the check of the suite refuses what the oracle accepts"),
        }
    }
}

/// An answer with the standard fill, for the checks, which know no other.
///
/// # Errors
/// The fill is not the one that the launch gave.
pub(crate) fn with_filled<S: Score, I: IndexInt>(
    input: &Rows<'_, S>,
    k: u32,
    semantics: &Semantics,
    got: Selection<I, S>,
) -> Result<Selection<I, S>, String> {
    match semantics.fill {
        Fill::Standard => Ok(got),
        Fill::Given => with_standard_fill(input, k, semantics, got),
    }
}

/// An answer with the standard fill in place of the fill that the launch gave.
///
/// # Errors
/// The fill is not the one that the launch gave.
fn with_standard_fill<S: Score, I: IndexInt>(
    input: &Rows<'_, S>,
    k: u32,
    semantics: &Semantics,
    mut got: Selection<I, S>,
) -> Result<Selection<I, S>, String> {
    let (index, value) = (I::from_i64(INDEX_FILL), S::from_bits(VALUE_FILL));
    for row in 0..input.count() {
        let places = row * k as usize..(row + 1) * k as usize;
        let kept = (0..input.scores_of(row).len()).filter(|&column| input.keeps(row, column));
        let winners = kept.count().min(input.k_of(row, k) as usize);
        for place in places.skip(winners) {
            let found = std::mem::replace(&mut got.indices[place], I::FILL);
            if found != index {
                return Err(format!("row {row}: expected the given fill {index}, found {found}"));
            }
            let Some(values) = &mut got.values else { continue };
            let found = std::mem::replace(&mut values[place], S::worst(semantics.select));
            if found.to_bits() != value.to_bits() {
                return Err(format!(
                    "row {row}: expected the given value {value:?}, found {found:?}"
                ));
            }
        }
    }
    Ok(got)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_fill_is_the_one_that_was_given() {
        let semantics = Semantics { fill: Fill::Given, values: true, ..Semantics::DEFAULT };
        let (scores, lengths) = ([1u8, 2, 3], [1]);
        let rows = Rows::host(&scores, 1, 3).lengths(&lengths);
        let value = u8::from_bits(VALUE_FILL);
        let answer = |indices: [i32; 2], values: [u8; 2]| {
            let (indices, values) = (indices.to_vec(), Some(values.to_vec()));
            let got = Selection { indices, values, counts: None, raw_columns: None };
            with_standard_fill(&rows, 2, &semantics, got)
        };
        let given = INDEX_FILL as i32;
        let standard = answer([0, given], [1, value]).unwrap();
        assert_eq!((standard.indices, standard.values), (vec![0, -1], Some(vec![1, 0])));
        for (indices, values, words) in [
            ([0, -1], [1, value], "row 0: expected the given fill -7, found -1"),
            ([0, given], [1, 0], "row 0: expected the given value 43, found 0"),
        ] {
            assert_eq!(answer(indices, values).unwrap_err(), words);
        }
    }
}
