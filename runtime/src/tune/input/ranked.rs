//! A row of scores in order, against which many answers are checked.
//!
//! [`host::check`](crate::host::check()) reads a whole row for every answer and stays the contract's own
//! check, with orders. Here the scores of a row are sorted once, and the cost of a check is then proportional
//! to the answer's length: k distinct columns are the best ones exactly when none of them is worse than the
//! k-th best score, and all scores above that one are among them. It has no tolerance either.

use crate::problem::{IndexInt, Score};
use topkit_codegen::{Select, Semantics, Ties};

/// The place of a score in the order of a meaning: the better the score, the greater. With a tie rule no two
/// columns of a row have one place.
pub fn rank<S: Score>(score: S, column: usize, semantics: &Semantics) -> u128 {
    let key = score.ordered_key(semantics.nan);
    let by_score = match semantics.select {
        Select::Largest => key,
        Select::Smallest => !key,
    };
    // A row has fewer than 2^31 columns.
    let by_column = match semantics.ties {
        Ties::Any => 0,
        Ties::LowestIndex => !(column as u32),
        Ties::HighestIndex => column as u32,
    };
    u128::from(by_score) << 32 | u128::from(by_column)
}

/// The ranks of a row's scores, best first.
#[derive(Debug, Clone)]
pub struct Ranked(Vec<u128>);

impl Ranked {
    /// Sorts the ranks of a row.
    pub fn of(mut ranks: Vec<u128>) -> Ranked {
        ranks.sort_unstable_by(|one, other| other.cmp(one));
        Ranked(ranks)
    }

    /// How many scores the row has.
    pub fn length(&self) -> usize {
        self.0.len()
    }

    /// The fault in an answer of k indices in any order; `None` if it is right. `rank` gives the rank of
    /// a column of the row, and is asked for columns of the row alone.
    pub fn fault<I: IndexInt>(&self, rank: impl Fn(usize) -> u128, got: &[I]) -> Option<String> {
        let (length, k) = (self.0.len(), got.len());
        let (winners, rest) = got.split_at(k.min(length));
        if let Some(index) = rest.iter().find(|&&index| index != I::FILL) {
            return Some(format!("{index} is not filled, and the row has {length} scores"));
        }
        let &least = winners.len().checked_sub(1).and_then(|last| self.0.get(last))?;
        let mut taken = vec![0u64; length.div_ceil(64)];
        let mut above = 0;
        for &index in winners {
            let index: i64 = index.into();
            let Some(column) = usize::try_from(index).ok().filter(|&column| column < length) else {
                return Some(format!("{index} is no column of {length}"));
            };
            let (word, bit) = (&mut taken[column / 64], 1 << (column % 64));
            if *word & bit != 0 {
                return Some(format!("column {column} is there twice"));
            }
            *word |= bit;
            let rank = rank(column);
            if rank < least {
                return Some(format!("column {column} is not among the best {k}"));
            }
            above += usize::from(rank > least);
        }
        let due = self.0.partition_point(|&rank| rank > least);
        (above != due).then(|| format!("{above} of the {due} best scores are there"))
    }
}
