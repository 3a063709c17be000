//! Ragged batches by the filters, which select a short row from registers and filter a long one: mixes of both,
//! with lengths at every edge.

use crate::case::{ALIGNED, Case, Element, Layout, load, ragged};
use half::bf16;
use topkit::{Score, Variant, spec::KernelKind};
use topkit_lab::{Distribution, Rng};
use topkit_tests::spans;

/// Five stripes of 2048, which is what registers hold.
const COLUMNS: usize = 10_000;
const DISTRIBUTIONS: [Distribution; 4] =
    [Distribution::Normal, Distribution::Distinct64, Distribution::Nan, Distribution::Descending];

/// The lengths of a batch.
struct Mix {
    name: &'static str,
    lengths: Vec<i32>,
}

fn mixes() -> Vec<Mix> {
    let mut rng = Rng::new(21);
    let mut below = |most: u32| rng.below(most) as i32;
    let one_long = (0..7).map(|row| if row == 3 { COLUMNS as i32 } else { 200 + below(1800) });
    let one_long = one_long.collect();
    let mostly_short = (0..10).map(|row| if row % 5 == 2 { 9000 + row } else { below(900) });
    let mostly_short = mostly_short.collect();
    let uniform = (0..6).map(|_| below(COLUMNS as u32 + 1)).collect();
    let tiny = (0..30).map(|_| below(80)).collect();
    vec![
        Mix { name: "one long row", lengths: one_long },
        Mix { name: "mostly short rows", lengths: mostly_short },
        Mix { name: "uniform lengths", lengths: uniform },
        Mix { name: "tiny rows", lengths: tiny },
        Mix { name: "no scores", lengths: vec![0; 4] },
        Mix { name: "long rows", lengths: vec![COLUMNS as i32; 3] },
        Mix { name: "one row", lengths: vec![9999] },
    ]
}

fn filters<S: Score>() -> [Variant; 3] {
    [(KernelKind::BlockFilter, 1), (KernelKind::ClusterFilter, 2), (KernelKind::ClusterFilter, 4)]
        .map(|(kernel, cluster)| Variant {
            kernel,
            dtype: S::DTYPE,
            vec_size: 16 / S::DTYPE.bytes(),
            bins: 512,
            threads: 128,
            items: 16,
            cluster,
            stages: Variant::STAGES,
            semantics: ragged(),
            program: None,
        })
}

fn every_mix_is_exact<S: Score + Element>() {
    for variant in filters::<S>() {
        let kernel = load(&variant);
        for (turn, Mix { name, lengths }) in mixes().into_iter().enumerate() {
            let rows = lengths.len();
            let distribution =
                DISTRIBUTIONS[(turn + variant.cluster as usize) % DISTRIBUTIONS.len()];
            let scores = distribution.fill::<S>(turn as u64, rows, COLUMNS);
            let case = Case::of(name, &scores, rows, COLUMNS, Layout { offset: 1, gap: 2 });
            for k in [60, 1100] {
                case.check::<i32>(&kernel, rows, k, Some((&vec![0; rows], &lengths)), 3);
            }
        }
    }
}

#[test]
fn every_mix_of_f32_is_exact() {
    every_mix_is_exact::<f32>();
}

#[test]
fn every_mix_of_bf16_is_exact() {
    every_mix_is_exact::<bf16>();
}

/// Spans at every edge, out of range too, with starts that lie anywhere in a vector, and rows that registers
/// just hold and just do not.
#[test]
fn starts_and_lengths_are_clamped() {
    let more = [(0, 2047), (1, 2048), (5, 2049), (7, 4097)];
    let (starts, lengths): (Vec<i32>, Vec<i32>) =
        spans::edges(COLUMNS).into_iter().chain(more).unzip();
    let rows = lengths.len();
    let scores = Distribution::Normal.fill::<bf16>(8, rows, COLUMNS);
    let case = Case::of("edges", &scores, rows, COLUMNS, ALIGNED);
    for variant in filters::<bf16>() {
        case.check::<i32>(&load(&variant), rows, 300, Some((&starts, &lengths)), 4);
    }
}
