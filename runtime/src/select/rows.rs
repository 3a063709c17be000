//! The typed input and output of a launch: views of device memory with their shape.

use crate::error::Error;
use crate::problem::{IndexInt, Score, span};
use cudarc::driver::{DevicePtr, DevicePtrMut};
use std::fmt;

/// The scores of a launch: a matrix in device memory, its rows dense or ragged.
/// Row `r` begins at element `r * row_stride` of the slice. In a ragged selector its scores are the
/// columns from `start[r]`, `len[r]` of them, both read on the device when the kernel runs, and indices
/// count from the start. A start is clamped to `0..=columns`, and a length to the columns from there on.
#[derive(Clone, Copy)]
pub struct Rows<'a, S> {
    pub(crate) scores: &'a dyn DevicePtr<S>,
    pub(crate) rows: usize,
    pub(crate) columns: usize,
    pub(crate) row_stride: usize,
    pub(crate) starts: Option<&'a dyn DevicePtr<i32>>,
    pub(crate) lengths: Option<&'a dyn DevicePtr<i32>>,
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

    /// Sets the distance from row to row, in elements. Rows may overlap, or be the same with 0.
    pub fn row_stride(self, row_stride: usize) -> Rows<'a, S> {
        Rows { row_stride, ..self }
    }

    /// The first column of each row; without them every row starts at column 0.
    pub fn starts(self, starts: &'a impl DevicePtr<i32>) -> Rows<'a, S> {
        Rows { starts: Some(starts), ..self }
    }

    /// The number of scores of each row; without them a row goes up to the last column.
    pub fn lengths(self, lengths: &'a impl DevicePtr<i32>) -> Rows<'a, S> {
        Rows { lengths: Some(lengths), ..self }
    }

    /// Checks that the buffers are large enough for the shape.
    pub(crate) fn check(&self) -> Result<(), Error> {
        let (rows, columns) = (self.rows as u64, self.columns as u64);
        let stride = self.row_stride as u64;
        let needed = if columns == 0 { 0 } else { span(self.rows, stride, columns) };
        let len = self.scores.len();
        if (len as u64) < needed {
            let shape = format!("{rows} x {columns} with row stride {}", self.row_stride);
            return Err(Error::TooShort { what: "the score buffer", len, shape, needed });
        }
        for (what, buffer) in
            [("the buffer of starts", self.starts), ("the buffer of lengths", self.lengths)]
        {
            if let Some(buffer) = buffer
                && buffer.len() < self.rows
            {
                let shape = format!("a launch of {rows} rows");
                return Err(Error::TooShort { what, len: buffer.len(), shape, needed: rows });
            }
        }
        Ok(())
    }
}

impl<S> fmt::Debug for Rows<'_, S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Rows")
            .field("rows", &self.rows)
            .field("columns", &self.columns)
            .field("row_stride", &self.row_stride)
            .field("ragged", &(self.starts.is_some() || self.lengths.is_some()))
            .finish_non_exhaustive()
    }
}

/// Where a launch writes: row `r`'s k indices begin at element `r * row_stride`, which is k unless
/// set. A row with fewer than k scores ends in the fill, -1 (all bits set for `u32`).
///
/// A `&mut CudaSlice<I>` or `&mut CudaViewMut<I>` becomes one by itself.
pub struct Output<'a, I> {
    pub(crate) indices: &'a mut dyn DevicePtrMut<I>,
    pub(crate) row_stride: Option<usize>,
}

impl<'a, I: IndexInt> Output<'a, I> {
    /// Indices, row after row.
    pub fn new(indices: &'a mut impl DevicePtrMut<I>) -> Output<'a, I> {
        Output { indices, row_stride: None }
    }

    /// Sets the distance from row to row, in elements; at least k.
    pub fn row_stride(self, row_stride: usize) -> Output<'a, I> {
        Output { row_stride: Some(row_stride), ..self }
    }

    /// The buffer holds `rows` rows of k indices.
    pub(crate) fn check(&self, rows: usize, k: u32) -> Result<(), Error> {
        let stride = self.row_stride.unwrap_or(k as usize) as u64;
        let needed = span(rows, stride, u64::from(k));
        let len = self.indices.len();
        if (len as u64) < needed {
            let shape = format!("{rows} rows of k = {k} with row stride {stride}");
            return Err(Error::TooShort { what: "the index buffer", len, shape, needed });
        }
        Ok(())
    }
}

impl<'a, I: IndexInt, T: DevicePtrMut<I>> From<&'a mut T> for Output<'a, I> {
    fn from(indices: &'a mut T) -> Output<'a, I> {
        Output::new(indices)
    }
}

impl<I> fmt::Debug for Output<'_, I> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Output").field("row_stride", &self.row_stride).finish_non_exhaustive()
    }
}
