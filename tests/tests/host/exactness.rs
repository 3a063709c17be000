//! The exactness suite on the host: `topkit::host` against the second implementation of the contract.

use topkit::host::{self, Rows};
use topkit::{DType, IndexInt, Score, spec::Semantics};
use topkit_tests::case::{Backend, Element, Layout};
use topkit_tests::exactness::Suite;
use topkit_tests::{cases, exactness_suite, oracle};

struct Host;

impl Backend for Host {
    type Kernel = Semantics;
    type Matrix<S: Score + Element> = ();

    fn semantics(kernel: &Semantics) -> Semantics {
        *kernel
    }

    fn name(_: &Semantics) -> String {
        "the host".to_owned()
    }

    fn put<S: Score + Element>(_: &[S], _: usize) {}

    fn select<S: Score + Element, I: IndexInt + Element>(
        kernel: &Semantics,
        (): &(),
        rows: &Rows<'_, S>,
        k: u32,
        _: Layout,
        _: u64,
    ) -> Result<Vec<I>, String> {
        host::top_k(rows, k, kernel).map(|best| best.indices).map_err(|error| error.to_string())
    }

    /// Both have one answer to a problem.
    fn accepts<S: Score + Element, I: IndexInt + Element>(
        kernel: &Semantics,
        (): &(),
        rows: &Rows<'_, S>,
        k: u32,
        got: &[I],
    ) -> bool {
        let right = |row: usize| {
            let (expected, _) = oracle::top_k_row::<S, I>(rows.scores_of(row), k as usize, kernel);
            expected == got[row * k as usize..][..k as usize]
        };
        got.len() == rows.count() * k as usize && (0..rows.count()).all(right)
    }
}

impl Suite for Host {
    const MEANINGS: (usize, usize, &'static [u32]) = (1500, 9, &[1, 100, 1501]);
    const EVERY_K: bool = true;
    const RAGGED: (usize, &'static [u32]) = (1400, &[1, 512]);

    fn most_rows(_: &cases::Case, _: u32) -> usize {
        2
    }

    fn kernels(_: DType, semantics: Semantics, _: usize) -> Vec<Semantics> {
        vec![semantics]
    }

    fn selects(_: &Semantics, _: u32) -> bool {
        true
    }
}

exactness_suite!(Host);
