//! The scores of a selection with their shape, in the memory of any backend.
//!
//! They are a view: nothing is copied. The checks here are of lengths alone.

#[cfg(feature = "interpret")]
use super::interpret::{Interpreted, Slice};
use super::memory::{Cuda, Host, Memory};
use super::output::shard_stride_of;
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
///
/// Of a selector with `rows: shards`, a row is the candidates of several selections, as an all-gather leaves them, and
/// their ids are given to the [`Output`](crate::Output). Ties go by the ids:
///
/// ```
/// use topkit::spec::{Ids, Order, RowShape, Semantics, Ties};
/// use topkit::{DType, Output, Rows, SelectorSpec, host};
///
/// let (ties, order) = (Ties::LowestIndex, Order::ByValue);
/// let semantics = Semantics { rows: RowShape::Shards, ids: Ids::Given, ties, order, ..Semantics::DEFAULT };
/// let spec = SelectorSpec::builder("Merge").dtype([DType::F32]).semantics(semantics).build()?;
/// // Two shards with room for three candidates each; the second one has two.
/// let scores = [9.0f32, 7.0, 5.0, 7.0, 8.0, f32::NAN];
/// let ids = [4, 11, 2, 10, 13, -1];
/// let candidates = Rows::host(&scores, 1, 6).shards(2).shard_counts(&[3, 2]);
/// let mut best = [0i32; 3];
/// host::Selector::new(spec)?.launch(&candidates, 3, Output::host(&mut best).ids(&ids, 3))?;
/// assert_eq!(best, [4, 13, 10]);
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
    /// How many; 0 where a row is in one piece.
    pub(crate) shards: usize,
    pub(crate) shard_stride: Option<usize>,
    pub(crate) shard_counts: Option<M::Slice<'a, i32>>,
    pub(crate) shard_count_stride: Option<usize>,
}

/// A place of a matrix, or of that of a shard.
#[derive(Clone, Copy)]
pub(crate) struct Place {
    pub(crate) shard: usize,
    /// Of the matrix.
    pub(crate) column: usize,
    /// Rows of a shard, and its columns.
    shard_rows: usize,
    width: usize,
}

impl Place {
    /// Elements from shard to shard where rows are so many elements apart and nothing else is said.
    pub(crate) fn shard_stride(&self, stride: usize) -> usize {
        shard_stride_of(self.shard_rows, stride, self.width)
    }
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

    /// The candidates that each shard has of each row, of a selector with `rows: shards`: a row of counts for each shard,
    /// clamped to 0 and to the columns of a shard. Without them all shards are full.
    pub fn shard_counts(self, counts: &'a impl DevicePtr<i32>) -> Rows<'a, S> {
        Rows { shard_counts: Some(counts), ..self }
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

    /// The candidates that each shard has of each row, of a selector with `rows: shards`: a row of counts for each shard,
    /// clamped to 0 and to the columns of a shard. Without them all shards are full.
    pub fn shard_counts(self, counts: &'a [i32]) -> Rows<'a, S, Host> {
        Rows { shard_counts: Some(counts), ..self }
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

    /// How many candidates a shard has of a row.
    pub(crate) fn shard_count_of(&self, shard: usize, row: usize) -> usize {
        let at = shard * self.shard_count_stride_or_rows() + row;
        self.shard_counts.map_or(self.width(), |counts| clamp(counts[at], self.width()))
    }

    /// Where an element of a row is, or what lies beside it.
    pub(crate) fn place_of(&self, row: usize, column: u32) -> Place {
        let (column, width) = (column as usize, self.width());
        match self.shards {
            0 => Place { shard: 0, column: self.start_of(row) + column, shard_rows: 0, width },
            _ => {
                let (shard, column) = (column / width, column % width);
                Place { shard, column, shard_rows: self.rows, width }
            }
        }
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
            shard_stride: (self.shards > 0).then(|| self.shard_stride_or_rows()),
            shard_counts: self.shard_counts.map(|counts| &counts[rows.start..]),
            shard_count_stride: (self.shards > 0).then(|| self.shard_count_stride_or_rows()),
            ..*self
        }
    }

    /// The scores of a row that take part: from its start, as many as its length. Selected indices count
    /// from the start of this slice.
    ///
    /// # Panics
    /// If there is no such row, the scores end before it does, or rows are in shards.
    pub fn scores_of(&self, row: usize) -> &'a [S] {
        assert_eq!(self.shards, 0, "a row in shards is no slice");
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

    /// The candidates that each shard has of each row, of a selector with `rows: shards`: a row of counts for each shard,
    /// clamped to 0 and to the columns of a shard. Without them all shards are full.
    pub fn shard_counts(self, counts: &'a Slice<i32>) -> Self {
        Rows { shard_counts: Some(counts), ..self }
    }
}

impl<'a, S: Score, M: Memory> Rows<'a, S, M> {
    fn of(scores: M::Slice<'a, S>, rows: usize, columns: usize) -> Self {
        Rows {
            scores,
            rows,
            columns,
            row_stride: columns,
            starts: None,
            lengths: None,
            marks: None,
            mask_stride: None,
            ks: None,
            shards: 0,
            shard_stride: None,
            shard_counts: None,
            shard_count_stride: None,
        }
    }

    /// Says that the columns are those of so many shards, of a selector with `rows: shards`: a matrix for each shard, of
    /// `columns / shards` columns, one after the other and without gaps, unless strides are set after this. Column `c` of
    /// a row is candidate `c % width` of shard `c / width`.
    pub fn shards(self, shards: usize) -> Rows<'a, S, M> {
        let rows = Rows { shards, ..self };
        Rows { row_stride: rows.width(), ..rows }
    }

    /// Sets the distance from shard to shard of the scores, in elements.
    pub fn shard_stride(self, shard_stride: usize) -> Rows<'a, S, M> {
        Rows { shard_stride: Some(shard_stride), ..self }
    }

    /// Sets the distance from shard to shard of the counts, in elements. Without it, shards follow each other.
    pub fn shard_count_stride(self, shard_count_stride: usize) -> Rows<'a, S, M> {
        Rows { shard_count_stride: Some(shard_count_stride), ..self }
    }

    /// Columns of a row that follow each other: all, or those of a shard.
    pub(crate) fn width(&self) -> usize {
        self.columns.checked_div(self.shards).unwrap_or(self.columns)
    }

    /// Elements from shard to shard of the scores.
    pub(crate) fn shard_stride_or_rows(&self) -> usize {
        self.shard_stride.unwrap_or_else(|| self.rows.saturating_mul(self.row_stride))
    }

    /// Elements from shard to shard of the counts.
    pub(crate) fn shard_count_stride_or_rows(&self) -> usize {
        self.shard_count_stride.unwrap_or(self.rows)
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
        let of_one = span(self.rows, self.row_stride as u64, self.width() as u64);
        let needed = match self.shards {
            _ if columns == 0 => 0,
            0 => of_one,
            shards => span(shards, self.shard_stride_or_rows() as u64, of_one),
        };
        let len = M::len(&self.scores);
        if (len as u64) < needed {
            let mut shape = format!("{rows} x {columns} with row stride {}", self.row_stride);
            if self.shards > 0 {
                let (shards, stride) = (self.shards, self.shard_stride_or_rows());
                shape += &format!(", of {shards} shards with stride {stride}");
            }
            return Err(TooShort { what: "the score buffer", len, shape, needed });
        }
        if let Some(len) = self.shard_counts.as_ref().map(M::len) {
            let stride = self.shard_count_stride_or_rows() as u64;
            let needed = if rows == 0 { 0 } else { span(self.shards, stride, rows) };
            if (len as u64) < needed {
                let shape = format!("{} shards of {rows} rows with stride {stride}", self.shards);
                return Err(TooShort { what: "the counts of shards", len, shape, needed });
            }
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
