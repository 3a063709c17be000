//! `topkit_lab::Checker` accepts and refuses the same answers as the library's own check: every kind of
//! wrong answer, on every distribution and semantics. Needs nothing.

use super::problem::any_problem;
use half::{bf16, f16};
use proptest::prelude::*;
use topkit::host::{self, Rows};
use topkit::{
    IndexInt, Score,
    spec::{NanPolicy, Order, RowShape, Select, Semantics},
};
use topkit_lab::{Checker, Distribution, Rng, SUITE};
use topkit_tests::oracle;

/// Whether both checks accept the answer; they must agree.
fn accepts<S: Score, I: IndexInt>(
    checker: &Checker,
    input: &Rows<'_, S>,
    k: u32,
    semantics: &Semantics,
    got: &[I],
) -> bool {
    let accepted = checker.accepts(input, k, got);
    let checked = host::check(input, k, semantics, got);
    assert_eq!(accepted, checked.is_ok(), "{checked:?}");
    accepted
}

/// Every way in which the answer to one row can be wrong; `loser` is a position that does not win.
fn corrupted(right: &[i32], len: usize, loser: Option<i32>) -> Vec<Vec<i32>> {
    let winners = right.len().min(len);
    let with = |place: usize, index: i32| {
        let mut wrong = right.to_vec();
        wrong[place] = index;
        wrong
    };
    let mut all = vec![right[1..].to_vec(), [right, &[-1]].concat()];
    for place in [0, winners / 2, winners.saturating_sub(1)].into_iter().filter(|p| *p < winners) {
        // No position, the fill too early, and bits that no kernel wrote.
        let indices = [len as i32, -1, -2, i32::MIN, i32::MAX, 0x5AFE_5AFE];
        all.extend(indices.map(|index| with(place, index)));
        all.extend(loser.map(|loser| with(place, loser)));
        if winners > 1 {
            all.push(with(place, right[(place + 1) % winners]));
        }
    }
    if winners < right.len() {
        for place in [winners, right.len() - 1] {
            all.extend([0, len as i32, -2].map(|index| with(place, index)));
        }
    }
    all
}

/// One row of each kind, every wrong answer of it between right ones.
fn every_kind<S: Score>(distribution: Distribution, select: Select, nan: NanPolicy) -> usize {
    let semantics = Semantics { select, nan, ..Semantics::DEFAULT };
    let (rows, mut refused) = (5, 0);
    for (columns, k) in [(1, 1), (300, 1), (300, 64), (300, 300), (300, 305), (3000, 511)] {
        let scores = distribution.fill::<S>(11, rows, columns);
        let input = Rows::host(&scores, rows, columns);
        let checker = Checker::new(&input, &semantics);
        let right = host::top_k::<S, i32>(&input, k, &semantics).unwrap().indices;
        assert!(accepts(&checker, &input, k, &semantics, &right));
        let answers: Vec<&[i32]> = right.chunks(k as usize).collect();
        // Any order is right.
        let turned: Vec<i32> = answers
            .iter()
            .flat_map(|row| {
                row[..columns.min(row.len())].iter().rev().chain(&row[columns.min(row.len())..])
            })
            .copied()
            .collect();
        assert!(accepts(&checker, &input, k, &semantics, &turned));
        for (row, right) in answers.iter().enumerate() {
            let key = |column: i32| {
                let key = input.scores_of(row)[column as usize].ordered_key(nan);
                if select == Select::Largest { key } else { !key }
            };
            let worst = right.iter().filter(|index| **index >= 0).map(|index| key(*index)).min();
            let loser = (0..columns as i32).find(|&column| key(column) < worst.unwrap());
            for wrong in corrupted(right, columns, loser) {
                let mut all = answers.clone();
                all[row] = &wrong;
                let got = all.concat();
                assert!(
                    !accepts(&checker, &input, k, &semantics, &got),
                    "{distribution}: {wrong:?}"
                );
                refused += 1;
            }
        }
        // The first rows of the matrix may be checked alone.
        let first = Rows::host(&scores[..2 * columns], 2, columns);
        assert!(accepts(&checker, &first, k, &semantics, &right[..2 * k as usize]));
    }
    refused
}

#[test]
fn every_kind_of_wrong_answer_is_refused() {
    let mut refused = 0;
    for distribution in SUITE {
        for &select in Select::ALL {
            for &nan in NanPolicy::ALL {
                refused += every_kind::<f32>(distribution, select, nan);
            }
        }
        let Semantics { select, nan, .. } = Semantics::DEFAULT;
        refused += every_kind::<bf16>(distribution, select, nan);
        refused += every_kind::<f16>(distribution, select, nan);
    }
    println!("{refused} wrong answers refused");
    assert!(refused > 25_000, "{refused}");
}

#[test]
fn of_ties_any_may_be_taken_and_no_score_above_them_left_out() {
    let scores = [5.0f32, 1.0, 3.0, 3.0, -0.0, 3.0, 0.0];
    let input = Rows::host(&scores, 1, 7);
    let semantics = Semantics::DEFAULT;
    let checker = Checker::new(&input, &semantics);
    let said = |k: u32, got: &[i32]| accepts(&checker, &input, k, &semantics, got);
    for right in [[0, 2, 3], [3, 0, 5], [5, 2, 0]] {
        assert!(said(3, &right), "{right:?}");
    }
    // All of them have the third best score, and the best is not there.
    assert!(!said(3, &[2, 3, 5]));
    // -0 equals +0.
    assert!(said(6, &[0, 1, 2, 3, 5, 6]) && said(6, &[0, 1, 2, 3, 5, 4]));
    assert!(!said(6, &[0, 4, 2, 3, 5, 6]), "1 is better than both zeros");
}

#[test]
fn of_ragged_rows_only_the_scores_that_count_are_checked() {
    let scores = Distribution::Normal.fill::<f32>(3, 4, 50);
    let (starts, lengths) = ([0, 10, 49, 60], [50, 20, i32::MAX, 5]);
    let input = Rows::host(&scores, 4, 50);
    let input = input.starts(&starts).lengths(&lengths);
    let semantics = Semantics { rows: RowShape::Ragged, ..Semantics::DEFAULT };
    let checker = Checker::new(&input, &semantics);
    let right = host::top_k::<f32, i32>(&input, 20, &semantics).unwrap().indices;
    assert!(accepts(&checker, &input, 20, &semantics, &right));
    for (place, index) in [(20, 20), (41, 0), (40, 1), (60, 0)] {
        let mut wrong = right.clone();
        wrong[place] = index;
        assert!(!accepts(&checker, &input, 20, &semantics, &wrong), "{index} at {place}");
    }
}

#[test]
#[should_panic(expected = "row 1 is another one")]
fn rows_that_were_not_ranked_are_not_checked() {
    let scores = [1.0f32; 20];
    let checker = Checker::new(&Rows::host(&scores, 2, 10), &Semantics::DEFAULT);
    let other = Rows::host(&scores, 2, 10).lengths(&[10, 9]);
    checker.accepts(&other, 1, &[0, 0]);
}

#[test]
#[should_panic(expected = "not checked here")]
fn an_order_is_for_the_other_check() {
    let semantics = Semantics { order: Order::ByIndex, ..Semantics::DEFAULT };
    Checker::new(&Rows::host(&[1.0f32], 1, 1), &semantics);
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 2000, failure_persistence: None, ..Default::default() })]

    /// Right answers, and ones with some indices changed to any others.
    #[test]
    fn both_checks_say_the_same(problem in any_problem(), seed: u64) {
        let semantics = Semantics {
            order: Order::Unsorted, values: false, count: false, ..problem.semantics::<i32>()
        };
        let scores = problem.scores::<bf16>();
        let (input, k) = (problem.matrix(&scores), problem.k);
        let checker = Checker::new(&input, &semantics);
        let mut got: Vec<i32> = (0..problem.rows)
            .flat_map(|row| oracle::top_k_row(&problem.row(&scores, row), k as usize, &semantics).0)
            .collect();
        prop_assert!(accepts(&checker, &input, k, &semantics, &got));
        let mut rng = Rng::new(seed);
        for _ in 0..4 * usize::from(!got.is_empty()) {
            let place = rng.below(got.len() as u32) as usize;
            got[place] = rng.below(problem.columns as u32 + 3) as i32 - 1;
            accepts(&checker, &input, k, &semantics, &got);
        }
    }
}
