//! One cell of a grid: a problem, the distribution of its scores, and its layout.
//!
//! It is plain data; [`crate::bench::input`] makes the scores. This module parses `--cell` of every command; its
//! errors show the right form.

pub mod grid;

pub use grid::Grid;

use crate::{Distribution, Rng};
use serde::{Deserialize, Serialize};
use std::fmt;
use std::str::FromStr;
use topkit::{DType, Problem};

/// The fewest scores that a ragged row has.
const SHORTEST: usize = 1024;

/// A problem to measure, with its scores.
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
    /// The distribution of the scores.
    #[serde(with = "distribution_name")]
    pub dist: Distribution,
    /// How long the rows are.
    #[serde(default, skip_serializing_if = "Lengths::is_full")]
    pub lengths: Lengths,
    /// Whether rows begin at any score, not at multiples of 16 bytes.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub unaligned: bool,
}

/// How long the rows of a cell are.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Lengths {
    /// Every row has all columns.
    #[default]
    Full,
    /// Of each row its own, read on the device; in a bench uniform from 1024 to the columns.
    Uniform,
}

impl Lengths {
    fn is_full(&self) -> bool {
        *self == Lengths::Full
    }
}

/// The parts of a cell that decide its scores; cells that differ in k alone share them.
pub type InputKey = (DType, usize, usize, Distribution, Lengths);

/// How `--cell` is written.
const FORM: &str = "DTYPE,ROWS,COLUMNS,K, like bf16,32,131072,512; behind it a DISTRIBUTION, `ragged` or \
                    `unaligned`, each once";

impl Cell {
    /// A cell of dense rows with normal scores.
    pub fn dense(grid: Grid, dtype: DType, (rows, cols): (usize, usize), k: u32) -> Cell {
        let (dist, lengths) = (Distribution::Normal, Lengths::Full);
        Cell { grid, dtype, rows, cols, k, dist, lengths, unaligned: false }
    }

    /// Whether rows are ragged.
    pub fn ragged(&self) -> bool {
        self.lengths == Lengths::Uniform
    }

    /// The problem to plan for.
    pub fn problem(&self) -> Problem {
        let mut problem = Problem::new(self.dtype, self.rows, self.cols, self.k);
        problem.ragged = self.ragged();
        if self.unaligned {
            problem.vec_size = 1;
        }
        problem
    }

    /// The parts that decide its scores.
    pub fn input(&self) -> InputKey {
        (self.dtype, self.rows, self.cols, self.dist, self.lengths)
    }
}

impl fmt::Display for Cell {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Cell { grid, dtype, rows, cols, k, dist, .. } = self;
        write!(f, "{} {dtype} {rows}x{cols} k={k} {dist}", grid.name())?;
        f.write_str(if self.ragged() { " ragged" } else { "" })?;
        f.write_str(if self.unaligned { " unaligned" } else { "" })
    }
}

/// `bf16,32,131072,512`, with a distribution, `ragged` or `unaligned` behind it.
impl FromStr for Cell {
    type Err = String;

    fn from_str(text: &str) -> Result<Cell, String> {
        parse(text).ok_or_else(|| {
            let dtypes = DType::ALL.map(DType::name).join(", ");
            let distributions = Distribution::ALL.map(Distribution::name).join(", ");
            format!("write {FORM}; dtypes are {dtypes}, distributions {distributions}")
        })
    }
}

fn parse(text: &str) -> Option<Cell> {
    let fields: Vec<&str> = text.split(',').map(str::trim).collect();
    let size = |text: &str| text.parse().ok().filter(|&size: &usize| size > 0);
    let (&[dtype, rows, cols, k], words) = fields.split_first_chunk::<4>()?;
    let (rows, cols, k) = (size(rows)?, size(cols)?, u32::try_from(size(k)?).ok()?);
    // The bytes, the indices and the driver's counts stay far from overflow.
    let (wide, most) = (i32::MAX as usize, 1usize << 40);
    let sane = rows <= wide && cols <= wide && rows.checked_mul(cols.max(k as usize))? <= most;
    let mut cell =
        sane.then_some(Cell::dense(Grid::Own, DType::from_name(dtype)?, (rows, cols), k))?;
    let mut dist = None;
    for &word in words {
        let again = match word {
            "ragged" => std::mem::replace(&mut cell.lengths, Lengths::Uniform) == Lengths::Uniform,
            "unaligned" => std::mem::replace(&mut cell.unaligned, true),
            name => dist.replace(Distribution::from_name(name)?).is_some(),
        };
        if again {
            return None;
        }
    }
    cell.dist = dist.unwrap_or(cell.dist);
    Some(cell)
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

mod distribution_name {
    use crate::Distribution;
    use serde::de::Error;
    use serde::{Deserialize, Deserializer, Serializer};

    pub fn serialize<S: Serializer>(dist: &Distribution, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(dist.name())
    }

    pub fn deserialize<'a, D: Deserializer<'a>>(deserializer: D) -> Result<Distribution, D::Error> {
        let name = String::deserialize(deserializer)?;
        Distribution::from_name(&name)
            .ok_or_else(|| D::Error::custom(format!("{name:?} is no distribution")))
    }
}

/// The lengths of ragged rows: uniform from 1024 to the columns.
pub fn lengths(rows: usize, columns: usize) -> Vec<i32> {
    let least = SHORTEST.min(columns);
    let lengths = (columns - least + 1) as u64;
    let mut rng = Rng::new(0);
    let mut length = || least as u64 + rng.bits() % lengths;
    (0..rows).map(|_| i32::try_from(length()).unwrap_or(i32::MAX)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn cells_are_four_fields_and_words() {
        let cell: Cell = "bf16, 32,131072,512".parse().unwrap();
        assert_eq!(cell, Cell::dense(Grid::Own, DType::Bf16, (32, 131_072), 512));
        let cell: Cell = "f16,1,8,9,heavy_tail".parse().unwrap();
        assert_eq!((cell.dist, cell.k), (Distribution::HeavyTail, 9));
        let odd: Cell = "f32,1,8192,64,ragged,unaligned,asc".parse().unwrap();
        let problem = odd.problem();
        assert_eq!((problem.ragged, problem.vec_size, problem.columns), (true, 1, 8192));
        assert_eq!(odd.dist, Distribution::Ascending);
        for text in [
            "",
            "bf16,1,8",
            "f64,1,8,1",
            "f32,0,8,1",
            "f32,1,8,1,odd",
            "f32,1,8,1,2",
            "f32,1,8,1,equal,asc",
            "f32,1,8,1,ragged,ragged",
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
            unaligned: true,
            ..Cell::dense(Grid::Ragged, DType::F16, (64, 131_072), 512)
        };
        for cell in [ragged, Cell::dense(Grid::Seed, DType::F32, (1, 8192), 2048)] {
            let text = serde_json::to_string(&cell).unwrap();
            assert_eq!(serde_json::from_str::<Cell>(&text).unwrap(), cell, "{text}");
        }
        let plain = Cell::dense(Grid::Seed, DType::F32, (1, 8192), 2048);
        let due = r#"{"grid":"seed","dtype":"f32","rows":1,"cols":8192,"k":2048,"dist":"randn"}"#;
        assert_eq!(serde_json::to_string(&plain).unwrap(), due);
    }
}
