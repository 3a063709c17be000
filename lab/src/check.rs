//! Checks of answers: [`fault`] checks one answer on every core and gives the reason; [`Checker`] checks
//! thousands of answers for one matrix.
//!
//! [`fault`] calls `topkit::host::check`, which reads a whole row for every answer; [`Checker`] sorts the rows
//! once. Neither has a tolerance. Both accept every choice of winners that `ties: any` allows.

use crate::{Error, threads};
use std::thread;
use topkit::host::{self, Mismatch, Rows, Selection};
use topkit::spec::Semantics;
use topkit::tune::input::{Ranked, rank};
use topkit::{IndexInt, Score};

/// The first fault of the indices of an answer, row after row of k; `None` if they are right.
///
/// # Errors
/// An answer that could not be checked.
pub fn fault<S: Score>(
    input: &Rows<'_, S>,
    k: u32,
    semantics: &Semantics,
    got: &[i32],
) -> Result<Option<String>, Error> {
    by_parts(input, |matrix, first| {
        let got = &got[first * k as usize..][..matrix.count() * k as usize];
        host::check(matrix, k, semantics, got)
    })
}

/// As [`fault`], of a whole answer: its values and its counts too. It has no raw columns.
///
/// # Errors
/// As there.
pub fn selection_fault<S: Score>(
    input: &Rows<'_, S>,
    k: u32,
    semantics: &Semantics,
    got: &Selection<i32, S>,
) -> Result<Option<String>, Error> {
    by_parts(input, |matrix, first| {
        let of_rows = |width: usize| first * width..(first + matrix.count()) * width;
        let part = Selection {
            indices: got.indices[of_rows(k as usize)].to_vec(),
            values: got.values.as_ref().map(|values| values[of_rows(k as usize)].to_vec()),
            counts: got.counts.as_ref().map(|counts| counts[of_rows(1)].to_vec()),
            raw_columns: None,
        };
        host::check_selection(matrix, k, semantics, &part)
    })
}

/// The first fault that `checked` finds. It is called for parts of the rows, each with the number of its first row.
fn by_parts<S: Score>(
    input: &Rows<'_, S>,
    checked: impl Fn(&Rows<'_, S>, usize) -> Result<(), Mismatch> + Sync,
) -> Result<Option<String>, Error> {
    let rows = input.count();
    let part = rows.div_ceil(threads()).max(1);
    let check = |start: usize| match checked(&input.part(start..rows.min(start + part)), start) {
        Ok(()) => Ok(None),
        // It was not checked.
        Err(Mismatch::Invalid(error)) => Err(error.into()),
        // Rows are counted from the first of the part.
        Err(fault) if start == 0 => Ok(Some(fault.to_string())),
        Err(fault) => Ok(Some(format!("counting from row {start}: {fault}"))),
    };
    thread::scope(|scope| {
        let parts = (0..rows).step_by(part);
        let workers: Vec<_> = parts.map(|start| scope.spawn(move || check(start))).collect();
        let gone = |_| Ok(Some("a thread that checks stopped before its end".to_owned()));
        let found = workers.into_iter().map(|worker| worker.join().unwrap_or_else(gone));
        found.collect::<Result<Vec<_>, Error>>().map(|faults| faults.into_iter().flatten().next())
    })
}

/// The rows of a matrix, sorted.
#[derive(Debug)]
pub struct Checker {
    semantics: Semantics,
    rows: Vec<Ranked>,
}

impl Checker {
    /// Sorts every row.
    ///
    /// # Panics
    /// If the semantics have a key of the output: use `topkit::host::check_selection` for these.
    pub fn new<S: Score>(input: &Rows<'_, S>, semantics: &Semantics) -> Checker {
        assert!(!semantics.has_outputs(), "not checked here: {semantics:?}");
        let ranks = |row| {
            let scores = input.scores_of(row).iter().enumerate();
            scores.map(|(column, &score)| rank(score, column, semantics)).collect()
        };
        let rows = (0..input.count()).map(|row| Ranked::of(ranks(row))).collect();
        Checker { semantics: *semantics, rows }
    }

    /// How many rows were sorted.
    pub fn rows(&self) -> usize {
        self.rows.len()
    }

    /// Whether the indices are right: the best k of each row, each once, then the fill exactly in the places
    /// for which a row has no score. `input` is the matrix that was sorted, or its first rows;
    /// `got` is `rows` x `k` without gaps.
    ///
    /// # Panics
    /// If the rows differ from the sorted ones, or the indices have another type than the declared one.
    pub fn accepts<S: Score, I: IndexInt>(&self, input: &Rows<'_, S>, k: u32, got: &[I]) -> bool {
        assert_eq!(I::TYPE, self.semantics.index, "indices of another type");
        assert!(input.count() <= self.rows.len(), "{} rows were sorted", self.rows.len());
        got.len() == input.count() * k as usize
            && got.chunks_exact(k as usize).zip(&self.rows).enumerate().all(
                |(row, (got, ranked))| {
                    let scores = input.scores_of(row);
                    assert_eq!(scores.len(), ranked.length(), "row {row} is another one");
                    let rank = |column: usize| rank(scores[column], column, &self.semantics);
                    ranked.fault(rank, got).is_none()
                },
            )
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Distribution;
    use half::bf16;
    use topkit::spec::{Mask, RowShape};

    const COLUMNS: usize = 3000;
    const RAGGED: Semantics = Semantics { rows: RowShape::Ragged, ..Semantics::DEFAULT };

    /// Rows are checked in parts, each with its own mask and k, or with the one mask of all rows.
    #[test]
    fn parts_have_their_masks_and_ks() {
        let scores = Distribution::Normal.fill::<f32>(0, 7, COLUMNS);
        let ks = [5, 0, 3, 1, 5, 2, 4];
        let width = COLUMNS.div_ceil(32);
        let words: Vec<u32> =
            (0..7 * width as u32).map(|at| at.wrapping_mul(0x9E37_79B9)).collect();
        let semantics = Semantics { mask: Mask::Bits, k_per_row: true, ..Semantics::DEFAULT };
        for stride in [width, 0] {
            let matrix = Rows::host(&scores, 7, COLUMNS).mask_bits(&words).mask_stride(stride);
            let matrix = matrix.ks(&ks);
            let right: Vec<i32> = host::top_k(&matrix, 5, &semantics).unwrap().indices;
            assert_eq!(fault(&matrix, 5, &semantics, &right).unwrap(), None);
            let unmasked = (0..COLUMNS).find(|&column| !matrix.keeps(6, column)).unwrap();
            let mut wrong = right.clone();
            wrong[6 * 5] = unmasked as i32;
            let said = fault(&matrix, 5, &semantics, &wrong).unwrap().unwrap();
            assert!(said.contains("the mask does not mark it"), "{said}");
        }
    }

    #[test]
    fn a_right_answer_passes_and_one_wrong_index_in_any_row_does_not() {
        let scores = Distribution::Normal.fill::<bf16>(0, 7, COLUMNS);
        let some = [3000, 1024, 2000, 1500, 2999, 1025, 3000];
        let starts = [0, 1000, 7, 0, 2, 1000, 1];
        for (starts, lengths) in [
            (None, None),
            (None, Some(&some[..])),
            (Some(&starts[..]), None),
            (Some(&starts), Some(&some)),
        ] {
            let matrix = Rows::host(&scores, 7, COLUMNS);
            let matrix = match starts {
                Some(starts) => matrix.starts(starts),
                None => matrix,
            };
            let matrix = match lengths {
                Some(lengths) => matrix.lengths(lengths),
                None => matrix,
            };
            let right: Vec<i32> = host::top_k(&matrix, 5, &RAGGED).unwrap().indices;
            let said = |got: &[i32]| fault(&matrix, 5, &RAGGED, got).unwrap();
            assert_eq!(said(&right), None);
            for row in 0..7 {
                let mut wrong = right.clone();
                wrong[row * 5 + 2] = wrong[row * 5];
                assert!(said(&wrong).unwrap().contains("row"));
            }
        }
    }
}
