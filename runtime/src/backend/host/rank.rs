//! The order of scores as plain integers.
//!
//! One rank holds the score and the column, so that a selection under any policy is a comparison
//! of integers. It knows nothing of rows and shapes, and cannot fail.

use crate::problem::Score;
use topkit_codegen::{NanPolicy, Order, Select, Semantics, Ties};

/// The rules that decide between two positions of a row.
#[derive(Clone, Copy)]
pub(super) struct Ranking {
    select: Select,
    nan: NanPolicy,
    ties: Ties,
    order: Order,
}

impl Ranking {
    pub(super) fn new(semantics: &Semantics) -> Self {
        let Semantics { select, nan, ties, order, .. } = *semantics;
        Ranking { select, nan, ties, order }
    }

    /// The rank of a position: the better, the lower. The upper part ranks the score, the lowest 32 bits
    /// the column.
    pub(super) fn rank<S: Score>(self, score: S, column: u32) -> u128 {
        let key = score.ordered_key(self.nan);
        let by_score = match self.select {
            Select::Largest => !key,
            Select::Smallest => key,
        };
        (u128::from(by_score) << 32) | u128::from(self.by_column(column))
    }

    /// The part of a rank that an answer must respect: without a tie rule, only the score.
    pub(super) fn binding(self, rank: u128) -> u128 {
        match self.ties {
            Ties::Any => score_part(rank),
            Ties::LowestIndex | Ties::HighestIndex => rank,
        }
    }

    /// The column that a rank was made of.
    pub(super) fn column(self, rank: u128) -> u32 {
        self.by_column(rank as u32)
    }

    /// The key by which the winners of a row are sorted. `unsorted` winners are written in ascending
    /// column, so that the host has one answer to a problem.
    pub(super) fn place(self, rank: u128) -> (u128, u32) {
        let column = self.column(rank);
        match self.order {
            Order::Unsorted | Order::ByIndex => (0, column),
            Order::ByValue => (score_part(rank), column),
        }
    }

    /// Its own inverse.
    fn by_column(self, column: u32) -> u32 {
        match self.ties {
            Ties::Any | Ties::LowestIndex => column,
            Ties::HighestIndex => !column,
        }
    }
}

/// Equal for equal scores, whatever their columns.
pub(super) fn score_part(rank: u128) -> u128 {
    rank >> 32
}
