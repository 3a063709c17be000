//! Random shapes, strides, spans and scores.

use crate::device::{Case, Element, Layout, on, ragged, selecting, variants, whole_selector};
use half::{bf16, f16};
use proptest::prelude::*;
use topkit::Score;
use topkit_lab::{Distribution, Rng, SUITE};

#[derive(Debug, Clone)]
struct Problem {
    distribution: Distribution,
    seed: u64,
    rows: usize,
    columns: usize,
    k: u32,
    layout: (usize, usize),
    vec_size: u32,
    turn: usize,
}

fn problem() -> impl Strategy<Value = Problem> {
    let columns = prop_oneof![0usize..40, 0usize..3000, 3000usize..70_000];
    let k = prop_oneof![1u32..8, 1u32..3000, 1u32..80_000];
    let distribution = proptest::sample::select(SUITE.to_vec());
    let vec_size = proptest::sample::select(vec![1u32, 2, 4, 8]);
    let shape = (0usize..6, columns, k, (0usize..17, 0usize..17));
    (distribution, any::<u64>(), shape, vec_size, 0usize..60).prop_map(
        |(distribution, seed, (rows, columns, k, layout), vec_size, turn)| Problem {
            distribution,
            seed,
            rows,
            columns,
            k,
            layout,
            vec_size,
            turn,
        },
    )
}

/// Half of the rows from a distribution, half from raw bits, with spans that may be absurd.
fn run<S: Score + Element>(problem: &Problem) {
    let Problem { distribution, seed, rows, columns, k, layout, vec_size, turn } = *problem;
    let mut rng = Rng::new(seed);
    let mut scores = distribution.fill::<S>(seed, rows, columns);
    for row in scores.chunks_exact_mut(columns.max(1)).step_by(2) {
        row.fill_with(|| S::from_bits(rng.bits()));
    }
    let mut span = || -> Vec<i32> {
        (0..rows)
            .map(|_| match rng.below(4) {
                0 => 0,
                1 => i32::MAX,
                2 => rng.bits() as u32 as i32,
                _ => rng.below(columns as u32 + 2) as i32,
            })
            .collect()
    };
    let (starts, lengths) = (span(), span());
    let selector = whole_selector(ragged());
    let variants = selecting(&variants(&selector, S::DTYPE, vec_size, columns), k);
    let variant = variants[turn % variants.len()];
    let layout = Layout { offset: layout.0, gap: layout.1 };
    let case = Case::of("scores", &scores, rows, columns, layout);
    case.check::<i32>(&on(&selector, &variant), rows, k, Some((&starts, &lengths)), 0);
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 400, failure_persistence: None, ..Default::default() })]

    #[test]
    fn f32_is_exact(problem in problem()) {
        run::<f32>(&problem);
    }

    #[test]
    fn bf16_is_exact(problem in problem()) {
        run::<bf16>(&problem);
    }

    #[test]
    fn f16_is_exact(problem in problem()) {
        run::<f16>(&problem);
    }
}
