//! The kernels that filter a row by a guessed threshold: on every distribution, where the guess holds
//! and where it does not, over one CTA a row, a cluster and many.

use crate::case::{ALIGNED, Case, Element, Layout, load};
use half::{bf16, f16};
use topkit::{
    Score, Variant,
    spec::{KernelKind, NanPolicy, RowShape, Select, Semantics},
};
use topkit_lab::{Distribution, SUITE};

/// Kernels of few threads: a stripe is 2048 or 4096 columns, and a row has several.
fn filters<S: Score>(semantics: Semantics) -> Vec<Variant> {
    let variant = |kernel, items, cluster| Variant {
        kernel,
        dtype: S::DTYPE,
        vec_size: 16 / S::DTYPE.bytes(),
        bins: 512,
        threads: 128,
        items,
        cluster,
        semantics,
        program: None,
    };
    vec![
        variant(KernelKind::BlockFilter, 16, 1),
        variant(KernelKind::ClusterFilter, 16, 2),
        variant(KernelKind::BlockFilter, 32, 1),
        variant(KernelKind::ClusterFilter, 32, 3),
        variant(KernelKind::GridFilter, 16, 1),
    ]
}

fn every_distribution<S: Score + Element>() {
    let semantics = Semantics::DEFAULT;
    let kernels: Vec<_> = filters::<S>(semantics).iter().map(load).collect();
    let shapes = [(9001, 300), (5000, 2048), (12_500, 1), (3000, 700), (300, 301)];
    for (turn, distribution) in SUITE.into_iter().enumerate() {
        // Each shape runs with each kernel, with one distribution or another.
        for (shape, (columns, k)) in shapes.into_iter().enumerate() {
            let kernel = &kernels[(turn + shape) % kernels.len()];
            let layout = [ALIGNED, Layout { offset: 3, gap: 1 }][(turn / 5 + shape) % 2];
            let rows = if (turn + shape) % 3 == 0 { 2 } else { 1 };
            let seed = (turn * shapes.len() + shape) as u64;
            let case = Case::<S>::new(distribution, seed, rows, columns, layout);
            case.check::<i32>(kernel, rows, k, None, seed);
        }
    }
}

#[test]
fn f32_is_exact() {
    every_distribution::<f32>();
}

#[test]
fn bf16_is_exact() {
    every_distribution::<bf16>();
}

#[test]
fn f16_is_exact() {
    every_distribution::<f16>();
}

/// Whether a column holds one of the best scores.
type IsBest = fn(usize) -> bool;

/// Winners that are neighbours or far apart, so that a CTA has none of them or all.
#[test]
fn a_guess_that_fails_costs_no_winner() {
    let semantics = Semantics::DEFAULT;
    let columns = 12_288;
    let patterns: [(&str, IsBest); 4] = [
        ("a chunk in six", |column| column / 64 % 6 == 1),
        ("one run", |column| (5000..5700).contains(&column)),
        ("every sixth vector", |column| column / 8 % 6 == 0),
        ("all but the head", |column| column > 6000),
    ];
    let kernels: Vec<_> = filters::<f32>(semantics).iter().map(load).collect();
    for (name, best) in patterns {
        for close in [false, true] {
            let scores: Vec<f32> = (0..columns)
                .map(|column| {
                    let noise = (column * 2_654_435_761 % 1009) as f32;
                    let spread = if close { 1e-3 } else { 1.0 };
                    f32::from(u8::from(best(column))) * 2000.0 + noise * spread
                })
                .collect();
            let case = Case::of(name, &scores, 1, columns, ALIGNED);
            for kernel in &kernels {
                for k in [64, 700] {
                    case.check::<i32>(kernel, 1, k, None, 7);
                }
            }
        }
    }
}

/// The best score occurs about k times, so that its ties decide whether there are k candidates.
#[test]
fn a_best_score_of_about_k_columns_is_exact() {
    let semantics = Semantics::DEFAULT;
    let (columns, k) = (12_288, 1500);
    let kernels: Vec<_> = filters::<bf16>(semantics).iter().map(load).collect();
    for (turn, best) in [k - 1, k, k + 1, 2 * k, 4 * k].into_iter().enumerate() {
        for (name, top) in [("a number", bf16::from_f32(9.0)), ("NaN", bf16::NAN)] {
            // Each of the best columns is drawn once: 2731 and 12288 have no common factor.
            let mut scores: Vec<bf16> = (0..columns)
                .map(|column| bf16::from_f32((column * 37 % 101) as f32 / 64.0))
                .collect();
            (0..best).for_each(|i| scores[i * 2731 % columns] = top);
            let case = Case::of(name, &scores, 1, columns, ALIGNED);
            for kernel in [turn, turn + 1].map(|turn| &kernels[turn % kernels.len()]) {
                case.check::<i32>(kernel, 1, k as u32, None, 7);
            }
        }
    }
}

/// Rows of one stripe, of which more or fewer scores than half win.
#[test]
fn rows_of_one_stripe_are_exact() {
    for variant in filters::<f32>(Semantics::DEFAULT) {
        let kernel = load(&variant);
        for columns in [1025, 1030, 1500, 2000] {
            for distribution in [Distribution::Normal, Distribution::Ascending] {
                let case = Case::<f32>::new(distribution, 11, 2, columns, ALIGNED);
                for k in [columns as u32 / 3, 1024] {
                    case.check::<i32>(&kernel, 2, k, None, 11);
                }
            }
        }
    }
}

#[test]
fn every_meaning_of_the_order_is_exact() {
    for &select in Select::ALL {
        for &nan in NanPolicy::ALL {
            let semantics = Semantics { select, nan, ..Semantics::DEFAULT };
            for variant in &filters::<bf16>(semantics)[..2] {
                let kernel = load(variant);
                for distribution in [Distribution::Normal, Distribution::Nan, Distribution::Masked]
                {
                    let case = Case::<bf16>::new(distribution, 3, 1, 9001, ALIGNED);
                    case.check::<i32>(&kernel, 1, 500, None, 3);
                }
            }
        }
    }
}

#[test]
fn ragged_rows_are_cut_by_their_real_lengths() {
    let semantics = Semantics { rows: RowShape::Ragged, ..Semantics::DEFAULT };
    let starts = [0, 1, 8999, 3, 0, 17];
    let lengths = [9001, 9000, 40, 5000, 0, 4097];
    for variant in filters::<bf16>(semantics) {
        let kernel = load(&variant);
        let case =
            Case::<bf16>::new(Distribution::Normal, 9, 6, 9001, Layout { offset: 1, gap: 3 });
        case.check::<i32>(&kernel, 6, 100, Some((&starts, &lengths)), 5);
    }
}
