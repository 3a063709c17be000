//! The problem that a plan is made for: dtype, rows, columns, k, and the layout of the rows.
//!
//! It knows no kernel, no GPU and no selector's axes. [`Problem::check`] is the one check of sizes that
//! no kernel can serve; the planner calls it once for each problem.

pub(crate) mod args;
mod error;
mod float8;
mod score;
mod workload;

pub use error::{TooLarge, TooShort};
pub use float8::{F8E4M3, F8E5M2};
pub use score::{IndexInt, Score};
pub use workload::Workload;

use std::fmt;
use topkit_codegen::{DType, RowShape, SelectorSpec};

/// The most rows and the most columns that a launch can address.
pub(crate) const LIMIT: usize = i32::MAX as usize;

/// Elements from the first one of the first row to the last one of the last row.
pub(crate) fn span(rows: usize, stride: u64, width: u64) -> u64 {
    match rows as u64 {
        0 => 0,
        rows => (rows - 1).saturating_mul(stride).saturating_add(width),
    }
}

/// Bytes of the widest load.
const WIDEST: u64 = 16;

/// The shape of a selection, without its data.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, serde::Serialize)]
#[non_exhaustive]
pub struct Problem {
    /// The type of a score.
    #[serde(serialize_with = "name")]
    pub dtype: DType,
    /// Rows of the matrix; each is selected from on its own.
    pub rows: usize,
    /// Columns of the matrix: the length of a dense row, and the most of a ragged one.
    pub columns: usize,
    /// Winners a row. It may exceed the length of a row.
    pub k: u32,
    /// Scores that one load can take from the beginning of every row: 16 bytes of them if all rows begin
    /// at multiples of 16 bytes, and fewer if addresses or strides are less aligned. Kernels serve every
    /// alignment; a plan uses the times measured for it.
    pub vec_size: u32,
    /// Whether the device reads where rows begin and end. A selector sets it by its declaration.
    pub ragged: bool,
}

impl Problem {
    /// The top `k` of each of `rows` dense rows of `columns` scores, one after the other from a
    /// multiple of 16 bytes on.
    ///
    /// ```
    /// use topkit::{DType, Problem};
    ///
    /// assert_eq!(Problem::new(DType::Bf16, 32, 131_072, 512).vec_size, 8);
    /// // The second row begins at an odd score.
    /// assert_eq!(Problem::new(DType::Bf16, 32, 129_281, 512).vec_size, 1);
    /// ```
    pub const fn new(dtype: DType, rows: usize, columns: usize, k: u32) -> Problem {
        let problem = Problem { dtype, rows, columns, k, vec_size: 1, ragged: false };
        problem.at(0, columns as i64)
    }

    /// The same with its first score at this address, and so many elements from row to row.
    pub const fn at(self, address: u64, row_stride: i64) -> Problem {
        let size = self.dtype.bytes() as u64;
        let stride = if self.rows > 1 { (row_stride as u64).wrapping_mul(size) } else { 0 };
        let align = 1 << (address | stride | WIDEST).trailing_zeros();
        let vec_size = if align > size { align / size } else { 1 };
        Problem { vec_size: vec_size as u32, ..self }
    }

    /// The same with dense rows that begin at multiples of 16 bytes: the commonest layout, and the most
    /// measured one.
    pub const fn dense_aligned(self) -> Problem {
        Problem { vec_size: WIDEST as u32 / self.dtype.bytes(), ragged: false, ..self }
    }

    /// Whether all rows begin at multiples of 16 bytes.
    pub(crate) const fn is_aligned(&self) -> bool {
        self.vec_size as u64 * self.dtype.bytes() as u64 >= WIDEST
    }

    /// A problem that a record or a table names; refused if no launch can have had it.
    pub(crate) fn of_record(
        dtype: DType,
        (rows, columns, k): (usize, usize, u32),
        vec_size: Option<u32>,
        ragged: bool,
    ) -> Result<Problem, String> {
        for (what, size) in [("rows", rows), ("columns", columns), ("k", k as usize)] {
            if !(1..=LIMIT).contains(&size) {
                return Err(format!("{what} is {size}, not from 1 to {LIMIT}"));
            }
        }
        let aligned = Problem::new(dtype, rows, columns, k).dense_aligned();
        let vec_size = vec_size.unwrap_or(aligned.vec_size);
        if !(1..=aligned.vec_size).contains(&vec_size) || !vec_size.is_power_of_two() {
            return Err(format!("no load takes {vec_size} scores of {dtype}"));
        }
        Ok(Problem { vec_size, ragged, ..aligned })
    }

    /// The same in every alignment, from 16 bytes down to one score.
    pub(crate) fn alignments(self) -> impl Iterator<Item = Problem> {
        let widest = self.dense_aligned().vec_size;
        (0..=widest.ilog2()).rev().map(move |log| Problem { vec_size: 1 << log, ..self })
    }

    /// As a problem of a selector: ragged if the selector was declared so.
    pub(crate) fn of_selector(self, spec: &SelectorSpec) -> Problem {
        Problem { ragged: spec.semantics.rows == RowShape::Ragged, ..self }
    }

    /// The layout in words.
    pub(crate) fn in_words(&self) -> String {
        let rows = if self.ragged { "ragged" } else { "dense" };
        let bytes = self.vec_size.saturating_mul(self.dtype.bytes());
        format!("{rows}, at multiples of {bytes} bytes")
    }

    /// The layout in words, if it is not dense aligned to 16 bytes; otherwise empty.
    pub(crate) fn layout(&self) -> String {
        let mut text = String::new();
        if self.ragged {
            text += ", ragged";
        }
        if self.vec_size != Problem::new(self.dtype, self.rows, self.columns, self.k).vec_size {
            text += &format!(
                ", rows at multiples of {} bytes",
                self.vec_size.saturating_mul(self.dtype.bytes())
            );
        }
        text
    }

    /// Refuses a shape that no launch can address.
    pub(crate) fn check(&self) -> Result<(), TooLarge> {
        for (what, value) in [("rows", self.rows), ("columns", self.columns)] {
            if value > LIMIT {
                return Err(TooLarge { what, value: value as u64, limit: LIMIT as u64 });
            }
        }
        Ok(())
    }
}

/// A dtype is serialized by its name.
fn name<S: serde::Serializer>(dtype: &DType, to: S) -> Result<S::Ok, S::Error> {
    to.serialize_str(dtype.name())
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Problem { dtype, rows, columns, k, .. } = self;
        write!(f, "top {k} of {rows} x {columns} {dtype}{}", self.layout())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_widest_load_follows_from_address_and_stride() {
        for (dtype, rows, address, stride, vec_size) in [
            (DType::F32, 2, 0, 1024, 4),
            (DType::F32, 2, 256, 1026, 2),
            (DType::F32, 2, 0, 1025, 1),
            (DType::F32, 2, 4, 1024, 1),
            (DType::F32, 1, 0, 1025, 4),
            (DType::Bf16, 2, 4, 1024, 2),
            (DType::Bf16, 2, 0, -1028, 4),
            (DType::F16, 2, 0, 0, 8),
            (DType::F16, 2, 3, i64::MIN, 1),
        ] {
            let problem = Problem::new(dtype, rows, 1000, 8).at(address, stride);
            assert_eq!(problem.vec_size, vec_size, "{dtype} {rows} {address} {stride}");
        }
    }

    #[test]
    fn only_an_unusual_layout_is_told() {
        let problem = Problem::new(DType::F32, 2, 64, 8);
        assert_eq!(problem.to_string(), "top 8 of 2 x 64 f32");
        let odd = Problem { ragged: true, ..problem.at(8, 64) };
        assert_eq!(odd.to_string(), "top 8 of 2 x 64 f32, ragged, rows at multiples of 8 bytes");
        assert_eq!(odd.dense_aligned(), problem);
        let follows = Problem::new(DType::F32, 2, 65, 8);
        assert_eq!((follows.vec_size, follows.to_string()), (1, "top 8 of 2 x 65 f32".to_owned()));
    }
}
