//! The exactness suite: the contract at zero tolerance, written once for every [`Backend`].
//!
//! [`exactness_suite!`](crate::exactness_suite) makes the tests for one: either end of the order with both NaN
//! policies and every index type, ragged rows with every span, and inputs that once had wrong answers. A [`Suite`]
//! says which kernels run and how large the rows are. All failures of a test are named, not the first alone.

use crate::case::{ALIGNED, Backend, Case, Element, Layout};
use crate::{cases, spans};
use topkit::{
    DType, IndexInt, Score,
    spec::{NanPolicy, RowShape, Select, Semantics, Ties},
};
use topkit_lab::{Distribution, SUITE};

/// What a backend runs of the suite.
pub trait Suite: Backend {
    /// Columns and rows of the matrices of [`meanings`], and the k of each.
    const MEANINGS: (usize, usize, &'static [u32]);
    /// Whether each kernel selects each of these k from each distribution, or one of them in turn.
    const EVERY_K: bool;
    /// Columns of the ragged rows of [`ragged`], and the k of each.
    const RAGGED: (usize, &'static [u32]);
    /// Rows of a case of [`cases()`], at most, for scores of so many bytes.
    fn most_rows(case: &cases::Case, bytes: u32) -> usize;

    /// Kernels for rows of so many columns, with one meaning.
    fn kernels(dtype: DType, semantics: Semantics, columns: usize) -> Vec<Self::Kernel>;

    /// Kernels for a case: the filters are among them.
    fn kernels_of_case(dtype: DType, case: &cases::Case) -> Vec<Self::Kernel> {
        Self::kernels(dtype, case.semantics(), case.columns)
    }

    /// Whether a kernel selects this many.
    fn selects(kernel: &Self::Kernel, k: u32) -> bool;
}

/// The rule for ties of each order of scores.
const TIES: [Ties; 4] = [Ties::Any, Ties::LowestIndex, Ties::Any, Ties::HighestIndex];

/// Either end of the order and both NaN policies, with a rule for ties or without one, on every distribution.
///
/// # Panics
/// An answer is wrong.
pub fn meanings<B: Suite, S: Score + Element, I: IndexInt + Element>() {
    let (columns, rows, ks) = B::MEANINGS;
    let mut wrong = Wrong::default();
    let meanings = Select::ALL.iter().flat_map(|&s| NanPolicy::ALL.iter().map(move |&n| (s, n)));
    for (meaning, (select, nan)) in meanings.enumerate() {
        let ties = TIES[meaning];
        let semantics = Semantics { select, nan, ties, index: I::TYPE, ..Semantics::DEFAULT };
        let kernels = B::kernels(S::DTYPE, semantics, columns);
        for (turn, distribution) in SUITE.into_iter().enumerate() {
            let layout = Layout { offset: 1, gap: 2 };
            let case = Case::<S, B>::new(distribution, 3, rows, columns, layout);
            for (place, kernel) in kernels.iter().enumerate() {
                // In turn, each distribution has each k, with one kernel or meaning or another.
                let own = ks[(meaning + turn + place) % ks.len()];
                for &k in ks.iter().filter(|&&k| B::EVERY_K || k == own) {
                    if B::selects(kernel, k) {
                        wrong.add(case.fault::<I>(kernel, rows, k, None, u64::from(k)));
                    }
                }
            }
        }
    }
    wrong.none();
}

/// Rows whose start and length the kernel reads, sane and not; and without them, whole rows.
///
/// # Panics
/// An answer is wrong.
pub fn ragged<B: Suite, S: Score + Element>() {
    let (columns, ks) = B::RAGGED;
    let semantics = Semantics { rows: RowShape::Ragged, ..Semantics::DEFAULT };
    let (starts, lengths): (Vec<i32>, Vec<i32>) = spans::edges(columns).into_iter().unzip();
    let rows = starts.len();
    let kernels = B::kernels(S::DTYPE, semantics, columns);
    let mut wrong = Wrong::default();
    for distribution in [Distribution::Normal, Distribution::OneBin, Distribution::Masked] {
        for layout in [ALIGNED, Layout { offset: 1, gap: 5 }] {
            let case = Case::<S, B>::new(distribution, 1, rows, columns, layout);
            for &k in ks {
                for (turn, kernel) in kernels.iter().enumerate() {
                    let spans = Some((&starts[..], &lengths[..]));
                    wrong.add(case.fault::<i32>(kernel, rows, k, spans, turn as u64));
                }
            }
        }
    }
    let case = Case::<S, B>::new(Distribution::Normal, 2, 2, columns, ALIGNED);
    for kernel in &kernels {
        wrong.add(case.fault::<i32>(kernel, 2, 100, None, 0));
    }
    wrong.none();
}

/// The inputs for which the filters once gave wrong answers.
///
/// # Panics
/// An answer is wrong.
pub fn cases<B: Suite, S: Score + Element>() {
    let mut wrong = Wrong::default();
    for case in cases::Case::all() {
        let rows = B::most_rows(&case, S::DTYPE.bytes());
        if rows == 0 {
            continue;
        }
        let case = case.first_rows(rows);
        let (rows, scores) = (case.rows, case.scores_as::<S>());
        let matrix = Case::<S, B>::of(&case.name, &scores, rows, case.columns, ALIGNED);
        let kernels = B::kernels_of_case(S::DTYPE, &case);
        for &k in &case.ks {
            for kernel in kernels.iter().filter(|kernel| B::selects(kernel, k)) {
                wrong.add(matrix.fault::<i32>(kernel, rows, k, None, 0));
            }
        }
    }
    wrong.none();
}

/// The faults of a test, and how many answers there were.
#[derive(Default)]
struct Wrong {
    faults: Vec<String>,
    answers: usize,
}

impl Wrong {
    fn add(&mut self, fault: Option<String>) {
        self.faults.extend(fault);
        self.answers += 1;
    }

    fn none(self) {
        let Wrong { faults, answers } = self;
        println!("{answers} answers");
        assert!(answers > 0, "nothing was selected");
        assert!(faults.is_empty(), "{} of {answers} wrong:\n{}", faults.len(), faults.join("\n"));
    }
}

/// The tests of the suite for a backend: `exactness_suite!(Interpreted)`. The caller has `half` among its
/// dependencies.
#[macro_export]
macro_rules! exactness_suite {
    ($backend:ty) => {
        $crate::exactness_suite! {
            $backend;
            f32_with_i32: meanings::<$backend, f32, i32>,
            bf16_with_u32: meanings::<$backend, ::half::bf16, u32>,
            f16_with_i64: meanings::<$backend, ::half::f16, i64>,
            f64_with_i32: meanings::<$backend, f64, i32>,
            every_span_of_f32: ragged::<$backend, f32>,
            every_span_of_bf16: ragged::<$backend, ::half::bf16>,
            every_span_of_f16: ragged::<$backend, ::half::f16>,
            every_span_of_f64: ragged::<$backend, f64>,
            cases_of_f32: cases::<$backend, f32>,
            cases_of_bf16: cases::<$backend, ::half::bf16>,
        }
    };
    ($backend:ty; $($test:ident: $function:expr,)*) => {$(
        #[test]
        fn $test() {
            #[allow(unused_imports, reason = "each test uses one of them")]
            use $crate::exactness::{cases, meanings, ragged};
            $function();
        }
    )*};
}
