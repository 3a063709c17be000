//! The exactness suite on the host: the launch path of `topkit::host`, and `top_k`, against the second
//! implementation of the contract.

use topkit::host::{self, Rows, Selection, Selector};
use topkit::{DType, IndexInt, Output, Score, SelectorSpec, spec::Semantics};
use topkit_tests::case::{Backend, Element, Layout};
use topkit_tests::exactness::Suite;
use topkit_tests::given::Given;
use topkit_tests::{cases, exactness_suite, oracle};

struct Host;

impl Backend for Host {
    type Kernel = Selector;
    type Matrix<S: Score + Element> = ();

    fn semantics(kernel: &Selector) -> Semantics {
        kernel.spec().semantics
    }

    fn name(_: &Selector) -> String {
        "the host".to_owned()
    }

    fn put<S: Score + Element>(_: &[S], _: usize) {}

    /// By a launch, and by `top_k`, which must agree.
    fn select<S: Score + Element, I: IndexInt + Element>(
        kernel: &Selector,
        (): &(),
        rows: &Rows<'_, S>,
        k: u32,
        _: &Given<I>,
        Layout { gap, .. }: Layout,
        _: u64,
    ) -> Result<Selection<I, S>, String> {
        let semantics = &Self::semantics(kernel);
        let best: Selection<I, S> =
            host::top_k(rows, k, semantics).map_err(|error| error.to_string())?;
        // What is between the rows of the output stays.
        let (k_of_row, untouched) = (k as usize, I::from_column(0x5555));
        let mut indices = vec![untouched; rows.count() * (k_of_row + gap)];
        let output = Output::host(&mut indices).row_stride(k_of_row + gap);
        kernel.launch(rows, k, output).map_err(|error| error.to_string())?;
        let mut launched: Vec<I> = Vec::new();
        for row in indices.chunks_exact(k_of_row + gap) {
            launched.extend(&row[..k_of_row]);
            if row[k_of_row..].iter().any(|&index| index != untouched) {
                return Err("a launch wrote between two rows of the output".to_owned());
            }
        }
        if launched == best.indices {
            Ok(best)
        } else {
            Err("a launch and `top_k` differ".to_owned())
        }
    }

    /// All have one answer to a problem.
    fn accepts<S: Score + Element, I: IndexInt + Element>(
        kernel: &Selector,
        (): &(),
        rows: &Rows<'_, S>,
        k: u32,
        got: &Selection<I, S>,
    ) -> bool {
        let got = &got.indices;
        let semantics = &Self::semantics(kernel);
        let right = |row: usize| {
            let row_scores = rows.scores_of(row);
            let (expected, _) = oracle::top_k_row::<S, I>(row_scores, k as usize, semantics);
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

    fn kernels(dtype: DType, semantics: Semantics, _: usize) -> Vec<Selector> {
        let spec = SelectorSpec::builder("Host").dtype([dtype]).k(1..=i32::MAX as u32);
        vec![Selector::new(spec.semantics(semantics).build().unwrap()).unwrap()]
    }

    fn selects(_: &Selector, _: u32) -> bool {
        true
    }
}

exactness_suite!(Host);
