//! Rows whose start and length the kernel reads, sane and not.

use crate::case::{ALIGNED, Case, Layout, load, ragged, resident, shared, variant};
use half::{bf16, f16};
use topkit::Score;
use topkit::interpret::Word;
use topkit_lab::Distribution;
use topkit_tests::spans;

const COLUMNS: usize = 1400;

fn every_span<S: Score + Word>() {
    let (starts, lengths): (Vec<i32>, Vec<i32>) = spans::edges(COLUMNS).into_iter().unzip();
    let semantics = ragged();
    let mut variants: Vec<_> =
        [1, 2, 4, 8].map(|vec_size| variant(S::DTYPE, vec_size, 1024, 128, semantics)).into();
    variants.push(resident(S::DTYPE, 1024, 128, 16, semantics));
    variants.push(shared(S::DTYPE, 512, 128, 16, 3, semantics));
    for (seed, variant) in variants.iter().enumerate() {
        let kernel = load(variant);
        for distribution in [Distribution::Normal, Distribution::OneBin, Distribution::Masked] {
            for layout in [ALIGNED, Layout { offset: 1, gap: 5 }] {
                let case = Case::<S>::new(distribution, 1, starts.len(), COLUMNS, layout);
                for k in [1, 512] {
                    let spans = (&starts[..], &lengths[..]);
                    case.check::<i32>(
                        &kernel,
                        &semantics,
                        starts.len(),
                        k,
                        Some(spans),
                        seed as u64,
                    );
                }
            }
        }
        let case = Case::<S>::new(Distribution::Normal, 2, 2, COLUMNS, ALIGNED);
        case.check::<i32>(&kernel, &semantics, 2, 100, None, seed as u64);
    }
}

#[test]
fn every_span_of_f32_is_exact() {
    every_span::<f32>();
}

#[test]
fn every_span_of_bf16_is_exact() {
    every_span::<bf16>();
}

#[test]
fn every_span_of_f16_is_exact() {
    every_span::<f16>();
}
