//! Generated scores: the same seed gives the same matrix on every machine.

use super::{Matrix, Scores, size};
use crate::exit::Failure;
use crate::room;
use half::{bf16, f16};
use std::f64::consts::TAU;
use std::fmt;
use std::str::FromStr;
use topkit::{DType, Score};

/// How the scores are spread.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Distribution {
    /// Standard normal.
    Normal,
    /// Uniform from 0 to 1.
    Uniform,
    /// Each row rises from 0 to 1.
    Ascending,
    /// One score everywhere.
    Equal,
}

impl Distribution {
    /// Every one.
    pub const ALL: &'static [Distribution] = &[
        Distribution::Normal,
        Distribution::Uniform,
        Distribution::Ascending,
        Distribution::Equal,
    ];

    /// Its name on the command line.
    pub fn name(self) -> &'static str {
        match self {
            Distribution::Normal => "normal",
            Distribution::Uniform => "uniform",
            Distribution::Ascending => "ascending",
            Distribution::Equal => "equal",
        }
    }
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
    /// Refuses a matrix of scores that is not to be made.
    pub fn check(self, dtype: DType) -> Result<(), Failure> {
        // A random matrix beyond this is a slip of the hand, and would exhaust the machine.
        const LIMIT: usize = 1 << 34;
        if size("the matrix", self.rows, self.columns, dtype)? > LIMIT {
            return Err(Failure::input(format!("{self} {dtype} scores take more than 16 GiB")));
        }
        Ok(())
    }
}

/// Makes a matrix.
pub fn generate(
    shape: Shape,
    dtype: DType,
    distribution: Distribution,
    seed: u64,
) -> Result<Matrix, Failure> {
    let source = format!("generated, {}, seed {seed}", distribution.name());
    shape.check(dtype)?;
    let scores = match dtype {
        DType::F32 => Scores::F32(fill(shape, distribution, seed)?),
        DType::Bf16 => Scores::Bf16(fill::<bf16>(shape, distribution, seed)?),
        DType::F16 => Scores::F16(fill::<f16>(shape, distribution, seed)?),
    };
    Ok(Matrix { source, rows: shape.rows, columns: shape.columns, scores })
}

/// The shape was checked, so that its size is a number.
fn fill<S: Score>(shape: Shape, distribution: Distribution, seed: u64) -> Result<Vec<S>, Failure> {
    let mut scores = room::reserved("the generated scores", shape.rows * shape.columns)?;
    let mut random = Random(seed);
    let mut score = |column: usize| match distribution {
        Distribution::Normal => random.normal(),
        Distribution::Uniform => random.unit(),
        Distribution::Ascending => column as f64 / shape.columns as f64,
        Distribution::Equal => 0.5,
    };
    let columns = (0..shape.rows).flat_map(|_| 0..shape.columns);
    scores.extend(columns.map(|column| S::from_f32(score(column) as f32)));
    Ok(scores)
}

/// SplitMix64 (Steele, Lea and Flood, 2014).
struct Random(u64);

impl Random {
    fn bits(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    /// Uniform over `[0, 1)`.
    fn unit(&mut self) -> f64 {
        (self.bits() >> 11) as f64 / (1u64 << 53) as f64
    }

    /// Standard normal, by the method of Box and Muller.
    fn normal(&mut self) -> f64 {
        let radius = (-2.0 * (1.0 - self.unit()).ln()).sqrt();
        radius * (TAU * self.unit()).cos()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn scores(distribution: Distribution, seed: u64) -> Vec<f32> {
        fill(Shape { rows: 2, columns: 5000 }, distribution, seed).unwrap()
    }

    #[test]
    fn the_distributions_are_what_they_say() {
        let mean = |scores: &[f32]| scores.iter().sum::<f32>() / scores.len() as f32;
        let normal = scores(Distribution::Normal, 1);
        let squares: Vec<f32> = normal.iter().map(|score| score * score).collect();
        assert!(mean(&normal).abs() < 0.05 && (mean(&squares) - 1.0).abs() < 0.05);
        let uniform = scores(Distribution::Uniform, 1);
        assert!(uniform.iter().all(|score| (0.0..=1.0).contains(score)));
        assert!((mean(&uniform) - 0.5).abs() < 0.02);
        let ascending = scores(Distribution::Ascending, 1);
        assert!(ascending[..5000].is_sorted() && ascending[..5000] == ascending[5000..]);
        assert!(scores(Distribution::Equal, 1).iter().all(|&score| score == 0.5));
    }

    #[test]
    fn a_seed_is_a_matrix() {
        assert_eq!(scores(Distribution::Normal, 7), scores(Distribution::Normal, 7));
        assert_ne!(scores(Distribution::Normal, 7), scores(Distribution::Normal, 8));
    }

    #[test]
    fn shapes_are_two_numbers() {
        assert_eq!("32x131072".parse(), Ok(Shape { rows: 32, columns: 131_072 }));
        for text in ["", "32", "x", "0x5", "5x0", "5x-1", "axb", "1x2x3", "1e3x4"] {
            assert!(text.parse::<Shape>().is_err(), "{text}");
        }
    }
}
