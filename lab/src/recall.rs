//! Compares the F32 selection with the selection after rounding. It selects nothing itself, and assumes that
//! both selections are right for their scores.

use crate::Error;
use crate::memory;
use serde_json::{Value, json};
use topkit::{DType, Score, spec::NanPolicy};

/// Where NaN ranks in both selections.
pub const NAN: NanPolicy = NanPolicy::Highest;

/// Shares of k, over the rows.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Shares {
    /// Over all rows.
    pub mean: f64,
    /// The least of a row.
    pub worst: f64,
    /// That row, the first of several.
    pub worst_row: usize,
}

/// The effect of rounding to a type on the top k.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Recall {
    /// The type rounded to.
    pub dtype: DType,
    /// Winners a row.
    pub k: u32,
    /// Columns that both selections have.
    pub recall: Shares,
    /// Columns of the rounded selection whose F32 score is at least the k-th best. It is more than
    /// the recall only where F32 scores tie at the k-th, and a column that lost the tie is as good
    /// as one that won it.
    ///
    /// Ties of the rounded scores do not count: a column that rounds to the k-th best score and is not
    /// among the k is a loss that recall measures.
    pub by_score: Shares,
    /// Columns with the k-th best rounded score, a row: chance decides among them.
    pub tied: f64,
}

/// Compares two selections of the same rows; `rounded` are `scores` in the other type.
pub fn recall<S: Score>(
    scores: &[f32],
    rounded: &[S],
    columns: usize,
    k: u32,
    due: &[i32],
    found: &[i32],
) -> Result<Recall, Error> {
    let width = k as usize;
    let mut marks = memory::filled("the marks of a row", false, columns)?;
    let counts = || memory::reserved("the counts of the rows", scores.len() / columns);
    let (mut both, mut as_good, mut tied) = (counts()?, counts()?, 0);
    let rows = scores.chunks_exact(columns).zip(rounded.chunks_exact(columns));
    let selections = due.chunks_exact(width).zip(found.chunks_exact(width));
    for ((scores, rounded), (due, found)) in rows.zip(selections) {
        let key = |&column: &i32| scores[column as usize].ordered_key(NAN);
        let rounded_key = |score: &S| score.ordered_key(NAN);

        due.iter().for_each(|&column| marks[column as usize] = true);
        both.push(found.iter().filter(|&&column| marks[column as usize]).count());
        due.iter().for_each(|&column| marks[column as usize] = false);

        let kth = due.iter().map(key).min();
        as_good.push(found.iter().map(key).filter(|&key| Some(key) >= kth).count());

        let kth = found.iter().map(|&column| rounded_key(&rounded[column as usize])).min();
        tied += rounded.iter().map(rounded_key).filter(|&key| Some(key) == kth).count();
    }
    Ok(Recall {
        dtype: S::DTYPE,
        k,
        recall: Shares::of(&both, width),
        by_score: Shares::of(&as_good, width),
        tied: tied as f64 / both.len() as f64,
    })
}

impl Shares {
    fn of(counts: &[usize], width: usize) -> Shares {
        let share = |count: usize| count as f64 / width as f64;
        let least = counts.iter().enumerate().min_by_key(|&(_, &count)| count);
        let (worst_row, &worst) = least.unwrap_or((0, &0));
        let mean = share(counts.iter().sum()) / counts.len() as f64;
        Shares { mean, worst: share(worst), worst_row }
    }

    fn json(self) -> Value {
        json!({ "mean": self.mean, "worst": self.worst, "worst_row": self.worst_row })
    }
}

impl Recall {
    /// For programs.
    pub fn json(&self) -> Value {
        json!({
            "dtype": self.dtype.name(),
            "k": self.k,
            "recall": self.recall.json(),
            "by_score": self.by_score.json(),
            "tied": self.tied,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use half::{bf16, f16};
    use topkit::spec::Semantics;
    use topkit::{Rows, host::top_k};

    /// Rounds, selects both ways on the host, and compares.
    fn of<S: Score>(scores: &[f32], columns: usize, k: u32) -> Recall {
        let rounded: Vec<S> = scores.iter().map(|&score| S::from_f32(score)).collect();
        let rows = scores.len() / columns;
        let due = top_k::<_, i32>(&Rows::host(scores, rows, columns), k, &Semantics::DEFAULT);
        let found = top_k::<_, i32>(&Rows::host(&rounded, rows, columns), k, &Semantics::DEFAULT);
        recall(scores, &rounded, columns, k, &due.unwrap().indices, &found.unwrap().indices)
            .unwrap()
    }

    /// bf16 steps by 1/128 above 1 and f16 by 1/1024, so the first three are one bf16 and three f16.
    const CLOSE: [f32; 5] = [1.0, 1.001, 1.002, 0.5, 0.25];

    #[test]
    fn a_case_by_hand() {
        // The lowest of equal columns wins on the host: 0, then 1, then 2.
        for (k, due) in [(1, 0.0), (2, 0.5), (3, 1.0), (4, 1.0)] {
            let found = of::<bf16>(&CLOSE, 5, k);
            assert_eq!((found.recall.mean, found.recall.worst), (due, due), "k = {k}");
            assert_eq!(found.by_score, found.recall, "no two F32 scores are equal");
            assert_eq!(found.tied, if k < 4 { 3.0 } else { 1.0 }, "k = {k}");
            let fine = of::<f16>(&CLOSE, 5, k);
            assert_eq!((fine.recall.mean, fine.tied), (1.0, 1.0), "k = {k}");
        }
    }

    #[test]
    fn the_worst_row_is_named_beside_the_mean() {
        let apart = [5.0, 4.0, 3.0, 2.0, 1.0];
        let found = of::<bf16>(&[apart, CLOSE, apart, CLOSE].concat(), 5, 2);
        let due = Shares { mean: 0.75, worst: 0.5, worst_row: 1 };
        assert_eq!(found.recall, due);
        assert_eq!(found.tied, 2.0);
    }

    #[test]
    fn f32_is_all_of_itself() {
        let scores: Vec<f32> = (0..200).map(|i| (i as f32 * 0.618).sin()).collect();
        for k in [1, 7, 99] {
            let found = of::<f32>(&scores, 100, k);
            let whole = Shares { mean: 1.0, worst: 1.0, worst_row: 0 };
            assert_eq!((found.recall, found.by_score), (whole, whole));
        }
    }

    #[test]
    fn among_equal_scores_every_choice_is_as_good() {
        let equal = [0.5f32; 6];
        assert_eq!(of::<bf16>(&equal, 6, 2).recall.worst, 1.0);
        // The same scores with the tie broken the other way.
        let other = recall(&equal, &equal, 6, 2, &[0, 1], &[4, 5]).unwrap();
        assert_eq!((other.recall.mean, other.by_score.mean, other.tied), (0.0, 1.0, 6.0));
    }

    #[test]
    fn what_f16_cannot_hold_ties_at_infinity() {
        let found = of::<f16>(&[1e5, 2e5, 3e5, 1.0], 4, 1);
        assert_eq!((found.recall.mean, found.tied), (0.0, 3.0));
        assert_eq!(of::<bf16>(&[1e5, 2e5, 3e5, f32::NAN], 4, 2).recall.mean, 1.0);
    }
}
