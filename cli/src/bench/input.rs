//! The scores of a cell in host memory, and the judge of an answer to them, on every core.
//!
//! Scores are made by place, not by sequence, so the matrix is the same whatever the number of
//! threads. The judge is the library's own.

use super::cell::{InputKey, Lengths};
use super::spread::{Spread, mix};
use crate::exit::Failure;
use crate::room;
use crate::scores::Scores;
use half::{bf16, f16};
use std::thread;
use topkit::host::Mismatch;
use topkit::{DType, Score, host, spec::Semantics};

/// The fewest scores that a ragged row has.
const SHORTEST: usize = 1024;

/// A matrix.
#[derive(Debug)]
pub struct Input {
    /// What it was made from.
    pub key: InputKey,
    /// Its scores, row after row.
    pub scores: Scores,
    /// The length of each row, where rows are ragged.
    pub lengths: Option<Vec<i32>>,
}

impl Input {
    /// Makes the matrix of a key.
    pub fn make(key: InputKey) -> Result<Input, Failure> {
        let (dtype, rows, columns, spread, lengths) = key;
        let scores = match dtype {
            DType::F32 => Scores::F32(fill(rows, columns, spread)?),
            DType::Bf16 => Scores::Bf16(fill::<bf16>(rows, columns, spread)?),
            DType::F16 => Scores::F16(fill::<f16>(rows, columns, spread)?),
        };
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

    /// What is wrong with an answer, row after row of k indices; `None` when nothing is.
    pub fn fault(
        &self,
        k: u32,
        semantics: &Semantics,
        got: &[i32],
    ) -> Result<Option<String>, Failure> {
        match &self.scores {
            Scores::F32(scores) => self.judge(scores, k, semantics, got),
            Scores::Bf16(scores) => self.judge(scores, k, semantics, got),
            Scores::F16(scores) => self.judge(scores, k, semantics, got),
        }
    }

    fn judge<S: Score>(
        &self,
        scores: &[S],
        k: u32,
        semantics: &Semantics,
        got: &[i32],
    ) -> Result<Option<String>, Failure> {
        let (_, rows, columns, ..) = self.key;
        let part = rows.div_ceil(threads());
        let check = |start: usize| {
            let end = rows.min(start + part);
            let matrix =
                host::Matrix::new(&scores[start * columns..end * columns], end - start, columns);
            let matrix = matrix.and_then(|matrix| match &self.lengths {
                Some(lengths) => matrix.with_lengths(&lengths[start..end]),
                None => Ok(matrix),
            });
            let got = &got[start * k as usize..end * k as usize];
            match host::check(&matrix?, k, semantics, got) {
                Ok(()) => Ok(None),
                // It was not judged.
                Err(Mismatch::Question(error)) => Err(error.into()),
                // The judge counts rows from the first that it is given.
                Err(fault) if start == 0 => Ok(Some(fault.to_string())),
                Err(fault) => Ok(Some(format!("counting from row {start}: {fault}"))),
            }
        };
        thread::scope(|scope| {
            let parts = (0..rows).step_by(part);
            let judges: Vec<_> = parts.map(|start| scope.spawn(move || check(start))).collect();
            let gone = |_| Ok(Some("the judge stopped before its end".to_owned()));
            let judged = judges.into_iter().map(|judge| judge.join().unwrap_or_else(gone));
            judged
                .collect::<Result<Vec<_>, Failure>>()
                .map(|faults| faults.into_iter().flatten().next())
        })
    }
}

/// The lengths of ragged rows: uniform from 1024 to the columns.
pub fn lengths(rows: usize, columns: usize) -> Vec<i32> {
    let least = SHORTEST.min(columns);
    let choices = (columns - least + 1) as u64;
    let length = |row: usize| least as u64 + mix(row as u64) % choices;
    (0..rows).map(|row| i32::try_from(length(row)).unwrap_or(i32::MAX)).collect()
}

fn fill<S: Score>(rows: usize, columns: usize, spread: Spread) -> Result<Vec<S>, Failure> {
    let mut scores = room::filled("the scores", S::from_bits(0), rows.saturating_mul(columns))?;
    let part = scores.len().div_ceil(threads()).max(1);
    thread::scope(|scope| {
        for (number, scores) in scores.chunks_mut(part).enumerate() {
            scope.spawn(move || {
                let start = number * part;
                let (mut row, mut column) = (start / columns, start % columns);
                for score in scores {
                    *score = spread.score(row, column, columns);
                    column += 1;
                    if column == columns {
                        (row, column) = (row + 1, 0);
                    }
                }
            });
        }
    });
    Ok(scores)
}

/// Threads for work of the host.
pub fn threads() -> usize {
    thread::available_parallelism().map_or(1, usize::from)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn input(lengths: Lengths) -> Input {
        Input::make((DType::Bf16, 7, 3000, Spread::Randn, lengths)).unwrap()
    }

    fn answer(input: &Input, k: u32) -> Vec<i32> {
        let Scores::Bf16(scores) = &input.scores else { panic!("another dtype") };
        let matrix = host::Matrix::new(scores, 7, 3000).unwrap();
        let matrix = match &input.lengths {
            Some(lengths) => matrix.with_lengths(lengths).unwrap(),
            None => matrix,
        };
        host::top_k(&matrix, k, &ragged()).unwrap().indices
    }

    fn ragged() -> Semantics {
        Semantics { rows: topkit::spec::RowShape::Ragged, ..Semantics::DEFAULT }
    }

    #[test]
    fn scores_that_no_memory_has_room_for_are_refused() {
        let key = (DType::F32, usize::MAX >> 8, 1 << 4, Spread::Randn, Lengths::Full);
        let refused = Input::make(key).unwrap_err();
        assert_eq!(refused.exit(), crate::exit::Exit::Environment, "{refused}");
    }

    #[test]
    fn every_place_has_the_score_of_its_place() {
        let input = input(Lengths::Full);
        let Scores::Bf16(scores) = &input.scores else { panic!("another dtype") };
        for (place, score) in scores.iter().enumerate() {
            assert_eq!(*score, Spread::Randn.score(place / 3000, place % 3000, 3000));
        }
    }

    #[test]
    fn a_right_answer_passes_and_one_wrong_index_in_any_row_does_not() {
        for lengths in [Lengths::Full, Lengths::Uniform] {
            let input = input(lengths);
            let right = answer(&input, 5);
            assert_eq!(input.fault(5, &ragged(), &right).unwrap(), None);
            for row in 0..7 {
                let mut wrong = right.clone();
                wrong[row * 5 + 2] = wrong[row * 5];
                let fault = input.fault(5, &ragged(), &wrong).unwrap().unwrap();
                assert!(fault.contains("row"), "{fault}");
            }
        }
    }

    #[test]
    fn lengths_are_within_the_row() {
        let lengths = lengths(1000, 131_072);
        assert!(lengths.iter().all(|length| (1024..=131_072).contains(length)));
        let mean = lengths.iter().map(|&length| f64::from(length)).sum::<f64>() / 1000.0;
        assert!((mean / 66_048.0 - 1.0).abs() < 0.05, "{mean}");
        assert!(self::lengths(9, 10).iter().all(|&length| length == 10));
    }
}
