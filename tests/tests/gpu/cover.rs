//! Combinations of all keys, kernels, dtypes and launches: the pairwise cover, and beside it some hundred sound
//! combinations of the full product, at random from a fixed seed and of any sizes. `TOPKIT_COVER_VARIANTS` sets another
//! number of these.
//!
//! Each is run on special scores, with the indices, the values, the counts, the order and the fill checked. Threads
//! take one combination after another.

use crate::device::{Element, Gpu, Kernel, engine, number_of, on, on_every_core};
use std::collections::HashSet;
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Instant;
use topkit::{Problem, Score, SelectorSpec, with_score};
use topkit_lab::Rng;
use topkit_tests::cover::{Factors, Row, cover};

const SEED: u64 = 16;
/// Combinations beside the cover.
const VARIANTS: usize = 400;
/// Launches of each combination, of its class.
const LAUNCHES: usize = 4;
/// Scores of a launch, about, and its rows, at most.
const SCORES: usize = 200_000;
const ROWS: usize = 64;
/// No more faults than these are named.
const MOST_FAULTS: usize = 20;

/// The row's variant in a selector of its own.
fn kernel_of(row: &Row) -> Kernel {
    on(&engine().selector(SelectorSpec::of(&row.variant)).unwrap(), &row.variant)
}

/// Whether this GPU can run the row: it may lack the clusters or the shared memory.
fn is_planned(kernel: &Kernel) -> bool {
    let problem = Problem::new(kernel.variant.dtype, 1, 1, 1);
    kernel.selector.plan_variant(&problem, &kernel.variant).is_ok()
}

/// The cover, all of which must run, and as many other variants that this GPU can run. Returns the variants that it
/// cannot, too.
fn combinations(others: usize) -> (Vec<(Row, Kernel)>, usize) {
    let mut all: Vec<_> = cover().0.iter().map(|row| (*row, kernel_of(row))).collect();
    let mut variants: HashSet<_> = all.iter().map(|(row, _)| row.variant).collect();
    let (mut rng, mut refused) = (Rng::new(SEED), 0);
    let wanted = all.len() + others;
    while all.len() < wanted {
        let row = Factors::all().random(&mut rng);
        if !variants.insert(row.variant) {
            continue;
        }
        let kernel = kernel_of(&row);
        if is_planned(&kernel) {
            all.push((row, kernel));
        } else {
            refused += 1;
        }
        assert!(refused < 10 * wanted, "this GPU runs few of the variants: {refused} refused");
    }
    (all, refused)
}

/// Compiles all on every core.
fn compile(all: &[(Row, Kernel)]) {
    let next = AtomicUsize::new(0);
    on_every_core(|| {
        while let Some((_, Kernel { selector, variant })) =
            all.get(next.fetch_add(1, Ordering::Relaxed))
        {
            selector.artifact(variant).unwrap_or_else(|error| panic!("{variant}: {error}"));
        }
    });
}

/// The faults of a combination's launches, which are those of its number.
fn faults<S: Score + Element>(row: &Row, kernel: &Kernel, number: usize) -> Vec<String> {
    let mut rng = Rng::new(SEED + number as u64);
    let launch = |_| row.fault::<S, Gpu>(kernel, &mut rng, SCORES, ROWS);
    let faults = (0..LAUNCHES).filter_map(launch);
    faults.map(|fault| format!("combination {number}: {fault}")).collect()
}

#[test]
fn every_combination_is_exact() {
    let others = number_of("TOPKIT_COVER_VARIANTS", VARIANTS);
    let begun = Instant::now();
    let (all, refused) = combinations(others);
    compile(&all);
    let compiled = begun.elapsed().as_secs();
    let (next, done) = (AtomicUsize::new(0), AtomicUsize::new(0));
    let wrong = Mutex::new(Vec::new());
    on_every_core(|| {
        while wrong.lock().unwrap().len() < MOST_FAULTS {
            let number = next.fetch_add(1, Ordering::Relaxed);
            let Some((row, kernel)) = all.get(number) else { break };
            let faults = with_score!(row.variant.dtype, S => faults::<S>(row, kernel, number));
            wrong.lock().unwrap().extend(faults);
            done.fetch_add(1, Ordering::Relaxed);
        }
    });
    println!(
        "{} combinations, {} of them the pairwise cover, {LAUNCHES} launches each; {refused} other variants are not for \
         this GPU; {compiled} s to compile, {} s in all",
        all.len(),
        cover().0.len(),
        begun.elapsed().as_secs()
    );
    let wrong = wrong.into_inner().unwrap();
    assert!(wrong.is_empty(), "{} launches wrong:\n{}", wrong.len(), wrong.join("\n"));
    assert_eq!(done.into_inner(), all.len(), "the run ended early");
}
