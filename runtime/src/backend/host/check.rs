//! Checks an answer of a kernel, with no tolerance.
//!
//! It selects nothing itself: k distinct positions are a right answer exactly if no other position of the
//! row beats one of them, and one pass over the row tells. It stops at the first fault, and names the row,
//! the expected and the found value.

use super::rank::{Ranking, score_part};
use super::{HostError, Mismatch, Rows, Selection, accept, longest, reserved, span};
use crate::problem::{IndexInt, Score};
use topkit_codegen::{Order, Semantics};

/// Checks the indices of an answer: unique, in range, the fill exactly where it is due, and the
/// scores those of the best k to the last bit. Under a tie rule the set is exact; under an output
/// order so is the list. `ties: any` accepts any of the tied positions, and `order: unsorted` any order.
///
/// Of semantics that ask for other ids, the columns are checked that these ids were made of. Candidates of shards are
/// not checked: gather them in the order of their ids, as a row in one piece.
///
/// `got` is `rows` x `k` without gaps; an answer with a row stride is gathered first.
///
/// # Errors
/// The first fault, row by row. An invalid problem is [`Mismatch::Invalid`].
pub fn check<S: Score, I: IndexInt>(
    input: &Rows<'_, S>,
    k: u32,
    semantics: &Semantics,
    got: &[I],
) -> Result<(), Mismatch> {
    accept::<S, I>(input, k, semantics)?;
    if input.shards > 0 {
        return Err(HostError::UncheckedShards.into());
    }
    sized("indices", input.count(), k, got.len())?;
    let checker = Checker { ranking: Ranking::new(semantics), semantics };
    let longest = longest(input);
    let mut taken = reserved("marks of the longest row", longest)?;
    let mut columns = reserved("winners of the longest row", longest.min(k as usize))?;
    for (row, got) in got.chunks_exact(k as usize).enumerate() {
        let scores = input.scores_of(row);
        taken.clear();
        taken.resize(scores.len(), false);
        let winners = winners_of(input, row, k);
        checker.columns(row, winners, scores.len(), got, &mut taken, &mut columns)?;
        if let Some(&index) = columns.iter().find(|&&column| !input.keeps(row, column)) {
            return Err(Mismatch::Masked { row, index });
        }
        checker
            .winners(row, scores, &columns, |column| !taken[column] && input.keeps(row, column))?;
        checker.order(row, scores, &columns)?;
    }
    Ok(())
}

/// Checks a whole answer with the standard fill: its indices by [`check()`], each value against the score at its
/// index, bit for bit, and the number of each row's winners.
///
/// # Errors
/// The first fault, row by row; the indices come first.
pub fn check_selection<S: Score, I: IndexInt>(
    input: &Rows<'_, S>,
    k: u32,
    semantics: &Semantics,
    got: &Selection<I, S>,
) -> Result<(), Mismatch> {
    check(input, k, semantics, &got.indices)?;
    match (&got.values, semantics.values) {
        (Some(values), true) => check_values(input, k, semantics, &got.indices, values)?,
        (None, false) => {}
        (_, expected) => return Err(Mismatch::Values { expected }),
    }
    match (&got.counts, semantics.count) {
        (Some(counts), true) => check_counts(input, k, counts),
        (None, false) => Ok(()),
        (_, expected) => Err(Mismatch::Counts { expected }),
    }
}

fn check_values<S: Score, I: IndexInt>(
    input: &Rows<'_, S>,
    k: u32,
    semantics: &Semantics,
    indices: &[I],
    values: &[S],
) -> Result<(), Mismatch> {
    sized("values", input.count(), k, values.len())?;
    let fill = S::worst(semantics.select);
    for (i, (&index, &found)) in indices.iter().zip(values).enumerate() {
        let (row, place) = (i / k as usize, i % k as usize);
        let scores = input.scores_of(row);
        let index: i64 = index.into();
        let expected = column(index, scores.len()).map_or(fill, |column| scores[column]);
        if expected.to_bits() != found.to_bits() {
            let [expected_bits, found_bits] = [expected, found].map(S::to_bits);
            let (expected, found) = (expected.to_f64(), found.to_f64());
            let bits = (expected_bits, found_bits);
            return Err(Mismatch::Value { row, place, index, expected, found, bits });
        }
    }
    Ok(())
}

fn check_counts<S: Score>(input: &Rows<'_, S>, k: u32, counts: &[i32]) -> Result<(), Mismatch> {
    sized("counts", input.count(), 1, counts.len())?;
    for (row, &found) in counts.iter().enumerate() {
        let expected = winners_of(input, row, k);
        if i64::from(found) != expected as i64 {
            return Err(Mismatch::Count { row, expected, found });
        }
    }
    Ok(())
}

/// How many winners a row has.
fn winners_of<S: Score>(input: &Rows<'_, S>, row: usize, k: u32) -> usize {
    let len = input.scores_of(row).len();
    let kept = match input.marks {
        None => len,
        Some(_) => (0..len).filter(|&column| input.keeps(row, column)).count(),
    };
    kept.min(input.k_of(row, k) as usize)
}

fn sized(what: &'static str, rows: usize, k: u32, found: usize) -> Result<(), Mismatch> {
    let expected = span(what, rows, k as usize, k as usize)?;
    if found == expected { Ok(()) } else { Err(Mismatch::Size { what, rows, k, expected, found }) }
}

fn column(index: i64, len: usize) -> Option<usize> {
    usize::try_from(index).ok().filter(|&column| column < len)
}

struct Checker<'a> {
    ranking: Ranking,
    semantics: &'a Semantics,
}

impl Checker<'_> {
    /// Leaves in `columns` those of a row's winners, and marks them in `taken`.
    fn columns<I: IndexInt>(
        &self,
        row: usize,
        winners: usize,
        len: usize,
        got: &[I],
        taken: &mut [bool],
        columns: &mut Vec<usize>,
    ) -> Result<(), Mismatch> {
        let (due, rest) = got.split_at(winners);
        columns.clear();
        for (place, &index) in due.iter().enumerate() {
            if index == I::FILL {
                return Err(Mismatch::EarlyFill { row, place, winners });
            }
            let index: i64 = index.into();
            let Some(column) = column(index, len) else {
                return Err(Mismatch::OutOfRange { row, place, len, found: index });
            };
            if std::mem::replace(&mut taken[column], true) {
                let first = columns.iter().position(|&c| c == column).unwrap_or(place);
                return Err(Mismatch::Duplicate { row, index, first, place });
            }
            columns.push(column);
        }
        match rest.iter().position(|&index| index != I::FILL) {
            None => Ok(()),
            Some(after) => Err(Mismatch::MissingFill {
                row,
                place: winners + after,
                winners,
                expected: I::FILL.into(),
                found: rest[after].into(),
            }),
        }
    }

    /// No position left out may beat one that was taken.
    fn winners<S: Score>(
        &self,
        row: usize,
        scores: &[S],
        columns: &[usize],
        is_left_out: impl Fn(usize) -> bool,
    ) -> Result<(), Mismatch> {
        let best_left_out = (0..scores.len())
            .filter(|&column| is_left_out(column))
            .map(|column| self.rank(scores, column))
            .min();
        let worst_taken = columns.iter().map(|&column| self.rank(scores, column)).max();
        let (Some(missing), Some(found)) = (best_left_out, worst_taken) else { return Ok(()) };
        if self.ranking.binding(missing) >= self.ranking.binding(found) {
            return Ok(());
        }
        let tied = score_part(missing) == score_part(found);
        let column = |rank| self.ranking.column(rank) as usize;
        let (missing, found) = (column(missing), column(found));
        let (missing_score, found_score) = (scores[missing].to_f64(), scores[found].to_f64());
        Err(if tied {
            Mismatch::Tie { row, missing, found, score: found_score, ties: self.semantics.ties }
        } else {
            Mismatch::Winner { row, missing, missing_score, found, found_score }
        })
    }

    fn order<S: Score>(&self, row: usize, scores: &[S], columns: &[usize]) -> Result<(), Mismatch> {
        let order = self.semantics.order;
        if order == Order::Unsorted {
            return Ok(());
        }
        let place = |column| self.ranking.place(self.rank(scores, column));
        match columns.windows(2).position(|pair| place(pair[0]) > place(pair[1])) {
            None => Ok(()),
            Some(before) => {
                let (first, second) = (columns[before], columns[before + 1]);
                let (first_score, second_score) = (scores[first].to_f64(), scores[second].to_f64());
                let place = before + 1;
                Err(Mismatch::Order { row, place, first, first_score, second, second_score, order })
            }
        }
    }

    fn rank<S: Score>(&self, scores: &[S], column: usize) -> u128 {
        self.ranking.rank(scores[column], column as u32)
    }
}
