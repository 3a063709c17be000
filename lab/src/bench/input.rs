//! The scores of a cell in host memory, and the check of an answer to them.

use crate::cell::{InputKey, Lengths};
use crate::{Error, Rng, Scores, Shape, judge};
use topkit::spec::Semantics;

/// The fewest scores that a ragged row has.
const SHORTEST: usize = 1024;

/// The seed of all scores of a bench.
const SEED: u64 = 0;

/// A matrix.
#[derive(Debug)]
pub struct Input {
    /// The parts of the cell that it was made from.
    pub key: InputKey,
    /// Its scores, row after row.
    pub scores: Scores,
    /// The length of each row, where rows are ragged.
    pub lengths: Option<Vec<i32>>,
}

impl Input {
    /// Makes the matrix of a key.
    pub fn make(key: InputKey) -> Result<Input, Error> {
        let (dtype, rows, columns, dist, lengths) = key;
        let (shape, rng) = (Shape { rows, columns }, Rng::coarse(SEED));
        let scores = Scores::generate("the scores", shape, dtype, dist, &rng)?;
        let lengths = (lengths == Lengths::Uniform).then(|| self::lengths(rows, columns));
        Ok(Input { key, scores, lengths })
    }

    /// Scores that take part in the selection.
    pub fn count(&self) -> u64 {
        let (_, rows, columns, ..) = self.key;
        match &self.lengths {
            None => rows as u64 * columns as u64,
            Some(lengths) => lengths.iter().map(|&length| u64::from(length.unsigned_abs())).sum(),
        }
    }

    /// The first fault of an answer, row after row of k indices; `None` if it is right.
    pub fn fault(
        &self,
        k: u32,
        semantics: &Semantics,
        got: &[i32],
    ) -> Result<Option<String>, Error> {
        let (columns, lengths) = (self.key.2, self.lengths.as_deref());
        match &self.scores {
            Scores::F32(scores) => judge::fault(scores, columns, lengths, k, semantics, got),
            Scores::Bf16(scores) => judge::fault(scores, columns, lengths, k, semantics, got),
            Scores::F16(scores) => judge::fault(scores, columns, lengths, k, semantics, got),
        }
    }
}

/// The lengths of ragged rows: uniform from 1024 to the columns.
pub fn lengths(rows: usize, columns: usize) -> Vec<i32> {
    let least = SHORTEST.min(columns);
    let lengths = (columns - least + 1) as u64;
    let mut rng = Rng::new(SEED);
    let mut length = || least as u64 + rng.bits() % lengths;
    (0..rows).map(|_| i32::try_from(length()).unwrap_or(i32::MAX)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Distribution;
    use topkit::DType;

    #[test]
    fn scores_that_no_memory_has_room_for_are_refused() {
        let key = (DType::F32, usize::MAX >> 8, 1 << 4, Distribution::Normal, Lengths::Full);
        assert!(matches!(Input::make(key).unwrap_err(), Error::Memory { .. }));
    }

    /// Runs of a bench can be compared only if their scores are the same.
    #[test]
    fn the_scores_of_a_bench_stay_the_same() {
        let key = (DType::F32, 2, 3, Distribution::Normal, Lengths::Full);
        let Scores::F32(scores) = Input::make(key).unwrap().scores else { panic!("another dtype") };
        assert_eq!(scores[..3], [-0.4945788, -0.87714106, -2.6955926]);
        let key = (DType::F32, 2, 3, Distribution::Uniform, Lengths::Full);
        let Scores::F32(scores) = Input::make(key).unwrap().scores else { panic!("another dtype") };
        assert_eq!(scores[..3], [0.8833108, 0.43152797, 0.026433766]);
    }

    #[test]
    fn lengths_are_within_the_row() {
        let lengths = lengths(1000, 131_072);
        assert!(lengths.iter().all(|length| (1024..=131_072).contains(length)));
        let mean = lengths.iter().map(|&length| f64::from(length)).sum::<f64>() / 1000.0;
        assert!((mean / 66_048.0 - 1.0).abs() < 0.05, "{mean}");
    }

    #[test]
    fn short_rows_are_whole() {
        assert_eq!(lengths(3, 100), [100; 3]);
    }
}
