//! Compares the host selection with a second, independent implementation on small random problems, and
//! tests the contract's corner cases one by one. Needs nothing.

use super::problem::{Problem, any_problem};
use half::{bf16, f16};
use proptest::prelude::*;
use topkit::host::{self, HostError, Output, Rows, Selection};
use topkit::{
    IndexInt, Score,
    spec::{IndexType, NanPolicy, Order, RowShape, Select, Semantics, Ties},
};
use topkit_lab::SUITE;
use topkit_tests::oracle;

proptest! {
    #[test]
    fn agrees_with_a_full_sort(problem in any_problem()) {
        agrees::<f32, i32>(&problem)?;
        agrees::<f32, u32>(&problem)?;
        agrees::<bf16, i32>(&problem)?;
        agrees::<bf16, i64>(&problem)?;
        agrees::<f16, u32>(&problem)?;
        agrees::<f16, i64>(&problem)?;
        agrees::<f64, i32>(&problem)?;
        agrees::<f64, i64>(&problem)?;
    }

    #[test]
    fn writes_no_further_than_k_of_each_row(problem in any_problem(), gap in 0usize..4) {
        let scores = problem.scores::<f16>();
        let semantics = problem.semantics::<i64>();
        let input = problem.matrix(&scores);
        let packed: Selection<i64, f16> = host::top_k(&input, problem.k, &semantics).unwrap();

        let (k, row_stride) = (problem.k as usize, problem.k as usize + gap);
        let untouched = 0x5555;
        let mut indices = vec![untouched; problem.rows * row_stride];
        let mut values = vec![f16::from_bits(0x5555); indices.len()];
        let mut counts = vec![-7; problem.rows];
        let mut output = Output::new(&mut indices, row_stride);
        output.values = semantics.values.then_some(&mut values);
        output.counts = semantics.count.then_some(&mut counts);
        host::top_k_into(&input, problem.k, &semantics, output).unwrap();

        if let Some(expected) = packed.counts {
            prop_assert_eq!(counts, expected);
        }
        for row in 0..problem.rows {
            let (written, rest) = indices[row * row_stride..][..row_stride].split_at(k);
            prop_assert_eq!(written, &packed.indices[row * k..][..k]);
            prop_assert!(rest.iter().all(|&index| index == untouched));
            let (written, rest) = values[row * row_stride..][..row_stride].split_at(k);
            if let Some(expected) = &packed.values {
                prop_assert_eq!(bits(written), bits(&expected[row * k..][..k]));
            }
            prop_assert!(rest.iter().all(|value| value.to_bits() == 0x5555));
        }
    }

    #[test]
    fn keys_are_in_the_order_of_scores(a in any::<u32>(), b in any::<u32>()) {
        keys_agree(f32::from_bits(a), f32::from_bits(b))?;
        keys_agree(f32::from_bits(a), f32::from_bits(a ^ (b & 3)))?;
    }

    #[test]
    fn keys_of_64_bits_are_in_the_order_of_scores(a in any::<u64>(), b in any::<u64>()) {
        keys_agree(f64::from_bits(a), f64::from_bits(b))?;
        keys_agree(f64::from_bits(a), f64::from_bits(a ^ (b & 3)))?;
        keys_agree(f64::from_bits(a), f64::from_bits(a ^ (b & u64::from(u32::MAX))))?;
    }
}

fn agrees<S: Score, I: IndexInt>(problem: &Problem) -> Result<(), TestCaseError> {
    let scores = problem.scores::<S>();
    let semantics = problem.semantics::<I>();
    let input = problem.matrix(&scores);
    let got: Selection<I, S> = host::top_k(&input, problem.k, &semantics).unwrap();

    let k = problem.k as usize;
    prop_assert_eq!(got.indices.len(), problem.rows * k);
    prop_assert_eq!(got.values.is_some(), semantics.values);
    prop_assert_eq!(got.counts.is_some(), semantics.count);
    for row in 0..problem.rows {
        let row_scores = problem.row(&scores, row);
        let (indices, values) = oracle::top_k_row::<S, I>(&row_scores, k, &semantics);
        prop_assert_eq!(&got.indices[row * k..][..k], &indices, "row {}", row);
        if let Some(counts) = &got.counts {
            prop_assert_eq!(counts[row] as usize, row_scores.len().min(k), "row {}", row);
        }
        if let Some(got) = &got.values {
            prop_assert_eq!(bits(&got[row * k..][..k]), bits(&values), "row {}", row);
        }
    }
    host::check_selection(&input, problem.k, &semantics, &got).unwrap();
    Ok(())
}

fn keys_agree<S: Score>(a: S, b: S) -> Result<(), TestCaseError> {
    for &nan in NanPolicy::ALL {
        let by_key = a.ordered_key(nan).cmp(&b.ordered_key(nan));
        let by_number = oracle::compare(a.to_f64(), b.to_f64(), nan);
        prop_assert_eq!(by_key, by_number, "{:?} and {:?}, nan: {}", a, b, nan);
    }
    Ok(())
}

fn bits<S: Score>(scores: &[S]) -> Vec<u64> {
    scores.iter().map(|score| score.to_bits()).collect()
}

/// All patterns of a 16-bit type, sorted as floats: neighbours settle the order of all pairs.
fn keys_of_every_pattern<S: Score>() {
    for &nan in NanPolicy::ALL {
        let mut scores: Vec<f64> = (0..1 << 16).map(|bits| S::from_bits(bits).to_f64()).collect();
        scores.sort_by(|&a, &b| oracle::compare(a, b, nan));
        for pair in scores.windows(2) {
            let by_key = pair[0].ordered_key(nan).cmp(&pair[1].ordered_key(nan));
            assert_eq!(by_key, oracle::compare(pair[0], pair[1], nan), "{pair:?}, nan: {nan}");
        }
    }
}

#[test]
fn keys_of_every_bf16() {
    keys_of_every_pattern::<bf16>();
}

#[test]
fn keys_of_every_f16() {
    keys_of_every_pattern::<f16>();
}

fn select(scores: &[f32], k: u32, semantics: Semantics) -> Vec<i32> {
    let input = Rows::host(scores, 1, scores.len());
    host::top_k(&input, k, &semantics).unwrap().indices
}

#[test]
fn nan_of_either_sign_ranks_by_policy() {
    let scores = [1.0, -f32::NAN, f32::INFINITY, f32::NAN, f32::NEG_INFINITY];
    let highest = Semantics { order: Order::ByValue, ..Semantics::DEFAULT };
    assert_eq!(select(&scores, 5, highest), [1, 3, 2, 0, 4]);
    let lowest = Semantics { nan: NanPolicy::Lowest, ..highest };
    assert_eq!(select(&scores, 5, lowest), [2, 0, 4, 1, 3]);
    let smallest = Semantics { select: Select::Smallest, ..lowest };
    assert_eq!(select(&scores, 5, smallest), [1, 3, 4, 0, 2]);
}

#[test]
fn zeros_of_both_signs_tie() {
    let scores = [-0.0, 0.0, -0.0, 0.0];
    assert_eq!(select(&scores, 2, Semantics::DEFAULT), [0, 1]);
    let highest = Semantics { ties: Ties::HighestIndex, ..Semantics::DEFAULT };
    assert_eq!(select(&scores, 2, highest), [2, 3]);
}

#[test]
fn negative_infinity_is_a_score() {
    let scores = [f32::NEG_INFINITY, 1.0, f32::NEG_INFINITY];
    assert_eq!(select(&scores, 5, Semantics::DEFAULT), [0, 1, 2, -1, -1]);
}

#[test]
fn starts_and_lengths_are_clamped() {
    let scores: Vec<f32> = (0..8).map(|i| i as f32).collect::<Vec<_>>().repeat(6);
    let starts = [-5, 2, 6, 9, i32::MAX, i32::MIN];
    let lengths = [3, i32::MAX, 3, 1, i32::MAX, i32::MIN];
    let input = Rows::host(&scores, 6, 8);
    let input = input.starts(&starts).lengths(&lengths);
    let rows: Vec<&[f32]> = (0..6).map(|row| input.scores_of(row)).collect();
    let expected: [&[f32]; 6] =
        [&[0.0, 1.0, 2.0], &[2.0, 3.0, 4.0, 5.0, 6.0, 7.0], &[6.0, 7.0], &[], &[], &[]];
    assert_eq!(rows, expected);

    let ragged = Semantics { rows: RowShape::Ragged, ..Semantics::DEFAULT };
    let got = host::top_k::<f32, i32>(&input, 2, &ragged).unwrap().indices;
    assert_eq!(got, [1, 2, 4, 5, 0, 1, -1, -1, -1, -1, -1, -1]);
}

#[test]
fn the_fill_is_all_bits_set_and_the_worst_infinity() {
    let semantics =
        Semantics { index: IndexType::U32, values: true, count: true, ..Semantics::DEFAULT };
    let input = Rows::host(&[7.0f32], 1, 1);
    let got = host::top_k::<f32, u32>(&input, 2, &semantics).unwrap();
    assert_eq!(got.indices, [0, u32::MAX]);
    assert_eq!(got.values.unwrap(), [7.0, f32::NEG_INFINITY]);
    assert_eq!(got.counts.unwrap(), [1]);
    let least = Semantics { select: Select::Smallest, ..semantics };
    let got = host::top_k::<f32, u32>(&input, 2, &least).unwrap();
    assert_eq!(got.values.unwrap(), [7.0, f32::INFINITY]);
}

#[test]
fn a_long_row_is_selected_exactly() {
    for distribution in SUITE {
        let scores = distribution.fill::<f32>(1, 2, 100_003);
        let input = Rows::host(&scores, 2, 100_003);
        let got = host::top_k::<f32, i32>(&input, 2048, &Semantics::DEFAULT).unwrap();
        for (row, got) in got.indices.chunks_exact(2048).enumerate() {
            let scores = &scores[row * 100_003..][..100_003];
            let (expected, _) = oracle::top_k_row::<f32, i32>(scores, 2048, &Semantics::DEFAULT);
            assert_eq!(got, expected, "{distribution}, row {row}");
        }
    }
}

#[test]
fn impossible_problems_are_refused_with_their_numbers() {
    let scores = [0.0f32; 12];
    let dense = Rows::host(&scores, 3, 4);
    let ragged = dense.lengths(&[1, 2, 3]);
    let semantics = Semantics::DEFAULT;
    let refused = |rows: Rows<'_, f32>| {
        let semantics = Semantics { rows: RowShape::Ragged, ..semantics };
        host::top_k::<f32, i32>(&rows, 1, &semantics).unwrap_err()
    };
    let cases: [(HostError, &str); 7] = [
        (
            refused(Rows::host(&scores, 3, 5)),
            "holds 12 elements, but 3 x 5 with row stride 5 needs 15",
        ),
        (refused(dense.row_stride(5)), "needs 14"),
        (refused(dense.starts(&[0, 0])), "the buffer of starts holds 2 elements"),
        (refused(Rows::host(&[], usize::MAX, 4)), "the score buffer holds 0 elements"),
        (host::top_k::<f32, i32>(&dense, 0, &semantics).unwrap_err(), "k is 0"),
        (host::top_k::<f32, i64>(&dense, 1, &semantics).unwrap_err(), "declared i32, but i64"),
        (host::top_k::<f32, i32>(&ragged, 1, &semantics).unwrap_err(), "declared dense"),
    ];
    for (error, words) in cases {
        assert!(error.to_string().contains(words), "{error:?} says {error}, not {words}");
    }
    let wide = refused(Rows::host(&[], 1, 1 << 31));
    assert!(matches!(wide, HostError::Columns { columns: 0x8000_0000 }), "{wide}");
    let many = Rows::host(&[], 1 << 40, 0);
    let many = host::top_k::<f32, i32>(&many, 1 << 30, &Semantics::DEFAULT).unwrap_err();
    assert!(matches!(many, HostError::TooLarge { what: "indices", .. }), "{many}");
}

/// Each row begins one score after the one before: the host selects from overlapping rows, as kernels do.
#[test]
fn rows_may_overlap() {
    let scores = [0.0f32, 3.0, 1.0, 2.0, 5.0];
    let best = |stride| {
        let rows = Rows::host(&scores, 3, 3).row_stride(stride);
        host::top_k::<f32, i32>(&rows, 1, &Semantics::DEFAULT).unwrap().indices
    };
    assert_eq!((best(1), best(0)), (vec![1, 0, 2], vec![1; 3]));
}

/// 16 and 8 PiB, beyond what any address space has.
#[test]
fn an_answer_that_no_memory_holds_is_refused_in_words() {
    let scores = vec![0.0f32; 1 << 20];
    let input = Rows::host(&scores, 1 << 20, 1);
    for k in [u32::MAX, 1 << 31] {
        let error = host::top_k::<_, i32>(&input, k, &Semantics::DEFAULT).unwrap_err();
        assert!(matches!(error, HostError::Memory { what: "indices", .. }), "{error}");
        assert!(error.to_string().contains("smaller k"), "{error}");
    }
}

#[test]
fn an_output_that_does_not_fit_is_refused_and_left_alone() {
    let scores = [3.0f32, 2.0, 1.0, 0.0];
    let input = Rows::host(&scores, 2, 2);
    let mut indices = [7i32; 4];
    let mut values = [7.0f32; 4];
    let mut counts = [7i32; 2];
    let mut refused = |semantics: Semantics, len, with_values: Option<usize>, row_stride| {
        let mut output = Output::new(&mut indices[..len], row_stride);
        output.values = with_values.map(|len| &mut values[..len]);
        // One too few.
        output.counts = semantics.count.then_some(&mut counts[..1]);
        host::top_k_into(&input, 2, &semantics, output).unwrap_err()
    };
    let plain = Semantics::DEFAULT;
    let valued = Semantics { values: true, ..plain };
    assert!(matches!(refused(plain, 3, None, 2), HostError::Size { needed: 4, got: 3, .. }));
    assert!(matches!(refused(plain, 4, None, 3), HostError::Size { needed: 5, got: 4, .. }));
    assert!(matches!(refused(plain, 4, None, 1), HostError::Stride { row_stride: 1, .. }));
    assert!(matches!(refused(plain, 4, Some(4), 2), HostError::ValuesUndeclared));
    assert!(matches!(refused(valued, 4, None, 2), HostError::ValuesMissing));
    assert!(matches!(refused(valued, 4, Some(3), 2), HostError::Size { what: "values", .. }));
    let counted = Semantics { count: true, ..plain };
    assert!(matches!(refused(counted, 4, None, 2), HostError::Size { what: "counts", .. }));
    assert_eq!((indices, counts), ([7; 4], [7; 2]));
    assert_eq!(values, [7.0; 4]);
    let missing = host::top_k_into(&input, 2, &counted, Output::new(&mut indices, 2));
    assert!(matches!(missing, Err(HostError::CountsMissing)));
    let undeclared = Output::new(&mut indices, 2).counts(&mut counts);
    let undeclared = host::top_k_into(&input, 2, &plain, undeclared);
    assert!(matches!(undeclared, Err(HostError::CountsUndeclared)));
}
