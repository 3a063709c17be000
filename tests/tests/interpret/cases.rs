//! The inputs to which the filters once gave wrong answers, on every filter, watched. `gpu/cases.rs`
//! runs the same on a GPU, whole and with every kernel.

use crate::case::{ALIGNED, Case, load};
use half::bf16;
use topkit::interpret::Word;
use topkit::{Score, spec::KernelKind};
use topkit_tests::cases::{self, filter};

const FILTERS: [KernelKind; 3] =
    [KernelKind::BlockFilter, KernelKind::ClusterFilter, KernelKind::GridFilter];

/// The first rows of the cases of a name, on every filter. All failures are named, not the first alone.
fn every_filter<S: Score + Word>(name: &str, rows: usize) {
    let of_name = |case: &cases::Case| case.name.split(' ').next() == Some(name);
    let cases = cases::Case::all().into_iter().filter(of_name);
    let cases: Vec<_> = cases.map(|case| case.first_rows(rows)).collect();
    assert!(!cases.is_empty(), "no case {name}");
    let mut wrong = Vec::new();
    for case in &cases {
        let (rows, columns, semantics) = (case.rows, case.columns, case.semantics());
        let matrix = Case::<S>::of(&case.name, &case.scores_as(), rows, columns, ALIGNED);
        for kernel in FILTERS {
            let kernel = load(&filter(kernel, S::DTYPE, semantics));
            for &k in &case.ks {
                wrong.extend(matrix.fault::<i32>(&kernel, &semantics, rows, k, None, 0));
            }
        }
    }
    assert!(wrong.is_empty(), "{} wrong:\n{}", wrong.len(), wrong.join("\n"));
}

macro_rules! cases {
    ($($test:ident: $rows:literal of $score:ty, $name:literal;)*) => {$(
        #[test]
        fn $test() {
            every_filter::<$score>($name, $rows);
        }
    )*};
}

cases! {
    a_losing_infinity_wins_over_nan: 1 of f32, "losing_inf_nan";
    a_losing_infinity_wins_over_nan_in_a_long_row: 1 of bf16, "losing_inf_nan_big";
    a_losing_positive_infinity_wins_over_nan: 1 of f32, "losing_posinf_nan";
    tiny_rows_with_nan: 1 of f32, "tiny";
    tiny_rows_with_nan_in_bf16: 1 of bf16, "tiny";
    rows_padded_with_nan: 1 of f32, "nan_padding";
    distances_that_were_cut_off: 3 of f32, "distances";
    distances_that_were_cut_off_in_bf16: 1 of bf16, "distances";
    a_crowded_stripe: 1 of f32, "crowded_stripe";
}
