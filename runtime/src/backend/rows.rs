//! The scores of a selection with their shape, in the memory of any backend.
//!
//! They are a view: nothing is copied. The checks here are of lengths alone.

#[cfg(feature = "interpret")]
use super::interpret::{Interpreted, Slice};
use super::memory::{Cuda, Host, Memory};
use crate::problem::{Score, TooShort, span};
use cudarc::driver::DevicePtr;
use std::fmt;
use std::ops::Range;

/// The scores of a selection: a matrix, its rows dense or ragged. It is in device memory, unless another
/// memory is named.
///
/// Row `r` begins at element `r * row_stride` of the slice. In a ragged selector its scores are the
/// columns from `start[r]`, `len[r]` of them, both read on the device when the kernel runs, and indices
/// count from the start. A start is clamped to `0..=columns`, and a length to the columns from there on.
///
/// Of a selector with a `mask`, only the scores that are marked may win; with `k_per_row: true`, row `r` has `ks[r]`
/// winners, of at most the launch's k. Both are read on the device, too:
///
/// ```
/// use topkit::spec::{Mask, Semantics};
/// use topkit::{DType, Output, Rows, SelectorSpec, host};
///
/// let semantics = Semantics { mask: Mask::Bytes, k_per_row: true, ..Semantics::DEFAULT };
/// let spec = SelectorSpec::builder("Allowed").dtype([DType::F32]).semantics(semantics).build()?;
/// let scores = [2.0f32, 7.0, 1.0, 5.0, 8.0, 6.0];
/// let rows = Rows::host(&scores, 2, 3).mask_bytes(&[1, 0, 1, 1, 1, 1]).ks(&[2, 1]);
/// let mut indices = [0i32; 4];
/// host::Selector::new(spec)?.launch(&rows, 2, Output::host(&mut indices))?;
/// assert_eq!(indices, [0, 2, 1, -1]);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Copy)]
pub struct Rows<'a, S: 'a, M: Memory = Cuda> {
    pub(crate) scores: M::Slice<'a, S>,
    pub(crate) rows: usize,
    pub(crate) columns: usize,
    pub(crate) row_stride: usize,
    pub(crate) starts: Option<M::Slice<'a, i32>>,
    pub(crate) lengths: Option<M::Slice<'a, i32>>,
    pub(crate) marks: Option<Marks<'a, M>>,
    pub(crate) mask_stride: Option<usize>,
    pub(crate) ks: Option<M::Slice<'a, i32>>,
}

/// Which scores may win.
#[derive(Clone, Copy)]
pub(crate) enum Marks<'a, M: Memory> {
    /// A bit for each column, in words of 32.
    Bits(M::Slice<'a, u32>),
    /// A byte for each column.
    Bytes(M::Slice<'a, u8>),
}

impl<'a, S: Score> Rows<'a, S> {
    /// `rows` rows of `columns` scores, one after the other.
    pub fn new(scores: &'a impl DevicePtr<S>, rows: usize, columns: usize) -> Rows<'a, S> {
        let scores: &'a dyn DevicePtr<S> = scores;
        Rows::of(scores, rows, columns)
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

    /// The scores that may win, of a selector with `mask: bits`: those whose bit is 1. A row has a bit for each column,
    /// the first in the lowest bit of the first word, and begins with a word of its own.
    pub fn mask_bits(self, words: &'a impl DevicePtr<u32>) -> Rows<'a, S> {
        let words: &'a dyn DevicePtr<u32> = words;
        Rows { marks: Some(Marks::Bits(words)), ..self }
    }

    /// The scores that may win, of a selector with `mask: bytes`: those whose byte is not 0. A row has a byte for each
    /// column.
    pub fn mask_bytes(self, bytes: &'a impl DevicePtr<u8>) -> Rows<'a, S> {
        let bytes: &'a dyn DevicePtr<u8> = bytes;
        Rows { marks: Some(Marks::Bytes(bytes)), ..self }
    }

    /// The k of each row, of a selector with `k_per_row: true`: clamped to 0 and to the launch's k.
    pub fn ks(self, ks: &'a impl DevicePtr<i32>) -> Rows<'a, S> {
        Rows { ks: Some(ks), ..self }
    }
}

impl<'a, S: Score> Rows<'a, S, Host> {
    /// `rows` rows of `columns` scores of the host, one after the other.
    pub fn host(scores: &'a [S], rows: usize, columns: usize) -> Rows<'a, S, Host> {
        Rows::of(scores, rows, columns)
    }

    /// The first column of each row; without them every row starts at column 0.
    pub fn starts(self, starts: &'a [i32]) -> Rows<'a, S, Host> {
        Rows { starts: Some(starts), ..self }
    }

    /// The number of scores of each row; without them a row goes up to the last column.
    pub fn lengths(self, lengths: &'a [i32]) -> Rows<'a, S, Host> {
        Rows { lengths: Some(lengths), ..self }
    }

    /// The scores that may win, of a selector with `mask: bits`: those whose bit is 1. A row has a bit for each column,
    /// the first in the lowest bit of the first word, and begins with a word of its own.
    pub fn mask_bits(self, words: &'a [u32]) -> Rows<'a, S, Host> {
        Rows { marks: Some(Marks::Bits(words)), ..self }
    }

    /// The scores that may win, of a selector with `mask: bytes`: those whose byte is not 0. A row has a byte for each
    /// column.
    pub fn mask_bytes(self, bytes: &'a [u8]) -> Rows<'a, S, Host> {
        Rows { marks: Some(Marks::Bytes(bytes)), ..self }
    }

    /// The k of each row, of a selector with `k_per_row: true`: clamped to 0 and to the launch's k.
    pub fn ks(self, ks: &'a [i32]) -> Rows<'a, S, Host> {
        Rows { ks: Some(ks), ..self }
    }

    /// Whether a score may win, by the mask; columns count from the row's start.
    ///
    /// # Panics
    /// If there is no such row or column, or the mask ends before it does.
    pub fn keeps(&self, row: usize, column: usize) -> bool {
        let at = self.start_of(row) + column;
        let first = row * self.mask_stride_or_width();
        match self.marks {
            None => true,
            Some(Marks::Bits(words)) => words[first + at / 32] >> (at % 32) & 1 == 1,
            Some(Marks::Bytes(bytes)) => bytes[first + at] != 0,
        }
    }

    /// How many winners a row may have, of at most `k`.
    ///
    /// # Panics
    /// If there is no such row.
    pub fn k_of(&self, row: usize, k: u32) -> u32 {
        self.ks.map_or(k, |ks| u32::try_from(ks[row]).unwrap_or(0).min(k))
    }

    /// The first column of a row.
    pub(crate) fn start_of(&self, row: usize) -> usize {
        self.starts.map_or(0, |starts| clamp(starts[row], self.columns))
    }

    /// The starts and the lengths of the rows, where there are any.
    pub fn spans(&self) -> [Option<&'a [i32]>; 2] {
        [self.starts, self.lengths]
    }

    /// Some of the rows, with their starts, lengths, mask and k.
    ///
    /// # Panics
    /// If there are no such rows, or a buffer ends before they do.
    pub fn part(&self, rows: Range<usize>) -> Rows<'a, S, Host> {
        assert!(rows.end <= self.rows, "rows {rows:?} of {} rows", self.rows);
        let of_rows = |of: Option<&'a [i32]>| of.map(|of| &of[rows.clone()]);
        let mask_stride = self.mask_stride_or_width();
        let marked = rows.start * mask_stride;
        let marks = self.marks.map(|marks| match marks {
            Marks::Bits(words) => Marks::Bits(&words[marked..]),
            Marks::Bytes(bytes) => Marks::Bytes(&bytes[marked..]),
        });
        Rows {
            scores: &self.scores[rows.start * self.row_stride..],
            rows: rows.len(),
            starts: of_rows(self.starts),
            lengths: of_rows(self.lengths),
            marks,
            mask_stride: Some(mask_stride),
            ks: of_rows(self.ks),
            ..*self
        }
    }

    /// The scores of a row that take part: from its start, as many as its length. Selected indices count
    /// from the start of this slice.
    ///
    /// # Panics
    /// If there is no such row, or the scores end before it does.
    pub fn scores_of(&self, row: usize) -> &'a [S] {
        assert!(row < self.rows, "row {row} of {} rows", self.rows);
        let start = self.start_of(row);
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
        Rows::of(scores, rows, columns)
    }

    /// The first column of each row; without them every row starts at column 0.
    pub fn starts(self, starts: &'a Slice<i32>) -> Self {
        Rows { starts: Some(starts), ..self }
    }

    /// The number of scores of each row; without them a row goes up to the last column.
    pub fn lengths(self, lengths: &'a Slice<i32>) -> Self {
        Rows { lengths: Some(lengths), ..self }
    }

    /// The scores that may win, of a selector with `mask: bits`: those whose bit is 1. A row has a bit for each column,
    /// the first in the lowest bit of the first word, and begins with a word of its own.
    pub fn mask_bits(self, words: &'a Slice<u32>) -> Self {
        Rows { marks: Some(Marks::Bits(words)), ..self }
    }

    /// The scores that may win, of a selector with `mask: bytes`: those whose byte is not 0. A row has a byte for each
    /// column.
    pub fn mask_bytes(self, bytes: &'a Slice<u8>) -> Self {
        Rows { marks: Some(Marks::Bytes(bytes)), ..self }
    }

    /// The k of each row, of a selector with `k_per_row: true`: clamped to 0 and to the launch's k.
    pub fn ks(self, ks: &'a Slice<i32>) -> Self {
        Rows { ks: Some(ks), ..self }
    }
}

impl<'a, S: Score, M: Memory> Rows<'a, S, M> {
    fn of(scores: M::Slice<'a, S>, rows: usize, columns: usize) -> Self {
        let (starts, lengths, marks, mask_stride, ks) = (None, None, None, None, None);
        Rows { scores, rows, columns, row_stride: columns, starts, lengths, marks, mask_stride, ks }
    }

    /// Sets the distance from row to row of the mask, in words of 32 bits or in bytes. Without it, rows of the mask
    /// follow each other; with 0 all rows have one mask.
    pub fn mask_stride(self, mask_stride: usize) -> Rows<'a, S, M> {
        Rows { mask_stride: Some(mask_stride), ..self }
    }

    /// Words or bytes from row to row of the mask.
    pub(crate) fn mask_stride_or_width(&self) -> usize {
        self.mask_stride.unwrap_or_else(|| self.mask_width())
    }

    /// Words or bytes of a row of the mask.
    pub(crate) fn mask_width(&self) -> usize {
        match self.marks {
            None => 0,
            Some(Marks::Bits(_)) => self.columns.div_ceil(32),
            Some(Marks::Bytes(_)) => self.columns,
        }
    }

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
        if let Some(marks) = &self.marks {
            let width = self.mask_width() as u64;
            let stride = self.mask_stride_or_width() as u64;
            let needed = if width == 0 { 0 } else { span(self.rows, stride, width) };
            let len = match marks {
                Marks::Bits(words) => M::len(words),
                Marks::Bytes(bytes) => M::len(bytes),
            };
            if (len as u64) < needed {
                let shape = format!("{rows} rows of {columns} columns with row stride {stride}");
                return Err(TooShort { what: "the mask", len, shape, needed });
            }
        }
        for (what, buffer) in [
            ("the buffer of starts", &self.starts),
            ("the buffer of lengths", &self.lengths),
            ("the buffer of each row's k", &self.ks),
        ] {
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

fn clamp(value: i32, most: usize) -> usize {
    usize::try_from(value).unwrap_or(0).min(most)
}
