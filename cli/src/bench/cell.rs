//! One cell of a grid: a problem, how its scores are spread, and how long its rows are.
//!
//! It is data alone; [`super::input`] makes the scores. What a person writes wrong in `--cell` is
//! told with the form that is right.

use super::grid::Grid;
use super::spread::Spread;
use serde::{Deserialize, Serialize};
use std::fmt;
use std::str::FromStr;
use topkit::{DType, Problem};

/// What is measured.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Cell {
    /// The table that it belongs to.
    pub grid: Grid,
    /// The type of a score.
    #[serde(with = "dtype_name")]
    pub dtype: DType,
    /// Rows.
    pub rows: usize,
    /// Columns.
    pub cols: usize,
    /// Winners a row.
    pub k: u32,
    /// How the scores are spread.
    pub dist: Spread,
    /// How long the rows are.
    #[serde(default, skip_serializing_if = "Lengths::is_full")]
    pub lengths: Lengths,
}

/// How long the rows of a cell are.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Lengths {
    /// Every row has all columns.
    #[default]
    Full,
    /// Uniform from 1024 to the columns, read on the device.
    Uniform,
}

impl Lengths {
    fn is_full(&self) -> bool {
        *self == Lengths::Full
    }
}

/// What decides the scores of a cell; cells that differ in k alone share them.
pub type InputKey = (DType, usize, usize, Spread, Lengths);

impl Cell {
    /// A cell of dense rows.
    pub fn dense(grid: Grid, dtype: DType, (rows, cols): (usize, usize), k: u32) -> Cell {
        Cell { grid, dtype, rows, cols, k, dist: Spread::Randn, lengths: Lengths::Full }
    }

    /// The problem to plan for.
    pub fn problem(&self) -> Problem {
        Problem::new(self.dtype, self.rows, self.cols, self.k)
    }

    /// What decides its scores.
    pub fn input(&self) -> InputKey {
        (self.dtype, self.rows, self.cols, self.dist, self.lengths)
    }
}

impl fmt::Display for Cell {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Cell { grid, dtype, rows, cols, k, dist, lengths } = self;
        write!(f, "{} {dtype} {rows}x{cols} k={k} {}", grid.name(), dist.name())?;
        if *lengths == Lengths::Uniform { f.write_str(" ragged") } else { Ok(()) }
    }
}

/// `bf16,32,131072,512` or `bf16,32,131072,512,equal`.
impl FromStr for Cell {
    type Err = String;

    fn from_str(text: &str) -> Result<Cell, String> {
        let form = || {
            let dtypes = DType::ALL.map(DType::name).join(", ");
            let spreads: Vec<_> = Spread::ALL.iter().map(|spread| spread.name()).collect();
            format!(
                "write DTYPE,ROWS,COLUMNS,K or DTYPE,ROWS,COLUMNS,K,DISTRIBUTION, like \
                 bf16,32,131072,512; dtypes are {dtypes}, distributions {}",
                spreads.join(", ")
            )
        };
        let parse = || {
            let fields: Vec<&str> = text.split(',').map(str::trim).collect();
            let size = |text: &str| text.parse().ok().filter(|&size: &usize| size > 0);
            let (&[dtype, rows, cols, k], rest) = fields.split_first_chunk::<4>()?;
            let k = u32::try_from(size(k)?).ok()?;
            let shape = (size(rows)?, size(cols)?);
            let dist = match rest {
                [] => Spread::Randn,
                [name] => Spread::ALL.iter().copied().find(|spread| spread.name() == *name)?,
                _ => return None,
            };
            // The bytes, the indices and the driver's counts stay far from overflow.
            let (wide, most) = (i32::MAX as usize, 1usize << 40);
            let sane = shape.0 <= wide
                && shape.1 <= wide
                && shape.0.checked_mul(shape.1.max(k as usize))? <= most;
            let dtype = DType::from_name(dtype)?;
            sane.then(|| Cell { dist, ..Cell::dense(Grid::Own, dtype, shape, k) })
        };
        parse().ok_or_else(form)
    }
}

mod dtype_name {
    use serde::de::Error;
    use serde::{Deserialize, Deserializer, Serializer};
    use topkit::DType;

    pub fn serialize<S: Serializer>(dtype: &DType, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(dtype.name())
    }

    pub fn deserialize<'a, D: Deserializer<'a>>(deserializer: D) -> Result<DType, D::Error> {
        let name = String::deserialize(deserializer)?;
        DType::from_name(&name).ok_or_else(|| D::Error::custom(format!("{name:?} is no dtype")))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn cells_are_written_as_four_or_five_fields() {
        let cell: Cell = "bf16, 32,131072,512".parse().unwrap();
        assert_eq!(cell, Cell::dense(Grid::Own, DType::Bf16, (32, 131_072), 512));
        let cell: Cell = "f16,1,8,9,heavy_tail".parse().unwrap();
        assert_eq!((cell.dist, cell.k), (Spread::HeavyTail, 9));
        for text in [
            "",
            "bf16,1,8",
            "f64,1,8,1",
            "f32,0,8,1",
            "f32,1,8,1,odd",
            "f32,1,8,1,equal,2",
            "f32,2147483647,2147483647,1",
            "f32,1,4294967296,1",
        ] {
            let error = text.parse::<Cell>().unwrap_err();
            assert!(error.contains("bf16,32,131072,512"), "{text}: {error}");
        }
    }

    #[test]
    fn a_cell_survives_json() {
        let ragged = Cell {
            lengths: Lengths::Uniform,
            ..Cell::dense(Grid::Ragged, DType::F16, (64, 131_072), 512)
        };
        for cell in [ragged, Cell::dense(Grid::Seed, DType::F32, (1, 8192), 2048)] {
            let text = serde_json::to_string(&cell).unwrap();
            assert_eq!(serde_json::from_str::<Cell>(&text).unwrap(), cell, "{text}");
        }
    }
}
