//! Rows whose start and length are read on the device, sane and not.

use crate::device::{Case, Layout, compile, ragged, variants, whole_selector};
use half::bf16;
use topkit::DType;
use topkit_lab::{Distribution, Rng};
use topkit_tests::spans;

const COLUMNS: usize = 20_000;

/// Starts and lengths at every edge, then at random; some out of range, which is clamped.
fn spans(rows: usize) -> (Vec<i32>, Vec<i32>) {
    let edges = spans::edges(COLUMNS);
    let mut rng = Rng::new(7);
    let mut any = |limit: usize| rng.below(limit as u32) as i32;
    let random = (edges.len()..rows).map(|_| (any(COLUMNS), any(COLUMNS))).collect::<Vec<_>>();
    edges.into_iter().chain(random).take(rows).unzip()
}

#[test]
fn every_span_is_exact() {
    let selector = whole_selector(ragged());
    let (starts, lengths) = spans(64);
    let variants = [1, 2, 4, 8].map(|vec_size| variants(&selector, DType::Bf16, vec_size, COLUMNS));
    let variants = variants.concat();
    compile(&selector, &variants);
    let mut launches = 0;
    for distribution in [Distribution::Normal, Distribution::OneBin, Distribution::Masked] {
        for layout in [Layout { offset: 0, gap: 0 }, Layout { offset: 1, gap: 5 }] {
            let case = Case::<bf16>::new(distribution, 1, 64, COLUMNS, layout);
            for variant in &variants {
                for k in [1, 512, 2048] {
                    case.check::<i32>(&selector, variant, 64, k, Some((&starts, &lengths)));
                    launches += 1;
                }
            }
        }
    }
    println!("{launches} launches exact");
}

#[test]
fn without_starts_and_lengths_a_ragged_selector_takes_whole_rows() {
    let selector = whole_selector(ragged());
    let case = Case::<f32>::new(Distribution::Normal, 2, 3, 5000, Layout { offset: 0, gap: 0 });
    let variants = variants(&selector, DType::F32, 4, 5000);
    compile(&selector, &variants);
    for variant in &variants {
        case.check::<i32>(&selector, variant, 3, 100, None);
    }
    println!("{} launches exact", variants.len());
}
