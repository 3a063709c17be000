//! The scores of a selection and where it writes, with their shape, in the memory of any backend.
//!
//! Both are views: nothing is copied. The checks here are of lengths alone.

#[cfg(feature = "interpret")]
use super::interpret::{Interpreted, Slice};
use super::memory::{Cuda, Host, Memory};
use crate::problem::{IndexInt, Score, TooShort, span};
use cudarc::driver::{DevicePtr, DevicePtrMut};
use std::fmt;

/// The scores of a selection: a matrix, its rows dense or ragged. It is in device memory, unless another
/// memory is named.
///
/// Row `r` begins at element `r * row_stride` of the slice. In a ragged selector its scores are the
/// columns from `start[r]`, `len[r]` of them, both read on the device when the kernel runs, and indices
/// count from the start. A start is clamped to `0..=columns`, and a length to the columns from there on.
#[derive(Clone, Copy)]
pub struct Rows<'a, S: 'a, M: Memory = Cuda> {
    pub(crate) scores: M::Slice<'a, S>,
    pub(crate) rows: usize,
    pub(crate) columns: usize,
    pub(crate) row_stride: usize,
    pub(crate) starts: Option<M::Slice<'a, i32>>,
    pub(crate) lengths: Option<M::Slice<'a, i32>>,
}

impl<'a, S: Score> Rows<'a, S> {
    /// `rows` rows of `columns` scores, one after the other.
    pub fn new(scores: &'a impl DevicePtr<S>, rows: usize, columns: usize) -> Rows<'a, S> {
        Rows { scores, rows, columns, row_stride: columns, starts: None, lengths: None }
    }

    /// One row: all scores of the buffer.
    pub fn row(scores: &'a impl DevicePtr<S>) -> Rows<'a, S> {
        Rows::new(scores, 1, scores.len())
    }

    /// `rows` rows of `columns` scores, `row_stride` elements from row to row.
    pub fn strided(
        scores: &'a impl DevicePtr<S>,
        rows: usize,
        columns: usize,
        row_stride: usize,
    ) -> Rows<'a, S> {
        Rows::new(scores, rows, columns).row_stride(row_stride)
    }

    /// The first column of each row; without them every row starts at column 0.
    pub fn starts(self, starts: &'a impl DevicePtr<i32>) -> Rows<'a, S> {
        Rows { starts: Some(starts), ..self }
    }

    /// The number of scores of each row; without them a row goes up to the last column.
    pub fn lengths(self, lengths: &'a impl DevicePtr<i32>) -> Rows<'a, S> {
        Rows { lengths: Some(lengths), ..self }
    }
}

impl<'a, S: Score> Rows<'a, S, Host> {
    /// `rows` rows of `columns` scores of the host, one after the other.
    pub fn host(scores: &'a [S], rows: usize, columns: usize) -> Rows<'a, S, Host> {
        Rows { scores, rows, columns, row_stride: columns, starts: None, lengths: None }
    }

    /// The first column of each row; without them every row starts at column 0.
    pub fn starts(self, starts: &'a [i32]) -> Rows<'a, S, Host> {
        Rows { starts: Some(starts), ..self }
    }

    /// The number of scores of each row; without them a row goes up to the last column.
    pub fn lengths(self, lengths: &'a [i32]) -> Rows<'a, S, Host> {
        Rows { lengths: Some(lengths), ..self }
    }

    /// The starts and the lengths of the rows, where there are any.
    pub fn spans(&self) -> [Option<&'a [i32]>; 2] {
        [self.starts, self.lengths]
    }

    /// The scores of a row that take part: from its start, as many as its length. Selected indices count
    /// from the start of this slice.
    ///
    /// # Panics
    /// If there is no such row, or the scores end before it does.
    pub fn scores_of(&self, row: usize) -> &'a [S] {
        assert!(row < self.rows, "row {row} of {} rows", self.rows);
        let clamp = |value: i32, most: usize| usize::try_from(value).unwrap_or(0).min(most);
        let start = self.starts.map_or(0, |starts| clamp(starts[row], self.columns));
        let left = self.columns - start;
        match self.lengths.map_or(left, |lengths| clamp(lengths[row], left)) {
            0 => &[],
            len => &self.scores[row * self.row_stride + start..][..len],
        }
    }
}

#[cfg(feature = "interpret")]
impl<'a, S: Score> Rows<'a, S, Interpreted> {
    /// `rows` rows of `columns` scores in a buffer of the interpreter's, one after the other.
    pub fn interpreted(scores: &'a Slice<S>, rows: usize, columns: usize) -> Self {
        Rows { scores, rows, columns, row_stride: columns, starts: None, lengths: None }
    }

    /// The first column of each row; without them every row starts at column 0.
    pub fn starts(self, starts: &'a Slice<i32>) -> Self {
        Rows { starts: Some(starts), ..self }
    }

    /// The number of scores of each row; without them a row goes up to the last column.
    pub fn lengths(self, lengths: &'a Slice<i32>) -> Self {
        Rows { lengths: Some(lengths), ..self }
    }
}

impl<'a, S: Score, M: Memory> Rows<'a, S, M> {
    /// How many rows there are.
    pub fn count(&self) -> usize {
        self.rows
    }

    /// How many columns there are.
    pub fn columns(&self) -> usize {
        self.columns
    }

    /// The distance from row to row, in elements.
    pub fn stride(&self) -> usize {
        self.row_stride
    }

    /// Whether rows have a start or a length of their own.
    pub fn is_ragged(&self) -> bool {
        self.starts.is_some() || self.lengths.is_some()
    }

    /// Sets the distance from row to row, in elements. Rows may overlap, or be the same with 0.
    pub fn row_stride(self, row_stride: usize) -> Rows<'a, S, M> {
        Rows { row_stride, ..self }
    }

    /// Checks that the buffers are large enough for the shape.
    pub(crate) fn check(&self) -> Result<(), TooShort> {
        let (rows, columns) = (self.rows as u64, self.columns as u64);
        let stride = self.row_stride as u64;
        let needed = if columns == 0 { 0 } else { span(self.rows, stride, columns) };
        let len = M::len(&self.scores);
        if (len as u64) < needed {
            let shape = format!("{rows} x {columns} with row stride {}", self.row_stride);
            return Err(TooShort { what: "the score buffer", len, shape, needed });
        }
        for (what, buffer) in
            [("the buffer of starts", &self.starts), ("the buffer of lengths", &self.lengths)]
        {
            let Some(len) = buffer.as_ref().map(M::len) else { continue };
            if len < self.rows {
                let shape = format!("a launch of {rows} rows");
                return Err(TooShort { what, len, shape, needed: rows });
            }
        }
        Ok(())
    }
}

impl<S: Score, M: Memory> fmt::Debug for Rows<'_, S, M> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Rows")
            .field("rows", &self.rows)
            .field("columns", &self.columns)
            .field("row_stride", &self.row_stride)
            .field("ragged", &self.is_ragged())
            .finish_non_exhaustive()
    }
}

/// Where a launch writes: row `r`'s k indices begin at element `r * row_stride`, which is k unless
/// set. A row with fewer than k scores ends in the fill, -1 (all bits set for `u32`) unless the selector was declared
/// with `fill: given`. The values of a selector with `values: true`, and the counts of one with `count: true`, have
/// buffers of their own:
///
/// ```
/// use topkit::spec::{Order, Semantics};
/// use topkit::{DType, Output, Rows, SelectorSpec, host};
///
/// let semantics = Semantics { order: Order::ByValue, values: true, count: true, ..Semantics::DEFAULT };
/// let spec = SelectorSpec::builder("Best").dtype([DType::F32]).semantics(semantics).build()?;
/// let (mut indices, mut values, mut counts) = ([0i32; 3], [0.0; 3], [0; 1]);
/// let output = Output::host(&mut indices).values(&mut values).counts(&mut counts);
/// host::Selector::new(spec)?.launch(&Rows::host(&[2.0f32, 7.0], 1, 2), 3, output)?;
/// assert_eq!(indices, [1, 0, -1]);
/// assert_eq!(values, [7.0, 2.0, f32::NEG_INFINITY]);
/// assert_eq!(counts, [2]);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
///
/// A `&mut CudaSlice<I>` or `&mut CudaViewMut<I>` becomes one by itself, and for the host a `&mut` of a slice, an
/// array or a `Vec`.
pub struct Output<'a, I: 'a, S: 'a, M: Memory = Cuda> {
    pub(crate) indices: M::SliceMut<'a, I>,
    pub(crate) row_stride: Option<usize>,
    pub(crate) values: Option<M::SliceMut<'a, S>>,
    pub(crate) value_stride: Option<usize>,
    pub(crate) counts: Option<M::SliceMut<'a, i32>>,
    pub(crate) index_fill: Option<I>,
    pub(crate) value_fill: Option<S>,
}

impl<'a, I: IndexInt, S: Score> Output<'a, I, S> {
    /// Indices, row after row.
    pub fn new(indices: &'a mut impl DevicePtrMut<I>) -> Output<'a, I, S> {
        let indices: &'a mut dyn DevicePtrMut<I> = indices;
        Output::of(indices)
    }

    /// The winners' scores as stored, row after row, of a selector with `values: true`.
    pub fn values(self, values: &'a mut impl DevicePtrMut<S>) -> Output<'a, I, S> {
        Output { values: Some(values), ..self }
    }

    /// The number of winners of each row, of a selector with `count: true`.
    pub fn counts(self, counts: &'a mut impl DevicePtrMut<i32>) -> Output<'a, I, S> {
        Output { counts: Some(counts), ..self }
    }
}

impl<'a, I: IndexInt, S: Score> Output<'a, I, S, Host> {
    /// Indices on the host, row after row.
    pub fn host(indices: &'a mut [I]) -> Output<'a, I, S, Host> {
        Output::of(indices)
    }

    /// The winners' scores as stored, row after row, of a selector with `values: true`.
    pub fn values(self, values: &'a mut [S]) -> Output<'a, I, S, Host> {
        Output { values: Some(values), ..self }
    }

    /// The number of winners of each row, of a selector with `count: true`.
    pub fn counts(self, counts: &'a mut [i32]) -> Output<'a, I, S, Host> {
        Output { counts: Some(counts), ..self }
    }
}

#[cfg(feature = "interpret")]
impl<'a, I: IndexInt, S: Score> Output<'a, I, S, Interpreted> {
    /// The winners' scores as stored, row after row, of a selector with `values: true`.
    pub fn values(self, values: &'a mut Slice<S>) -> Self {
        Output { values: Some(values), ..self }
    }

    /// The number of winners of each row, of a selector with `count: true`.
    pub fn counts(self, counts: &'a mut Slice<i32>) -> Self {
        Output { counts: Some(counts), ..self }
    }
}

impl<'a, I: IndexInt, S: Score, M: Memory> Output<'a, I, S, M> {
    fn of(indices: M::SliceMut<'a, I>) -> Output<'a, I, S, M> {
        let (row_stride, value_stride) = (None, None);
        let (values, counts, index_fill, value_fill) = (None, None, None, None);
        Output { indices, row_stride, values, value_stride, counts, index_fill, value_fill }
    }

    /// Sets the distance from row to row of the indices, in elements; at least k.
    pub fn row_stride(self, row_stride: usize) -> Output<'a, I, S, M> {
        Output { row_stride: Some(row_stride), ..self }
    }

    /// Sets the distance from row to row of the values, in elements; at least k.
    pub fn value_stride(self, value_stride: usize) -> Output<'a, I, S, M> {
        Output { value_stride: Some(value_stride), ..self }
    }

    /// Sets the index where a row has no score left, of a selector with `fill: given`.
    pub fn index_fill(self, index: I) -> Output<'a, I, S, M> {
        Output { index_fill: Some(index), ..self }
    }

    /// Sets the value where a row has no score left, of a selector with `fill: given` and `values: true`. Without it,
    /// the value is the infinity that every other number beats.
    pub fn value_fill(self, value: S) -> Output<'a, I, S, M> {
        Output { value_fill: Some(value), ..self }
    }

    /// The buffers hold `rows` rows of k indices and k values, and a count of each row.
    pub(crate) fn check(&self, rows: usize, k: u32) -> Result<(), TooShort> {
        let holds = |what, stride: Option<usize>, len| {
            let stride = stride.unwrap_or(k as usize) as u64;
            let needed = span(rows, stride, u64::from(k));
            if (len as u64) < needed {
                let shape = format!("{rows} rows of k = {k} with row stride {stride}");
                return Err(TooShort { what, len, shape, needed });
            }
            Ok(())
        };
        holds("the index buffer", self.row_stride, M::len_mut(&self.indices))?;
        if let Some(values) = &self.values {
            holds("the value buffer", self.value_stride, M::len_mut(values))?;
        }
        match self.counts.as_ref().map(M::len_mut) {
            Some(len) if len < rows => {
                let (what, shape) = ("the count buffer", format!("a launch of {rows} rows"));
                Err(TooShort { what, len, shape, needed: rows as u64 })
            }
            _ => Ok(()),
        }
    }
}

impl<'a, I: IndexInt, S: Score, T: DevicePtrMut<I>> From<&'a mut T> for Output<'a, I, S> {
    fn from(indices: &'a mut T) -> Output<'a, I, S> {
        Output::new(indices)
    }
}

impl<'a, I: IndexInt, S: Score, T: AsMut<[I]> + ?Sized> From<&'a mut T> for Output<'a, I, S, Host> {
    fn from(indices: &'a mut T) -> Output<'a, I, S, Host> {
        Output::host(indices.as_mut())
    }
}

#[cfg(feature = "interpret")]
impl<'a, I: IndexInt, S: Score> From<&'a mut Slice<I>> for Output<'a, I, S, Interpreted> {
    fn from(indices: &'a mut Slice<I>) -> Output<'a, I, S, Interpreted> {
        Output::of(indices)
    }
}

impl<I, S, M: Memory> fmt::Debug for Output<'_, I, S, M> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Output")
            .field("row_stride", &self.row_stride)
            .field("values", &self.values.is_some())
            .field("counts", &self.counts.is_some())
            .finish_non_exhaustive()
    }
}
