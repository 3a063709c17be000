//! The exactness suite on a GPU, and the matrix of the contract: every dtype, vector width, length, k, row
//! count, alignment and distribution, each answer equal to the oracle's at zero tolerance.

use crate::device::{
    Case, Element, Gpu, Kernel, Layout, compile, on, selecting, variants, whole_selector,
};
use half::{bf16, f16};
use std::collections::{HashMap, HashSet};
use std::time::Instant;
use topkit::{
    DType, Score, Selector, Variant,
    spec::{RowShape, Semantics},
};
use topkit_lab::{Distribution, SUITE};
use topkit_tests::exactness::Suite;
use topkit_tests::{cases, exactness_suite};

const LENGTHS: [usize; 10] = [1, 7, 511, 512, 513, 8191, 16384, 16385, 100_003, 262_144];
const KS: [u32; 6] = [1, 2, 64, 512, 777, 2048];
const ROWS: [usize; 3] = [1, 3, 33];
/// An aligned matrix, and one whose rows all begin at different alignments.
const LAYOUTS: [Layout; 2] = [Layout { offset: 0, gap: 0 }, Layout { offset: 3, gap: 1 }];

const WIDTHS: [u32; 4] = [1, 2, 4, 8];

fn every_distribution<S: Score + Element>() {
    let start = Instant::now();
    let selector = whole_selector(Semantics::DEFAULT);
    let mut all: Vec<Variant> = LENGTHS
        .into_iter()
        .flat_map(|columns| WIDTHS.map(|vec_size| variants(&selector, S::DTYPE, vec_size, columns)))
        .flatten()
        .collect();
    let mut seen = HashSet::new();
    all.retain(|variant| seen.insert(*variant));
    compile(&selector, &all);
    let compiled = start.elapsed().as_secs();
    let launched: Vec<Vec<Variant>> = std::thread::scope(|scope| {
        let walk = |(first, distribution)| {
            let selector = &selector;
            scope.spawn(move || every_case::<S>(selector, distribution, first))
        };
        let walks: Vec<_> = SUITE.into_iter().enumerate().map(walk).collect();
        walks.into_iter().map(|walk| walk.join().unwrap()).collect()
    });
    let launches: usize = launched.iter().map(Vec::len).sum();
    let launched: HashSet<Variant> = launched.into_iter().flatten().collect();
    assert_eq!(launched.len(), all.len(), "some are never launched");
    println!(
        "{}: {launches} launches of {} kernels exact; {compiled} s to compile, {} s in all",
        S::DTYPE,
        all.len(),
        start.elapsed().as_secs()
    );
}

/// The variants that were launched. Each distribution begins at another variant, so that every variant is
/// launched.
fn every_case<S: Score + Element>(
    selector: &Selector,
    distribution: Distribution,
    first: usize,
) -> Vec<Variant> {
    let mut launched = Vec::new();
    for (seed, columns) in LENGTHS.into_iter().enumerate() {
        let variants = WIDTHS.map(|vec_size| variants(selector, S::DTYPE, vec_size, columns));
        let scores = distribution.fill::<S>(seed as u64, 33, columns);
        for layout in LAYOUTS {
            let case = Case::<S>::of("scores", &scores, 33, columns, layout);
            let beyond = columns as u32 + 5;
            for k in KS.into_iter().chain([beyond]) {
                let variants = variants.each_ref().map(|variants| selecting(variants, k));
                for rows in ROWS {
                    for variants in &variants {
                        // The variants of each width take turns. The widest has the resident kernels
                        // too, so five of its variants run here.
                        let turns = if variants.len() > 6 { 5 } else { 1 };
                        for _ in 0..turns {
                            let variant = variants[(first + launched.len()) % variants.len()];
                            case.check::<i32>(&on(selector, &variant), rows, k, None, 0);
                            launched.push(variant);
                        }
                    }
                }
            }
        }
    }
    println!("{} {distribution}: {} launches exact", S::DTYPE, launched.len());
    launched
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

#[test]
fn f64_is_exact() {
    every_distribution::<f64>();
}

impl Suite for Gpu {
    const MEANINGS: (usize, usize, &'static [u32]) = (10_000, 9, &[1, 100, 2048, 10_001]);
    const EVERY_K: bool = true;
    const RAGGED: (usize, &'static [u32]) = (20_000, &[1, 512, 2048]);

    fn most_rows(_: &cases::Case, _: u32) -> usize {
        usize::MAX
    }

    fn kernels(dtype: DType, semantics: Semantics, columns: usize) -> Vec<Kernel> {
        let selector = whole_selector(semantics);
        let mut all = match semantics.rows {
            RowShape::Dense => variants(&selector, dtype, 16 / dtype.bytes(), columns),
            // Shards are in the cover, and in tests of their own.
            RowShape::Ragged | RowShape::Shards => {
                WIDTHS.map(|width| variants(&selector, dtype, width, columns)).concat()
            }
        };
        all.retain(|v| {
            semantics.rows == RowShape::Ragged || v.capacity().is_some() || v.bins == 2048
        });
        compiled(&selector, &all)
    }

    /// The filters, and two sizes of each other kernel.
    fn kernels_of_case(dtype: DType, case: &cases::Case) -> Vec<Kernel> {
        let selector = whole_selector(case.semantics());
        let mut few = variants(&selector, dtype, 16 / dtype.bytes(), case.columns);
        let mut seen = HashMap::new();
        few.retain(|variant| {
            let before = seen.entry(variant.kernel).or_insert(0);
            *before += 1;
            variant.kernel.filters() || *before <= 2
        });
        compiled(&selector, &few)
    }

    fn selects(kernel: &Kernel, k: u32) -> bool {
        kernel.variant.kernel.most_k().is_none_or(|most| k <= most)
    }
}

fn compiled(selector: &Selector, variants: &[Variant]) -> Vec<Kernel> {
    compile(selector, variants);
    variants.iter().map(|variant| on(selector, variant)).collect()
}

exactness_suite!(Gpu);
