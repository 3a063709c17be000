//! One cell of a grid: a problem, the distribution of its scores, and its layout.
//!
//! It is plain data; [`crate::bench::input`] makes the scores. This module parses `--cell` of every command; its
//! errors show the right form.

pub mod grid;
mod lengths;
pub mod ragged;

pub use grid::Grid;
pub use lengths::Lengths;

use crate::Distribution;
use serde::{Deserialize, Serialize};
use std::fmt;
use std::str::FromStr;
use topkit::{DType, Problem};

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

/// The parts of a cell that decide its scores and its lengths; cells with the same parts share them.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct InputKey {
    /// The type of a score.
    pub dtype: DType,
    /// Rows.
    pub rows: usize,
    /// Columns.
    pub cols: usize,
    /// The distribution of the scores.
    pub dist: Distribution,
    /// How long the rows are.
    pub lengths: Lengths,
    /// Winners a row, where scores or lengths depend on it, and else 1.
    pub k: u32,
}

/// How `--cell` is written.
const FORM: &str = "DTYPE,ROWS,COLUMNS,K, like bf16,32,131072,512; behind it a DISTRIBUTION, LENGTHS or \
                    `unaligned`, each once";

impl Cell {
    /// A cell of dense rows with normal scores.
    pub fn dense(grid: Grid, dtype: DType, (rows, cols): (usize, usize), k: u32) -> Cell {
        let (dist, lengths) = (Distribution::Normal, Lengths::Full);
        Cell { grid, dtype, rows, cols, k, dist, lengths, unaligned: false }
    }

    /// Whether rows are ragged.
    pub fn ragged(&self) -> bool {
        !self.lengths.is_full()
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
        let Cell { dtype, rows, cols, dist, lengths, .. } = *self;
        let k = if dist.depends_on_k() || lengths.depends_on_k() { self.k } else { 1 };
        InputKey { dtype, rows, cols, dist, lengths, k }
    }
}

impl fmt::Display for Cell {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Cell { grid, dtype, rows, cols, k, dist, .. } = self;
        write!(f, "{} {dtype} {rows}x{cols} k={k} {dist}", grid.name())?;
        if self.ragged() {
            write!(f, " {}", self.lengths.name())?;
        }
        f.write_str(if self.unaligned { " unaligned" } else { "" })
    }
}

/// `bf16,32,131072,512`, with a distribution, a word for the lengths of ragged rows, or `unaligned` behind
/// it.
impl FromStr for Cell {
    type Err = String;

    fn from_str(text: &str) -> Result<Cell, String> {
        parse(text).ok_or_else(|| {
            let dtypes = DType::ALL.map(DType::name).join(", ");
            let distributions = Distribution::ALL.map(Distribution::name).join(", ");
            let ragged = Lengths::ALL.into_iter().filter(|lengths| !lengths.is_full());
            let ragged = ragged.map(Lengths::name).collect::<Vec<_>>().join(", ");
            format!(
                "write {FORM}; dtypes are {dtypes}, distributions {distributions}, lengths {ragged}"
            )
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
    let (mut dist, mut lengths) = (None, None);
    for &word in words {
        let again = match (word, Lengths::from_name(word)) {
            ("unaligned", _) => std::mem::replace(&mut cell.unaligned, true),
            (_, Some(ragged)) => lengths.replace(ragged).is_some(),
            (name, None) => dist.replace(Distribution::from_name(name)?).is_some(),
        };
        if again {
            return None;
        }
    }
    cell.lengths = lengths.unwrap_or(cell.lengths);
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
        let mix: Cell = "f32,256,131072,2048,one_long,uniform".parse().unwrap();
        assert_eq!((mix.lengths, mix.dist), (Lengths::OneLong, Distribution::Uniform));
        assert_eq!(mix.to_string(), "cell f32 256x131072 k=2048 uniform one_long");
        assert!(mix.problem().ragged);
        for text in [
            "",
            "bf16,1,8",
            "f128,1,8,1",
            "f32,0,8,1",
            "f32,1,8,1,odd",
            "f32,1,8,1,2",
            "f32,1,8,1,equal,asc",
            "f32,1,8,1,ragged,ragged",
            "f32,1,8,1,ragged,one_long",
            "f32,1,8,1,dense",
            "f32,2147483647,2147483647,1",
            "f32,1,4294967296,1",
        ] {
            let error = text.parse::<Cell>().unwrap_err();
            assert!(error.contains("bf16,32,131072,512"), "{text}: {error}");
        }
    }

    #[test]
    fn cells_share_scores_where_k_does_not_matter() {
        let of = |k, dist, lengths| {
            let cell = Cell::dense(Grid::Own, DType::F32, (4, 8192), k);
            Cell { dist, lengths, ..cell }.input()
        };
        for (dist, lengths, shared) in [
            (Distribution::Normal, Lengths::Full, true),
            (Distribution::Normal, Lengths::OneLong, true),
            (Distribution::Normal, Lengths::AllShort, false),
            (Distribution::Collide, Lengths::Full, false),
            (Distribution::Runs, Lengths::Full, false),
        ] {
            assert_eq!(of(8, dist, lengths) == of(9, dist, lengths), shared, "{dist} {lengths:?}");
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
