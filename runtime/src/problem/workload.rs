//! The problems of a program, as ranges, for a warm-up. It plans nothing.

use crate::problem::Problem;
use std::fmt;
use std::ops::RangeInclusive;
use topkit_codegen::DType;

/// Every problem of one score type with rows, columns and k in these ranges, both ends included,
/// of every alignment. An empty range has no problem.
///
/// ```
/// use topkit::{DType, Problem, Workload};
///
/// let decode = Workload::new(DType::Bf16, 1..=64, 1024..=131_072, 512..=512);
/// let prefill = Workload::from(Problem::new(DType::Bf16, 4096, 8192, 512));
/// assert_eq!(decode.to_string(), "top 512 of 1..=64 x 1024..=131072 bf16");
/// assert_eq!(prefill.to_string(), "top 512 of 4096 x 8192 bf16");
/// ```
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub struct Workload {
    /// The type of a score.
    pub dtype: DType,
    /// Rows of the matrix.
    pub rows: RangeInclusive<usize>,
    /// Columns of the matrix.
    pub columns: RangeInclusive<usize>,
    /// Winners a row. Of them, only the k that the selector was declared for count.
    pub k: RangeInclusive<u32>,
}

impl Workload {
    /// The problems of these ranges.
    pub const fn new(
        dtype: DType,
        rows: RangeInclusive<usize>,
        columns: RangeInclusive<usize>,
        k: RangeInclusive<u32>,
    ) -> Workload {
        Workload { dtype, rows, columns, k }
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.rows.is_empty() || self.columns.is_empty() || self.k.is_empty()
    }

    /// The problem at one end of every range.
    pub(crate) fn end(&self, last: bool) -> Problem {
        let of = |range: &RangeInclusive<usize>| if last { *range.end() } else { *range.start() };
        let k = if last { *self.k.end() } else { *self.k.start() };
        Problem::new(self.dtype, of(&self.rows), of(&self.columns), k)
    }
}

impl From<Problem> for Workload {
    fn from(problem: Problem) -> Workload {
        let Problem { dtype, rows, columns, k, .. } = problem;
        Workload::new(dtype, rows..=rows, columns..=columns, k..=k)
    }
}

impl From<&Problem> for Workload {
    fn from(problem: &Problem) -> Workload {
        Workload::from(*problem)
    }
}

impl From<&Workload> for Workload {
    fn from(workload: &Workload) -> Workload {
        workload.clone()
    }
}

impl fmt::Display for Workload {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fn range<T: PartialEq + fmt::Debug>(range: &RangeInclusive<T>) -> String {
            match range.start() == range.end() {
                true => format!("{:?}", range.start()),
                false => format!("{:?}..={:?}", range.start(), range.end()),
            }
        }
        let (k, rows, columns) = (range(&self.k), range(&self.rows), range(&self.columns));
        write!(f, "top {k} of {rows} x {columns} {}", self.dtype)
    }
}
