//! `host::check` rejects every kind of corrupted answer, with a message that names row and index, and
//! accepts every answer that the contract allows. Needs nothing.

use super::problem::{Problem, any_problem};
use half::bf16;
use proptest::prelude::*;
use std::collections::BTreeSet;
use topkit::Rows;
use topkit::host::{self, Mismatch, Selection};
use topkit::{
    IndexInt, Score,
    spec::{IndexType, NanPolicy, Order, RowShape, Select, Semantics, Ties},
};
use topkit_lab::Distribution;
use topkit_tests::oracle;

const ANY: Semantics = Semantics::DEFAULT;
const LOWEST: Semantics = Semantics { ties: Ties::LowestIndex, ..ANY };
const HIGHEST: Semantics = Semantics { ties: Ties::HighestIndex, ..ANY };
const BY_VALUE: Semantics = Semantics { order: Order::ByValue, ..ANY };
const BY_INDEX: Semantics = Semantics { order: Order::ByIndex, ..ANY };

/// Two rows; the second is the one that gets corrupted.
const SCORES: [f32; 12] = [0.0, 1.0, 2.0, 3.0, 4.0, 5.0, 5.0, 9.0, 7.0, 5.0, 5.0, 1.0];

fn check(k: u32, semantics: Semantics, got: &[i32]) -> Result<(), Mismatch> {
    host::check(&Rows::host(&SCORES, 2, 6), k, &semantics, got)
}

/// The fault of an answer whose first row is right.
fn fault<const K: usize>(semantics: Semantics, second_row: [i32; K]) -> Mismatch {
    let input = Rows::host(&SCORES, 2, 6);
    let mut got = host::top_k::<f32, i32>(&input, K as u32, &semantics).unwrap().indices;
    assert_eq!(check(K as u32, semantics, &got), Ok(()));
    got[K..].copy_from_slice(&second_row);
    check(K as u32, semantics, &got).unwrap_err()
}

#[track_caller]
fn says(fault: &Mismatch, words: &str) {
    assert_eq!(fault.to_string(), words);
}

#[test]
fn a_duplicate_index() {
    let fault = fault(ANY, [1, 2, 1]);
    assert!(matches!(fault, Mismatch::Duplicate { row: 1, index: 1, first: 0, place: 2 }));
    says(&fault, "row 1: expected every index once, found 1 at places 0 and 2");
}

#[test]
fn an_index_out_of_range() {
    let beyond = fault(ANY, [1, 6, 0]);
    assert!(matches!(beyond, Mismatch::OutOfRange { row: 1, place: 1, len: 6, found: 6 }));
    says(&beyond, "row 1: expected an index from 0 to 5 at place 1, found 6");
    let negative = fault(ANY, [1, -2, 0]);
    assert!(matches!(negative, Mismatch::OutOfRange { found: -2, .. }));
}

#[test]
fn an_index_past_the_length_of_a_ragged_row() {
    let ragged = Semantics { rows: RowShape::Ragged, ..ANY };
    let input = Rows::host(&SCORES, 2, 6).lengths(&[6, 2]);
    let fault = host::check(&input, 1, &ragged, &[5i32, 2]).unwrap_err();
    assert!(matches!(fault, Mismatch::OutOfRange { row: 1, len: 2, found: 2, .. }));
}

#[test]
fn a_wrong_winner() {
    let fault = fault(ANY, [1, 5, 0]);
    assert!(matches!(fault, Mismatch::Winner { row: 1, missing: 2, found: 5, .. }));
    says(
        &fault,
        "row 1: expected index 2 with score 7 among the winners, found index 5 with the worse \
         score 1",
    );
}

#[test]
fn a_wrong_winner_among_the_smallest() {
    let fault = fault(Semantics { select: Select::Smallest, ..ANY }, [0, 3, 1]);
    assert!(matches!(fault, Mismatch::Winner { row: 1, missing: 5, found: 1, .. }));
}

#[test]
fn a_lost_nan() {
    let scores = [1.0, -f32::NAN, f32::INFINITY, 0.0];
    let input = Rows::host(&scores, 1, 4);
    let fault = host::check(&input, 2, &ANY, &[2, 0]).unwrap_err();
    assert!(matches!(fault, Mismatch::Winner { row: 0, missing: 1, found: 0, .. }));
    says(
        &fault,
        "row 0: expected index 1 with score NaN among the winners, found index 0 with the worse \
         score 1",
    );
}

#[test]
fn a_nan_that_ranks_lowest() {
    let input = Rows::host(&[1.0, f32::NAN, f32::NEG_INFINITY], 1, 3);
    let lowest = Semantics { nan: NanPolicy::Lowest, ..ANY };
    let fault = host::check(&input, 2, &lowest, &[0, 1]).unwrap_err();
    assert!(matches!(fault, Mismatch::Winner { missing: 2, found: 1, .. }));
}

#[test]
fn a_missing_fill() {
    let fault = fault(ANY, [0, 1, 2, 3, 4, 5, -1, 0]);
    assert!(matches!(fault, Mismatch::MissingFill { row: 1, place: 7, winners: 6, .. }));
    says(
        &fault,
        "row 1: expected the fill (-1) from place 6 on, because the row has only 6 positions, \
         found 0 at place 7",
    );
}

#[test]
fn a_fill_too_early() {
    let fault = fault(ANY, [1, 2, -1]);
    assert!(matches!(fault, Mismatch::EarlyFill { row: 1, place: 2, winners: 3 }));
    says(&fault, "row 1: expected 3 winners, found the fill after 2 of them");
}

#[test]
fn a_fill_in_front_of_the_winners() {
    let fault = fault(ANY, [-1, 0, 1, 2, 3, 4, 5]);
    assert!(matches!(fault, Mismatch::EarlyFill { row: 1, place: 0, winners: 6 }));
}

#[test]
fn the_wrong_order_by_value() {
    let fault = fault(BY_VALUE, [2, 1, 0]);
    assert!(matches!(fault, Mismatch::Order { row: 1, place: 1, first: 2, second: 1, .. }));
    says(
        &fault,
        "row 1: expected index 1 (score 9) before index 2 (score 7) under `order: by_value`, \
         found it after, at place 1",
    );
}

#[test]
fn equal_values_in_the_wrong_order() {
    let fault = fault(BY_VALUE, [1, 2, 4, 3]);
    assert!(matches!(fault, Mismatch::Order { place: 3, first: 4, second: 3, .. }));
}

#[test]
fn the_wrong_order_by_index() {
    let fault = fault(BY_INDEX, [0, 2, 1]);
    assert!(matches!(fault, Mismatch::Order { row: 1, place: 2, first: 2, second: 1, .. }));
}

#[test]
fn swapped_ties() {
    let lowest = fault(LOWEST, [1, 2, 3]);
    assert!(matches!(lowest, Mismatch::Tie { row: 1, missing: 0, found: 3, .. }));
    says(
        &lowest,
        "row 1: indices 0 and 3 tie at score 5; expected 0 under `ties: lowest_index`, found 3",
    );
    let highest = fault(HIGHEST, [1, 2, 0]);
    assert!(matches!(highest, Mismatch::Tie { row: 1, missing: 4, found: 0, .. }));
}

#[test]
fn an_answer_of_the_wrong_size() {
    let fault = check(2, ANY, &[4, 5, 1]).unwrap_err();
    assert!(matches!(fault, Mismatch::Size { expected: 4, found: 3, .. }));
    says(&fault, "expected 4 indices (2 rows of k = 2), found 3");
}

#[test]
fn a_problem_that_is_invalid() {
    assert!(matches!(check(0, ANY, &[]), Err(Mismatch::Invalid(_))));
    let other = Semantics { index: IndexType::I64, ..ANY };
    assert!(matches!(check(1, other, &[5, 1]), Err(Mismatch::Invalid(_))));
}

#[test]
fn a_wrong_value() {
    let scores = [-0.0f32, f32::NAN, 2.0];
    let input = Rows::host(&scores, 1, 3);
    let semantics = Semantics { values: true, ..ANY };
    let checked = |values: Option<Vec<f32>>| {
        let got = Selection { indices: vec![0, 1, 2, -1], values, counts: None, raw_columns: None };
        host::check_selection(&input, 4, &semantics, &got)
    };
    let worst = f32::NEG_INFINITY;
    assert_eq!(checked(Some(vec![-0.0, f32::NAN, 2.0, worst])), Ok(()));
    let fault = checked(Some(vec![-0.0, f32::NAN, 2.5, worst])).unwrap_err();
    assert!(matches!(fault, Mismatch::Value { row: 0, place: 2, index: 2, .. }));
    says(
        &fault,
        "row 0: expected the value 2 (0x40000000) beside index 2 at place 2, found 2.5 (0x40200000)",
    );
    let fill = checked(Some(vec![-0.0, f32::NAN, 2.0, 0.0])).unwrap_err();
    assert!(matches!(fill, Mismatch::Value { place: 3, index: -1, .. }));
    // A value is the score as stored: the sign of a zero and of a NaN count.
    for values in [[0.0, f32::NAN, 2.0, worst], [-0.0, -f32::NAN, 2.0, worst]] {
        assert!(matches!(checked(Some(values.to_vec())), Err(Mismatch::Value { .. })));
    }
    let short = checked(Some(vec![-0.0])).unwrap_err();
    assert!(matches!(short, Mismatch::Size { what: "values", expected: 4, found: 1, .. }));
    let none = checked(None).unwrap_err();
    says(&none, "expected values beside the indices, found no values");
}

#[test]
fn a_wrong_count() {
    let input = Rows::host(&[1.0f32, 2.0, 3.0], 1, 3);
    let semantics = Semantics { count: true, ..ANY };
    let checked = |counts: Option<Vec<i32>>| {
        let got = Selection { indices: vec![0, 1, 2, -1], values: None, counts, raw_columns: None };
        host::check_selection(&input, 4, &semantics, &got)
    };
    assert_eq!(checked(Some(vec![3])), Ok(()));
    says(&checked(Some(vec![4])).unwrap_err(), "row 0: expected the count 3, found 4");
    let short = checked(Some(vec![])).unwrap_err();
    assert!(matches!(short, Mismatch::Size { what: "counts", expected: 1, found: 0, .. }));
    says(&checked(None).unwrap_err(), "expected a count of each row, found no counts");
}

#[test]
fn what_the_contract_leaves_open_passes() {
    for third in [0, 3, 4] {
        assert_eq!(check(3, ANY, &[5, 3, 4, 1, third, 2]), Ok(()));
        assert_eq!(check(3, BY_VALUE, &[5, 4, 3, 1, 2, third]), Ok(()));
    }
    assert_eq!(check(3, LOWEST, &[3, 5, 4, 2, 0, 1]), Ok(()));
    assert_eq!(check(3, HIGHEST, &[3, 5, 4, 2, 4, 1]), Ok(()));
}

/// A change to an answer: an index written over, or two places swapped.
#[derive(Debug, Clone, Copy)]
enum Edit {
    Write(usize, i64),
    Swap(usize, usize),
}

/// The ties and the order that the answer is made under, and what happens to it then.
fn any_claim() -> impl Strategy<Value = (Ties, Order, Vec<Edit>)> {
    let edit = prop_oneof![
        (any::<usize>(), -1..24i64).prop_map(|(place, index)| Edit::Write(place, index)),
        (any::<usize>(), any::<usize>()).prop_map(|(a, b)| Edit::Swap(a, b)),
    ];
    let edits = prop::collection::vec(edit, 0..3);
    (prop::sample::select(Ties::ALL), prop::sample::select(Order::ALL), edits)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2000))]

    /// Answers that are right, nearly right, or right under another rule, against the words of the
    /// contract.
    #[test]
    fn checks_as_the_contract_says(problem in any_problem(), claim in any_claim()) {
        agrees::<f32, i32>(&problem, &claim)?;
        agrees::<bf16, i64>(&problem, &claim)?;
    }
}

fn agrees<S: Score, I: IndexInt + TryFrom<i64>>(
    problem: &Problem,
    (ties, order, edits): &(Ties, Order, Vec<Edit>),
) -> Result<(), TestCaseError> {
    let scores = problem.scores::<S>();
    let semantics = problem.semantics::<I>();
    let (input, k) = (problem.matrix(&scores), problem.k as usize);
    let under = Semantics { ties: *ties, order: *order, ..semantics };
    let mut got = host::top_k::<S, I>(&input, problem.k, &under).unwrap().indices;
    for edit in edits.iter().filter(|_| problem.rows > 0) {
        let len = got.len();
        match *edit {
            Edit::Write(place, index) => {
                got[place % len] = I::try_from(index).unwrap_or(I::FILL);
            }
            Edit::Swap(a, b) => got.swap(a % len, b % len),
        }
    }

    let right = (0..problem.rows)
        .all(|row| is_right(&problem.row(&scores, row), &semantics, &got[row * k..][..k]));
    let checked = host::check(&input, problem.k, &semantics, &got);
    prop_assert_eq!(checked.is_ok(), right, "{:?} of {:?}", checked, got);
    Ok(())
}

fn is_right<S: Score, I: IndexInt>(scores: &[S], semantics: &Semantics, got: &[I]) -> bool {
    let best_first = |a: &S, b: &S| {
        let ascending = oracle::compare(a.to_f64(), b.to_f64(), semantics.nan);
        if semantics.select == Select::Largest { ascending.reverse() } else { ascending }
    };
    let (winners, fill) = got.split_at(got.len().min(scores.len()));
    let columns: Vec<usize> =
        winners.iter().filter_map(|&index| usize::try_from(index.into()).ok()).collect();
    let unique: BTreeSet<usize> = columns.iter().copied().collect();
    if fill.iter().any(|&index| index != I::FILL)
        || unique.len() < winners.len()
        || unique.iter().any(|&column| column >= scores.len())
    {
        return false;
    }

    let (expected, values) = oracle::top_k_row::<S, I>(scores, got.len(), semantics);
    let mut values = values[..winners.len()].to_vec();
    let mut found: Vec<S> = columns.iter().map(|&column| scores[column]).collect();
    values.sort_by(best_first);
    found.sort_by(best_first);
    let same_values = values.iter().zip(&found).all(|(a, b)| best_first(a, b).is_eq());

    let expected: BTreeSet<usize> =
        expected.iter().filter_map(|&index| usize::try_from(index.into()).ok()).collect();
    let same_set = semantics.ties == Ties::Any || unique == expected;

    let mut ordered: Vec<usize> = unique.into_iter().collect();
    if semantics.order == Order::ByValue {
        ordered.sort_by(|&a, &b| best_first(&scores[a], &scores[b]));
    }
    let in_order = semantics.order == Order::Unsorted || columns == ordered;
    same_values && same_set && in_order
}

#[test]
fn a_long_row_with_one_wrong_winner() {
    for distribution in [Distribution::Normal, Distribution::OneBin, Distribution::Masked] {
        let scores = distribution.fill::<f32>(5, 3, 100_003);
        let input = Rows::host(&scores, 3, 100_003);
        let mut got = host::top_k::<f32, i32>(&input, 512, &LOWEST).unwrap().indices;
        assert_eq!(host::check(&input, 512, &LOWEST, &got), Ok(()));
        let beyond = host::top_k::<f32, i32>(&input, 513, &BY_VALUE).unwrap().indices;
        let runner_up = beyond[2 * 513 + 512];
        got[2 * 512 + 300] = runner_up;
        let fault = host::check(&input, 512, &LOWEST, &got).unwrap_err();
        assert!(
            matches!(fault, Mismatch::Winner { row: 2, found, .. }
                | Mismatch::Tie { row: 2, found, .. } if found == runner_up as usize),
            "{distribution}: {fault}"
        );
    }
}
