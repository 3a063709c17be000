//! The scores of a cell in host memory, and the check of an answer to them.

use crate::cell::InputKey;
use crate::{Error, Rng, Scores, Shape, check};
use topkit::host::Rows;
use topkit::spec::Semantics;
use topkit::with_score;

/// The first seed of a bench, and the one of published tables.
pub const SEED: u64 = 0;

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
    /// Makes the matrix of a key. The lengths are the same for every seed.
    pub fn make(key: InputKey, seed: u64) -> Result<Input, Error> {
        let InputKey { dtype, rows, cols, dist, lengths, k } = key;
        let (shape, rng) = (Shape { rows, columns: cols }, Rng::coarse(seed));
        let scores = Scores::generate("the scores", shape, dtype, (dist, k), &rng)?;
        Ok(Input { key, scores, lengths: lengths.of(rows, cols, k) })
    }

    /// Scores that take part in the selection.
    pub fn count(&self) -> u64 {
        match &self.lengths {
            None => self.key.rows as u64 * self.key.cols as u64,
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
        let InputKey { rows, cols, .. } = self.key;
        with_score!(self.scores.dtype(), S => {
            let input = Rows::host(self.scores.values::<S>(), rows, cols);
            let input = match &self.lengths {
                Some(lengths) => input.lengths(lengths),
                None => input,
            };
            check::fault(&input, k, semantics, got)
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Distribution;
    use crate::{Cell, Grid};
    use topkit::DType;

    fn key(rows: usize, cols: usize, dist: Distribution) -> InputKey {
        Cell { dist, ..Cell::dense(Grid::Own, DType::F32, (rows, cols), 1) }.input()
    }

    #[test]
    fn scores_that_no_memory_has_room_for_are_refused() {
        let key = key(usize::MAX >> 8, 1 << 4, Distribution::Normal);
        assert!(matches!(Input::make(key, SEED).unwrap_err(), Error::Memory { .. }));
    }

    /// Runs of a bench can be compared only if their scores are the same.
    #[test]
    fn the_scores_of_a_bench_stay_the_same() {
        let first = |dist, seed| {
            let scores = Input::make(key(2, 3, dist), seed).unwrap().scores;
            scores.values::<f32>()[..3].to_vec()
        };
        assert_eq!(first(Distribution::Normal, SEED), [-0.4945788, -0.87714106, -2.6955926]);
        assert_eq!(first(Distribution::Uniform, SEED), [0.8833108, 0.43152797, 0.026433766]);
        assert_ne!(first(Distribution::Normal, SEED + 1), first(Distribution::Normal, SEED));
    }

    #[test]
    fn the_scores_within_ragged_lengths_are_counted() {
        let cell: Cell = "f32,64,131072,2048,one_long".parse().unwrap();
        let input = Input::make(InputKey { cols: 16384, ..cell.input() }, SEED).unwrap();
        let lengths = input.lengths.as_ref().unwrap();
        assert_eq!(input.count(), lengths.iter().map(|&length| length as u64).sum::<u64>());
        assert!(input.count() < 64 * 8192 + 16384);
    }
}
