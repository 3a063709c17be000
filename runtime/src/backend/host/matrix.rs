//! The scores of a host selection: where each row begins and ends.
//!
//! It checks shapes when it is made, so that a selection cannot run out of bounds. It copies
//! nothing.

use super::HostError;

/// A matrix of scores in host memory: dense, or with a start and a length for each row.
///
/// ```
/// use topkit::host::Matrix;
///
/// let scores = [0.5, 2.0, 1.0, 4.0, 3.0, 0.0];
/// let matrix = Matrix::new(&scores, 2, 3)?.with_lengths(&[3, 2])?;
/// assert_eq!(matrix.row(1), [4.0, 3.0]);
/// # Ok::<(), topkit::host::HostError>(())
/// ```
#[derive(Debug, Clone, Copy)]
pub struct Matrix<'a, S> {
    scores: &'a [S],
    rows: usize,
    columns: usize,
    row_stride: usize,
    starts: Option<&'a [i32]>,
    lengths: Option<&'a [i32]>,
}

impl<'a, S> Matrix<'a, S> {
    /// Rows that follow each other without a gap: exactly `rows * columns` scores.
    pub fn new(scores: &'a [S], rows: usize, columns: usize) -> Result<Self, HostError> {
        let matrix = Self::strided(scores, rows, columns, columns)?;
        let needed = rows * columns;
        if scores.len() == needed {
            Ok(matrix)
        } else {
            Err(HostError::Size {
                what: SCORES,
                rows,
                width: columns,
                row_stride: columns,
                needed,
                got: scores.len(),
            })
        }
    }

    /// Rows that begin `row_stride` elements apart, at least `columns`. Elements between two
    /// rows, or after the last one, are never read.
    pub fn strided(
        scores: &'a [S],
        rows: usize,
        columns: usize,
        row_stride: usize,
    ) -> Result<Self, HostError> {
        if columns > i32::MAX as usize {
            return Err(HostError::Columns { columns });
        }
        fits(SCORES, scores.len(), rows, columns, row_stride)?;
        Ok(Matrix { scores, rows, columns, row_stride, starts: None, lengths: None })
    }

    /// Gives each row the column at which it begins, clamped to `0..=columns`. Without it every
    /// row begins at 0.
    pub fn with_starts(self, starts: &'a [i32]) -> Result<Self, HostError> {
        self.one_a_row("starts", starts)?;
        Ok(Matrix { starts: Some(starts), ..self })
    }

    /// Gives each row its length, clamped to what is left after its start. Without it every row
    /// ends at the last column.
    pub fn with_lengths(self, lengths: &'a [i32]) -> Result<Self, HostError> {
        self.one_a_row("lengths", lengths)?;
        Ok(Matrix { lengths: Some(lengths), ..self })
    }

    fn one_a_row(&self, what: &'static str, given: &[i32]) -> Result<(), HostError> {
        if given.len() == self.rows {
            Ok(())
        } else {
            Err(HostError::Ragged { what, rows: self.rows, got: given.len() })
        }
    }

    /// Number of rows.
    pub fn rows(&self) -> usize {
        self.rows
    }

    /// Number of columns.
    pub fn columns(&self) -> usize {
        self.columns
    }

    /// Elements from one row to the next.
    pub fn row_stride(&self) -> usize {
        self.row_stride
    }

    /// Whether rows have a start or a length of their own.
    pub fn is_ragged(&self) -> bool {
        self.starts.is_some() || self.lengths.is_some()
    }

    /// The scores of a row that take part: from its start, as many as its length. Selected indices
    /// count from the start of this slice.
    ///
    /// # Panics
    /// If there is no such row.
    pub fn row(&self, row: usize) -> &'a [S] {
        assert!(row < self.rows, "row {row} of a matrix with {} rows", self.rows);
        let clamp = |value: i32, most: usize| usize::try_from(value).unwrap_or(0).min(most);
        let start = self.starts.map_or(0, |starts| clamp(starts[row], self.columns));
        let left = self.columns - start;
        let len = self.lengths.map_or(left, |lengths| clamp(lengths[row], left));
        &self.scores[row * self.row_stride + start..][..len]
    }
}

const SCORES: &str = "scores";

/// Elements that `rows` rows span, or why an array of `got` elements does not hold them.
pub(super) fn fits(
    what: &'static str,
    got: usize,
    rows: usize,
    width: usize,
    row_stride: usize,
) -> Result<(), HostError> {
    if row_stride < width {
        return Err(HostError::Stride { what, row_stride, width });
    }
    let needed = span(what, rows, width, row_stride)?;
    if got < needed {
        return Err(HostError::Size { what, rows, width, row_stride, needed, got });
    }
    Ok(())
}

/// Elements from the first of the first row to the last of the last row.
pub(super) fn span(
    what: &'static str,
    rows: usize,
    width: usize,
    row_stride: usize,
) -> Result<usize, HostError> {
    let Some(before) = rows.checked_sub(1) else { return Ok(0) };
    before
        .checked_mul(row_stride)
        .and_then(|before| before.checked_add(width))
        .filter(|&needed| needed <= isize::MAX as usize)
        .ok_or(HostError::TooLarge { what, rows, width, row_stride })
}
