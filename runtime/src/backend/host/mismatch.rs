//! The faults of an answer, each with its row, the expected and the found value.
//!
//! `check` finds them. A message gives indices and scores as the caller knows them, never keys or ranks.

use super::HostError;
use topkit_codegen::{Order, Ties};

/// The first fault of an answer.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum Mismatch {
    /// The problem or its semantics are invalid.
    #[error(transparent)]
    Invalid(#[from] HostError),
    /// The answer does not have `rows * k` elements.
    #[error("expected {expected} {what} ({rows} rows of k = {k}), found {found}")]
    Size {
        /// `indices`, `values` or `counts`.
        what: &'static str,
        /// Number of rows.
        rows: usize,
        /// k of the problem.
        k: u32,
        /// Elements due.
        expected: usize,
        /// Elements found.
        found: usize,
    },
    /// An index that is no position of the row, where a winner is due.
    #[error(
        "row {row}: expected an index from 0 to {} at place {place}, found {found}", .len - 1
    )]
    OutOfRange {
        /// The row at fault.
        row: usize,
        /// The place in the row's answer.
        place: usize,
        /// Positions that the row has.
        len: usize,
        /// What stands there.
        found: i64,
    },
    /// The fill where a winner is due.
    #[error("row {row}: expected {winners} winners, found the fill after {place} of them")]
    EarlyFill {
        /// The row at fault.
        row: usize,
        /// The place in the row's answer.
        place: usize,
        /// Winners that the row has.
        winners: usize,
    },
    /// Something else where the fill is due.
    #[error(
        "row {row}: expected the fill ({expected}) from place {winners} on, because the row has \
         only {winners} positions, found {found} at place {place}"
    )]
    MissingFill {
        /// The row at fault.
        row: usize,
        /// The place in the row's answer.
        place: usize,
        /// Winners that the row has.
        winners: usize,
        /// The fill of this index type.
        expected: i64,
        /// What stands there.
        found: i64,
    },
    /// One index twice in a row.
    #[error("row {row}: expected every index once, found {index} at places {first} and {place}")]
    Duplicate {
        /// The row at fault.
        row: usize,
        /// The index.
        index: i64,
        /// Its first place.
        first: usize,
        /// Its second place.
        place: usize,
    },
    /// A position that the mask keeps from winning.
    #[error("row {row}: index {index} is among the winners, and the mask does not mark it")]
    Masked {
        /// The row at fault.
        row: usize,
        /// The index.
        index: usize,
    },
    /// A position was left out for one with a worse score.
    #[error(
        "row {row}: expected index {missing} with score {} among the winners, found \
         index {found} with the worse score {}", shown(*.missing_score), shown(*.found_score)
    )]
    Winner {
        /// The row at fault.
        row: usize,
        /// The best position that was left out.
        missing: usize,
        /// Its score.
        missing_score: f64,
        /// The worst position that was taken.
        found: usize,
        /// Its score.
        found_score: f64,
    },
    /// A position was left out for an equal one that the tie rule puts behind it.
    #[error(
        "row {row}: indices {missing} and {found} tie at score {}; expected {missing} under \
         `ties: {ties}`, found {found}", shown(*.score)
    )]
    Tie {
        /// The row at fault.
        row: usize,
        /// The position that was left out.
        missing: usize,
        /// The position that was taken.
        found: usize,
        /// The score of both.
        score: f64,
        /// The rule.
        ties: Ties,
    },
    /// Two winners in the wrong order.
    #[error(
        "row {row}: expected index {second} (score {}) before index {first} (score {}) under \
         `order: {order}`, found it after, at place {place}", shown(*.second_score), shown(*.first_score)
    )]
    Order {
        /// The row at fault.
        row: usize,
        /// The place of the second of the two.
        place: usize,
        /// The index that was found first.
        first: usize,
        /// Its score.
        first_score: f64,
        /// The index that was found second and belongs first.
        second: usize,
        /// Its score.
        second_score: f64,
        /// The declared order.
        order: Order,
    },
    /// Values are declared and absent, or the other way round.
    #[error("expected {}, found {}", with(*.expected), with(!*.expected))]
    Values {
        /// Whether the semantics declare values.
        expected: bool,
    },
    /// A value that is not the score at its index.
    #[error(
        "row {row}: expected the value {} ({:#x}) beside index {index} at place {place}, found {} \
         ({:#x})", shown(*.expected), .bits.0, shown(*.found), .bits.1
    )]
    Value {
        /// The row at fault.
        row: usize,
        /// The place in the row's answer.
        place: usize,
        /// The index of the value.
        index: i64,
        /// The score there, or the fill.
        expected: f64,
        /// What stands there.
        found: f64,
        /// The bits of both.
        bits: (u64, u64),
    },
    /// Counts are declared and absent, or the other way round.
    #[error("expected {}, found {}", counts(*.expected), counts(!*.expected))]
    Counts {
        /// Whether the semantics declare counts.
        expected: bool,
    },
    /// A count that is not the number of the row's winners.
    #[error("row {row}: expected the count {expected}, found {found}")]
    Count {
        /// The row at fault.
        row: usize,
        /// Its winners.
        expected: usize,
        /// What stands there.
        found: i32,
    },
}

/// A score with the fewest digits that tell it.
fn shown(score: f64) -> String {
    let short = score as f32;
    if f64::from(short) == score { short.to_string() } else { score.to_string() }
}

fn counts(counts: bool) -> &'static str {
    if counts { "a count of each row" } else { "no counts" }
}

fn with(values: bool) -> &'static str {
    if values { "values beside the indices" } else { "no values" }
}
