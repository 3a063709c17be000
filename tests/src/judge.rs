//! A judge of many answers to questions about one matrix, for suites that ask thousands.
//!
//! `topkit::host::check` reads a whole row for every answer. Here the scores of each row are ranked
//! once, and an answer then costs what it has elements: k distinct positions are the best ones
//! exactly when none of them is worse than the k-th best score, and all scores above that one are
//! among them. It has no tolerance either, and leaves open what `ties: any` does. It gives no reason:
//! who refuses asks the library's own judge for the words.

use topkit::host::{Matrix, ordered_key};
use topkit::{
    IndexInt, Score,
    spec::{Order, Select, Semantics, Ties},
};

/// The rows of a matrix, ranked.
#[derive(Debug)]
pub struct Judge {
    semantics: Semantics,
    /// The ranks of each row's scores: the better the score, the greater. Best first.
    rows: Vec<Vec<u32>>,
}

impl Judge {
    /// Ranks every row.
    ///
    /// # Panics
    /// If the meaning has a tie rule, an order or values: those are `topkit::host::check`'s to judge.
    pub fn new<S: Score>(input: &Matrix<'_, S>, semantics: &Semantics) -> Judge {
        let Semantics { ties, order, values, .. } = *semantics;
        assert_eq!((ties, order, values), (Ties::Any, Order::Unsorted, false), "not judged here");
        let ranked = |row| {
            let mut ranks: Vec<u32> =
                input.row(row).iter().map(|&score| rank(score, semantics)).collect();
            ranks.sort_unstable_by(|one, other| other.cmp(one));
            ranks
        };
        Judge { semantics: *semantics, rows: (0..input.rows()).map(ranked).collect() }
    }

    /// How many rows were ranked.
    pub fn rows(&self) -> usize {
        self.rows.len()
    }

    /// Whether the indices are right: of the best k of each row, each once, with the fill behind them
    /// exactly where a row has fewer. `input` is the matrix that was ranked, or its first rows;
    /// `got` is `rows` x `k` without gaps.
    ///
    /// # Panics
    /// If the rows are not those that were ranked, or the indices of another type than was declared.
    pub fn accepts<S: Score, I: IndexInt>(&self, input: &Matrix<'_, S>, k: u32, got: &[I]) -> bool {
        assert_eq!(I::TYPE, self.semantics.index, "indices of another type");
        assert!(input.rows() <= self.rows.len(), "{} rows were ranked", self.rows.len());
        let mut taken = Vec::new();
        got.len() == input.rows() * k as usize
            && got.chunks_exact(k as usize).zip(&self.rows).enumerate().all(
                |(row, (got, ranked))| {
                    let scores = input.row(row);
                    assert_eq!(scores.len(), ranked.len(), "row {row} is another one");
                    taken.clear();
                    taken.resize(scores.len().div_ceil(64), 0u64);
                    self.accepts_row(scores, ranked, got, &mut taken)
                },
            )
    }

    fn accepts_row<S: Score, I: IndexInt>(
        &self,
        scores: &[S],
        ranked: &[u32],
        got: &[I],
        taken: &mut [u64],
    ) -> bool {
        let (winners, rest) = got.split_at(got.len().min(scores.len()));
        if rest.iter().any(|&index| index != I::FILL) {
            return false;
        }
        for &index in winners {
            let index: i64 = index.into();
            let Some(column) = usize::try_from(index).ok().filter(|&c| c < scores.len()) else {
                return false;
            };
            let (word, bit) = (&mut taken[column / 64], 1 << (column % 64));
            if *word & bit != 0 {
                return false;
            }
            *word |= bit;
        }
        if winners.len() == scores.len() {
            return true; // each of them, once
        }
        let least = ranked[winners.len() - 1];
        let mut above = 0;
        for &index in winners {
            let index: i64 = index.into();
            let rank = rank(scores[index as usize], &self.semantics);
            if rank < least {
                return false;
            }
            above += usize::from(rank > least);
        }
        above == ranked.partition_point(|&rank| rank > least)
    }
}

fn rank<S: Score>(score: S, semantics: &Semantics) -> u32 {
    let key = ordered_key(score.to_f32(), semantics.nan);
    match semantics.select {
        Select::Largest => key,
        Select::Smallest => !key,
    }
}
