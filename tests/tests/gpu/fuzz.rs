//! Ten million rows of special scores, at random but from fixed seeds: every kernel, score type, end of
//! the order and NaN policy, dense and ragged rows, every order with values and counts. `TOPKIT_FUZZ_ROWS` sets another number of rows.
//!
//! A row counts for each selection from it. Rows are of at most [`COLUMNS`] columns and kernels of few
//! threads, so that a row is several stripes of a filter. Threads take one matrix after another: each
//! makes it, ranks its rows once, and has every kernel select from it with several k.

use crate::device::{Case, Element, Layout, engine, number_of, on, on_every_core, whole_selector};
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Instant;
use topkit::{
    DType, Score, Selector, Variant,
    spec::{KernelKind, NanPolicy, Order, RowShape, Select, Semantics, Ties},
    with_score,
};
use topkit_lab::Rng;
use topkit_tests::fuzz;

const ROWS: usize = 10_000_000;
/// Rows of a matrix, at most.
const MATRIX: usize = 2048;
const COLUMNS: usize = 8192;
/// The widest matrix of each turn. The resident kernels serve up to 2048 columns.
const WIDTHS: [usize; 6] = [2048, COLUMNS, 300, 4500, 1024, 40];
/// Of the k of a matrix, one of each.
const KS: [[u32; 3]; 4] = [[1, 2, 8], [17, 33, 64], [100, 300, 512], [700, 1500, 2048]];
/// No more faults than these are named.
const MOST_FAULTS: usize = 20;

/// A selector of one meaning, and in it one variant of each kernel and score type.
struct Subject {
    selector: Selector,
    variants: Vec<Variant>,
}

fn subjects() -> Vec<Subject> {
    let of_meaning = |(turn, semantics): (usize, Semantics)| {
        let selector = whole_selector(semantics);
        let variants = selector.spec().variants();
        let variants = KernelKind::ALL.iter().flat_map(|&kernel| {
            let variants = &variants;
            let served = DType::ALL.into_iter().filter(move |&dtype| {
                kernel.serves(dtype) && (kernel != KernelKind::BlockCodes || dtype == DType::Bf16)
            });
            served.map(move |dtype| small(variants, kernel, dtype, turn))
        });
        Subject { variants: variants.collect(), selector }
    };
    meanings().into_iter().enumerate().map(of_meaning).collect()
}

/// Either end of the order with both NaN policies and kinds of rows, and a rule for ties; then each order with
/// values and counts.
fn meanings() -> Vec<Semantics> {
    let mut meanings = Vec::new();
    for &select in Select::ALL {
        for &nan in NanPolicy::ALL {
            for rows in [RowShape::Dense, RowShape::Ragged] {
                // Three rules go round with eight meanings.
                let ties = Ties::ALL[meanings.len() % Ties::ALL.len()];
                meanings.push(Semantics { select, nan, ties, rows, ..Semantics::DEFAULT });
            }
        }
    }
    for (place, &order) in Order::ALL.iter().enumerate() {
        let plain = meanings[(3 * place + 1) % meanings.len()];
        meanings.push(Semantics { order, values: true, count: true, ..plain });
    }
    meanings
}

/// A variant of few threads. Sizes that a kernel has in several go round with the turn.
fn small(variants: &[Variant], kernel: KernelKind, dtype: DType, turn: usize) -> Variant {
    // Some kernels have one number of bins, and a warp's row is shorter.
    let (threads, bins, most) = match kernel {
        KernelKind::WarpResident => (128, 2048, 1024),
        KernelKind::ClusterRadix => (512, 2048, 2048),
        _ => (128, 512, 2048),
    };
    let fits = |v: &&Variant| {
        (v.kernel, v.dtype, v.threads, v.bins) == (kernel, dtype, threads, bins)
            && v.vec_size == 16 / dtype.bytes()
            && v.capacity().is_none_or(|capacity| capacity == most.max(least_capacity(v)))
            && (v.capacity().is_some() || v.cluster <= 4)
    };
    let all: Vec<&Variant> = variants.iter().filter(fits).collect();
    assert!(!all.is_empty(), "no small variant of {} for {dtype}", kernel.name());
    *all[turn % all.len()]
}

/// The least that the CTAs of a cluster hold: a load of 16 bytes each thread.
fn least_capacity(variant: &Variant) -> u32 {
    let ctas = if variant.kernel == KernelKind::ClusterResident { 2 } else { 0 };
    ctas * variant.threads * variant.vec_size
}

/// Compiles all on every core.
fn compile(subjects: &[Subject]) -> usize {
    let all: Vec<(&Selector, &Variant)> = subjects
        .iter()
        .flat_map(|subject| subject.variants.iter().map(|variant| (&subject.selector, variant)))
        .collect();
    let next = AtomicUsize::new(0);
    on_every_core(|| {
        while let Some((selector, variant)) = all.get(next.fetch_add(1, Ordering::Relaxed)) {
            selector.artifact(variant).unwrap_or_else(|error| panic!("{variant}: {error}"));
        }
    });
    all.len()
}

/// Rows selected from and scores made.
#[derive(Default)]
struct Tally {
    rows: AtomicUsize,
    scores: AtomicUsize,
    faults: Mutex<Vec<String>>,
}

/// Every kernel of a score type on the matrix of that number.
fn matrix<S: Score + Element>(subject: &Subject, number: usize, tally: &Tally) {
    let Subject { selector, variants } = subject;
    let mut rng = Rng::new(number as u64);
    let widest = WIDTHS[number / 24 % WIDTHS.len()];
    let columns = widest / 2 + 1 + rng.below(widest as u32 / 2) as usize;
    let rows = MATRIX;
    let scores = fuzz::matrix::<S>(&mut rng, rows, columns);
    let layout = Layout { offset: rng.below(8) as usize, gap: rng.below(3) as usize };
    let case = Case::of("scores", &scores, rows, columns, layout);
    drop(scores);
    let ragged = selector.spec().semantics.rows == RowShape::Ragged;
    let spans = ragged.then(|| fuzz::spans(&mut rng, rows, columns));
    let spans = spans.as_ref().map(|(starts, lengths)| (&starts[..], &lengths[..]));
    tally.scores.fetch_add(rows * columns, Ordering::Relaxed);
    let serves = |v: &&Variant| {
        v.dtype == S::DTYPE && v.capacity().is_none_or(|most| columns <= most as usize)
    };
    for variant in variants.iter().filter(serves) {
        for ks in KS {
            let k = ks[rng.below(ks.len() as u32) as usize];
            if let Some(fault) = case.fault::<i32>(&on(selector, variant), rows, k, spans, 0) {
                tally.faults.lock().unwrap().push(format!("matrix {number}: {fault}"));
            }
            tally.rows.fetch_add(rows, Ordering::Relaxed);
        }
    }
}

#[test]
fn special_rows_are_exact() {
    let most = number_of("TOPKIT_FUZZ_ROWS", ROWS);
    let begun = Instant::now();
    engine();
    let subjects = subjects();
    let kernels = compile(&subjects);
    let compiled = begun.elapsed().as_secs();
    let (next, tally) = (AtomicUsize::new(0), Tally::default());
    on_every_core(|| {
        // Every subject with every score type has its turn, then each again with wider rows.
        let goes_on = || {
            tally.rows.load(Ordering::Relaxed) < most
                && tally.faults.lock().unwrap().len() < MOST_FAULTS
        };
        while goes_on() {
            let number = next.fetch_add(1, Ordering::Relaxed);
            let subject = &subjects[number % subjects.len()];
            let dtype = DType::ALL[number / subjects.len() % DType::ALL.len()];
            with_score!(dtype, S => matrix::<S>(subject, number, &tally));
        }
    });
    let Tally { rows, scores, faults } = tally;
    println!(
        "{} selections from {} rows, which have {} scores; {kernels} variants of {} kernels, \
         {} meanings, {} dtypes; {compiled} s to compile, {} s in all",
        rows.load(Ordering::Relaxed),
        next.into_inner() * MATRIX,
        scores.into_inner(),
        KernelKind::ALL.len(),
        subjects.len(),
        DType::ALL.len(),
        begun.elapsed().as_secs()
    );
    let faults = faults.into_inner().unwrap();
    assert!(faults.is_empty(), "{} launches wrong:\n{}", faults.len(), faults.join("\n"));
    assert!(rows.into_inner() >= most, "the fuzz ended early");
}
