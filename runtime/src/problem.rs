//! The question a plan answers: how many rows of how many scores, and how many of each.

use crate::error::Error;
use std::fmt;
use topkit_codegen::DType;

/// The most rows and the most columns that a launch can address.
pub(crate) const LIMIT: usize = i32::MAX as usize;

/// The shape of a selection. It holds no data.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Problem {
    /// The type of a score.
    pub dtype: DType,
    /// Rows of the matrix; each is selected from on its own.
    pub rows: usize,
    /// Columns of the matrix: the length of a dense row and the bound of a ragged one.
    pub columns: usize,
    /// Winners a row. It may exceed the length of a row.
    pub k: u32,
}

impl Problem {
    /// The top `k` of each of `rows` rows of `columns` scores.
    pub const fn new(dtype: DType, rows: usize, columns: usize, k: u32) -> Problem {
        Problem { dtype, rows, columns, k }
    }

    pub(crate) fn check(&self) -> Result<(), Error> {
        for (what, value) in [("rows", self.rows), ("columns", self.columns)] {
            if value > LIMIT {
                return Err(Error::TooLarge { what, value: value as u64, limit: LIMIT as u64 });
            }
        }
        Ok(())
    }
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Problem { dtype, rows, columns, k } = self;
        write!(f, "top {k} of {rows} x {columns} {dtype}")
    }
}
