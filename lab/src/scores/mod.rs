//! Matrices of scores in host memory: generated here, or read by the caller.
//!
//! The same seed gives the same matrix on every machine. A matrix that does not fit in memory is refused before
//! it is made.

pub mod indexer;

use crate::{Distribution, Error, Rng, memory};
use std::any::Any;
use std::fmt;
use std::str::FromStr;
use topkit::{DType, Score, with_score};

/// Scores in host memory, row after row.
#[derive(Debug)]
pub struct Matrix {
    /// Where they came from.
    pub source: String,
    /// Number of rows, at least 1.
    pub rows: usize,
    /// Number of columns, at least 1.
    pub columns: usize,
    /// `rows * columns` of them.
    pub scores: Scores,
}

/// Scores of one of the types that there are kernels for.
#[derive(Debug)]
pub struct Scores {
    dtype: DType,
    /// A `Vec` of the type of the dtype.
    values: Box<dyn Any + Send + Sync>,
}

impl Scores {
    /// Scores of one type.
    pub fn new<S: Score>(values: Vec<S>) -> Scores {
        Scores { dtype: S::DTYPE, values: Box::new(values) }
    }

    /// Their type.
    pub fn dtype(&self) -> DType {
        self.dtype
    }

    /// The scores, where they are of this type, and else none; `with_score!` names the type of a dtype.
    pub fn values<S: Score>(&self) -> &[S] {
        self.values.downcast_ref::<Vec<S>>().map_or(&[], Vec::as_slice)
    }

    /// As [`values`](Self::values), without a copy.
    pub fn into_values<S: Score>(self) -> Vec<S> {
        self.values.downcast::<Vec<S>>().map_or_else(|_| Vec::new(), |values| *values)
    }

    /// Generates them; `what` names them in an error about memory. The k counts where the scores depend on
    /// it.
    pub fn generate(
        what: &str,
        shape: Shape,
        dtype: DType,
        (distribution, k): (Distribution, u32),
        rng: &Rng,
    ) -> Result<Scores, Error> {
        with_score!(dtype, S => Ok(Scores::new(fill::<S>(what, shape, (distribution, k), rng)?)))
    }
}

fn fill<S: Score>(
    what: &str,
    Shape { rows, columns }: Shape,
    (distribution, k): (Distribution, u32),
    rng: &Rng,
) -> Result<Vec<S>, Error> {
    let mut scores = memory::filled(what, S::FILL, rows.saturating_mul(columns))?;
    distribution.write(rng, columns, k, &mut scores);
    Ok(scores)
}

/// Rows and columns, written `32x131072`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Shape {
    /// Rows, at least 1.
    pub rows: usize,
    /// Columns, at least 1.
    pub columns: usize,
}

impl FromStr for Shape {
    type Err = &'static str;

    fn from_str(text: &str) -> Result<Shape, Self::Err> {
        let parse = || {
            let (rows, columns) = text.split_once(['x', 'X'])?;
            let size = |text: &str| text.trim().parse().ok().filter(|&size| size > 0);
            Some(Shape { rows: size(rows)?, columns: size(columns)? })
        };
        parse().ok_or("write ROWSxCOLUMNS, each at least 1, like 32x131072")
    }
}

impl fmt::Display for Shape {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}x{}", self.rows, self.columns)
    }
}

impl Shape {
    /// Bytes of so many scores, or why memory cannot hold them; `source` names them.
    pub fn bytes(self, source: &str, dtype: DType) -> Result<usize, Error> {
        let Shape { rows, columns } = self;
        rows.checked_mul(columns)
            .and_then(|scores| scores.checked_mul(dtype.bytes() as usize))
            .filter(|&bytes| bytes <= isize::MAX as usize)
            .ok_or_else(|| {
                Error::Input(format!("{source} is {rows} x {columns}, more than memory can hold"))
            })
    }

    /// Refuses a matrix of scores that is not to be made.
    pub fn check(self, dtype: DType) -> Result<(), Error> {
        // A random matrix beyond this is a slip of the hand, and would exhaust the machine.
        const LIMIT: usize = 1 << 34;
        if self.bytes("the matrix", dtype)? > LIMIT {
            return Err(Error::Input(format!("{self} {dtype} scores take more than 16 GiB")));
        }
        Ok(())
    }
}

/// Makes a matrix; the k counts where its scores depend on it.
pub fn generate(
    shape: Shape,
    dtype: DType,
    (distribution, k): (Distribution, u32),
    seed: u64,
) -> Result<Matrix, Error> {
    shape.check(dtype)?;
    let rng = Rng::new(seed);
    let scores = Scores::generate("the generated scores", shape, dtype, (distribution, k), &rng)?;
    let source = format!("generated, {distribution}, seed {seed}");
    Ok(Matrix { source, rows: shape.rows, columns: shape.columns, scores })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn shapes_are_two_numbers() {
        assert_eq!("32x131072".parse(), Ok(Shape { rows: 32, columns: 131_072 }));
        for text in ["", "32", "x", "0x5", "5x0", "5x-1", "axb", "1x2x3", "1e3x4"] {
            assert!(text.parse::<Shape>().is_err(), "{text}");
        }
    }
}
