//! The scores of a cell in host memory, and the check of an answer to them.

use crate::cell::{self, InputKey, Lengths};
use crate::{Error, Rng, Scores, Shape, check};
use topkit::spec::Semantics;
use topkit::with_score;

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
        let lengths = (lengths == Lengths::Uniform).then(|| cell::lengths(rows, columns));
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
        with_score!(self.scores.dtype(), S => {
            check::fault(self.scores.values::<S>(), columns, lengths, k, semantics, got)
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Distribution;
    use crate::cell::lengths;
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
        let scores = Input::make(key).unwrap().scores;
        assert_eq!(scores.values::<f32>()[..3], [-0.4945788, -0.87714106, -2.6955926]);
        let key = (DType::F32, 2, 3, Distribution::Uniform, Lengths::Full);
        let scores = Input::make(key).unwrap().scores;
        assert_eq!(scores.values::<f32>()[..3], [0.8833108, 0.43152797, 0.026433766]);
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
