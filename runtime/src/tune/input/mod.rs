//! The scores that kernels are tuned on, and the check of their answers.
//!
//! A matrix repeats a few distinct rows, so that it is made and ranked quickly however large it is.
//! Adversarial rows have the hard cases of a selection: ties everywhere, all winners in few stretches,
//! NaN and infinities, few among other scores or a few scores among many of them. Where rows are ragged,
//! each distinct row has its own length.
//!
//! [`Rng`], [`Distribution`] and [`Ranked`] are the generator and the check that benches and tests
//! use too. They are here because a tuning on a user's machine needs them. None of them can fail.

mod crafted;
mod distribution;
mod random;
mod ranked;

pub use crafted::collisions;
pub use distribution::{Distribution, MASKED_FINITE, nan, number};
pub use random::Rng;
pub use ranked::{Ranked, rank};

use crate::problem::Score;
use crate::with_score;
use std::thread;
use topkit_codegen::{DType, Semantics};

/// Distinct rows of a matrix, at most.
const ROWS: usize = 8;
/// Scores of all distinct rows, about.
const SCORES: usize = 8 << 20;

/// Kernels are proved on one row of each. [`Distribution::MaskedNan`] has one infinity in even rows and
/// the other in odd ones.
const ADVERSARIAL: &[Distribution] = &[
    Distribution::Equal,
    Distribution::FewBits,
    Distribution::TwoValues,
    Distribution::Ascending,
    Distribution::Blocks,
    Distribution::HeavyTail,
    Distribution::SignedZeros,
    Distribution::MaskedNan,
    Distribution::MaskedNan,
    Distribution::NanPadding,
    Distribution::MostlyNan,
    Distribution::BothInfinities,
    Distribution::Normal,
];

/// Distinct rows of one length.
#[derive(Debug)]
pub(super) struct Input {
    /// Their scores, row after row.
    pub(super) bytes: Vec<u8>,
    rows: Vec<Row>,
}

/// The ranks of a row's scores.
#[derive(Debug)]
struct Row {
    ranks: Vec<u128>,
    /// The ranks of all scores, and of the scores within ragged lengths; made when first needed.
    dense: Option<Ranked>,
    ragged: Option<Ranked>,
}

impl Input {
    /// Rows of normal scores.
    pub(super) fn normal(dtype: DType, columns: usize) -> Input {
        let rows = (SCORES / columns.max(1)).clamp(1, ROWS);
        Input::make(dtype, columns, &vec![Distribution::Normal; rows], Semantics::DEFAULT)
    }

    /// Adversarial rows, one of each kind, ranked by a meaning.
    pub(super) fn adversarial(dtype: DType, columns: usize, semantics: Semantics) -> Input {
        Input::make(dtype, columns, ADVERSARIAL, semantics)
    }

    fn make(
        dtype: DType,
        columns: usize,
        distributions: &[Distribution],
        semantics: Semantics,
    ) -> Input {
        let row = |row: usize, distribution| with_score!(dtype, S => make_row::<S>(row, columns, distribution, semantics));
        let parts: Vec<(Vec<u8>, Row)> = thread::scope(|scope| {
            let numbered = distributions.iter().enumerate();
            let workers: Vec<_> = numbered
                .map(|(number, &distribution)| scope.spawn(move || row(number, distribution)))
                .collect();
            workers.into_iter().filter_map(|worker| worker.join().ok()).collect()
        });
        let (bytes, rows): (Vec<_>, Vec<_>) = parts.into_iter().unzip();
        Input { bytes: bytes.concat(), rows }
    }

    /// How many distinct rows there are.
    pub(super) fn rows(&self) -> usize {
        self.rows.len()
    }

    /// How many scores of a row count, where rows are ragged: of the distinct rows from all to a 64th, over and
    /// over. So rows of every length are side by side.
    pub(super) fn length(&self, row: usize) -> usize {
        length(self.rows.first().map_or(0, |first| first.ranks.len()), row % self.rows.len().max(1))
    }

    /// The fault in the answer to a row, whose scores are those of the distinct row of that number;
    /// `None` if the answer is right.
    pub(super) fn fault(&mut self, row: usize, ragged: bool, got: &[i32]) -> Option<String> {
        if self.rows.iter().any(|row| row.ranked(ragged).is_none()) {
            self.rank_all(ragged);
        }
        let distinct = &self.rows[row % self.rows.len()];
        // A row that could not be sorted accepts nothing.
        let Some(ranked) = distinct.ranked(ragged) else {
            return Some(format!("row {row} was not ranked"));
        };
        ranked
            .fault(|column| distinct.ranks[column], got)
            .map(|fault| format!("row {row}: {fault}"))
    }

    fn rank_all(&mut self, ragged: bool) {
        thread::scope(|scope| {
            for (place, row) in self.rows.iter_mut().enumerate() {
                scope.spawn(move || {
                    let columns = row.ranks.len();
                    let length = if ragged { length(columns, place) } else { columns };
                    let ranked = Some(Ranked::of(row.ranks[..length].to_vec()));
                    *(if ragged { &mut row.ragged } else { &mut row.dense }) = ranked;
                });
            }
        });
    }
}

impl Row {
    fn ranked(&self, ragged: bool) -> Option<&Ranked> {
        if ragged { self.ragged.as_ref() } else { self.dense.as_ref() }
    }
}

/// Of a distinct row.
fn length(columns: usize, place: usize) -> usize {
    const OF_128: [usize; ROWS] = [128, 4, 96, 2, 64, 8, 80, 32];
    (columns * OF_128[place % ROWS]).div_ceil(128)
}

fn make_row<S: Score>(
    row: usize,
    columns: usize,
    distribution: Distribution,
    semantics: Semantics,
) -> (Vec<u8>, Row) {
    let mut scores = vec![S::FILL; columns];
    let k = distribution::usual_k(columns);
    distribution.write_row(&mut Rng::new(row as u64), row, k, &mut scores);
    let size = S::DTYPE.bytes() as usize;
    let mut bytes = Vec::with_capacity(columns * size);
    for score in &scores {
        bytes.extend_from_slice(&score.to_bits().to_le_bytes()[..size]);
    }
    let ranks = scores.into_iter().enumerate();
    let ranks = ranks.map(|(column, score)| rank(score, column, &semantics)).collect();
    (bytes, Row { ranks, dense: None, ragged: None })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::backend::host;
    use crate::backend::rows::Rows;
    use half::bf16;
    use topkit_codegen::{NanPolicy, RowShape, Select};

    /// The library's own answer to each row.
    fn answers(input: &Input, columns: usize, k: u32, semantics: Semantics) -> Vec<Vec<i32>> {
        let chunks = input.bytes.chunks_exact(2);
        let scores: Vec<bf16> = chunks.map(|b| bf16::from_le_bytes([b[0], b[1]])).collect();
        let matrix = Rows::host(&scores, input.rows(), columns);
        let answer: Vec<i32> = host::top_k(&matrix, k, &semantics).unwrap().indices;
        answer.chunks(k as usize).map(<[i32]>::to_vec).collect()
    }

    #[test]
    fn right_answers_pass_and_any_wrong_index_does_not() {
        for (columns, k) in [(3000, 64), (3000, 1), (100, 100), (100, 130)] {
            let semantics = Semantics::DEFAULT;
            let mut input = Input::adversarial(DType::Bf16, columns, semantics);
            assert_eq!(input.rows(), ADVERSARIAL.len());
            for (row, right) in answers(&input, columns, k, semantics).iter().enumerate() {
                let with = |place: usize, index: i32| {
                    let mut wrong = right.clone();
                    wrong[place] = index;
                    wrong
                };
                for index in [columns as i32, i32::MIN] {
                    let fault = input.fault(row, false, &with(0, index)).unwrap();
                    assert!(fault.contains("is no column"), "{fault}");
                }
                if k > 1 {
                    assert!(input.fault(row, false, &with(0, right[1])).is_some());
                }
                if k as usize > columns {
                    let fault = input.fault(row, false, &with(k as usize - 1, 0));
                    assert!(fault.unwrap().contains("is not filled"));
                }
                assert_eq!(input.fault(row, false, right), None);
                // The same scores stand in every so many rows.
                assert_eq!(input.fault(row + ADVERSARIAL.len(), false, right), None);
            }
        }
    }

    /// On masked rows, a right answer of one meaning is wrong for each of the others; a losing NaN and a
    /// losing infinity differ.
    #[test]
    fn rows_are_ranked_by_the_meaning() {
        let (columns, k) = (3000, 64);
        for &select in Select::ALL {
            for &nan in NanPolicy::ALL {
                let semantics = Semantics { select, nan, ..Semantics::DEFAULT };
                let mut input = Input::adversarial(DType::Bf16, columns, semantics);
                let right = answers(&input, columns, k, semantics);
                for (row, right) in right.iter().enumerate() {
                    assert_eq!(input.fault(row, false, right), None, "{semantics:?}");
                }
                let other =
                    if nan == NanPolicy::Highest { NanPolicy::Lowest } else { NanPolicy::Highest };
                let wrong = answers(&input, columns, k, Semantics { nan: other, ..semantics });
                let refused = (0..ADVERSARIAL.len())
                    .filter(|&row| ADVERSARIAL[row] != Distribution::HeavyTail)
                    .filter(|&row| input.fault(row, false, &wrong[row]).is_some());
                assert!(refused.count() >= 3, "{semantics:?}");
            }
        }
    }

    #[test]
    fn a_score_that_does_not_win_is_found() {
        let columns = 2000;
        let mut input = Input::normal(DType::Bf16, columns);
        assert_eq!(input.rows(), ROWS);
        let right = answers(&input, columns, 16, Semantics::DEFAULT).remove(0);
        let loser = (0..columns as i32).find(|column| !right.contains(column)).unwrap();
        let mut wrong = right.clone();
        wrong[3] = loser;
        assert!(input.fault(0, false, &wrong).unwrap().contains("not among the best 16"));
    }

    #[test]
    fn of_ragged_rows_only_the_scores_that_count_are_checked() {
        let (columns, k) = (3000, 64);
        let mut input = Input::adversarial(DType::Bf16, columns, Semantics::DEFAULT);
        let chunks = input.bytes.chunks_exact(2);
        let scores: Vec<bf16> = chunks.map(|b| bf16::from_le_bytes([b[0], b[1]])).collect();
        let lengths: Vec<i32> = (0..input.rows()).map(|row| input.length(row) as i32).collect();
        assert_eq!((lengths[0], lengths[1], lengths[6]), (3000, 94, 1875));
        let matrix = Rows::host(&scores, input.rows(), columns);
        let matrix = matrix.lengths(&lengths);
        let ragged = Semantics { rows: RowShape::Ragged, ..Semantics::DEFAULT };
        let answer: Vec<i32> = host::top_k(&matrix, k, &ragged).unwrap().indices;
        for (row, right) in answer.chunks(k as usize).enumerate() {
            assert_eq!(input.fault(row, true, right), None);
            let mut beyond = right.to_vec();
            beyond[0] = lengths[row];
            assert!(input.fault(row, true, &beyond).unwrap().contains("is no column"));
        }
        // Dense, the same rows have more scores.
        assert!((0..7).any(|row| input.fault(row, false, &answer[row * 64..][..64]).is_some()));
        assert_eq!((length(5, 7), length(1, 3)), (2, 1));
    }

    #[test]
    fn long_rows_are_few() {
        assert_eq!((SCORES / (1usize << 24)).clamp(1, ROWS), 1);
        assert_eq!(Input::normal(DType::F32, 1 << 22).rows(), 2);
    }
}
