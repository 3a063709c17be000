//! Determinism under load: with a rule for `ties` and an `order`, the answer for a row is the same to the last byte in
//! each of a thousand launches, whatever the other rows are, however many, and while another stream keeps the GPU busy.
//! With `ties: any` the scores of the winners are the same.
//!
//! The answer that each launch must give is the host's, which is the only one.

use crate::device::{Element, engine, new_stream, on_every_core, whole_selector};
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::Instant;
use topkit::cudarc::driver::{CudaSlice, DevicePtr, DevicePtrMut};
use topkit::host::{self, Selection};
use topkit::{
    DType, Problem, RawLaunch, Rows, Score, Selector, Variant,
    spec::{KernelKind, NanPolicy, Order, Select, Semantics, Ties},
    with_score,
};
use topkit_lab::{Distribution, Rng};
use topkit_tests::fuzz;

const LAUNCHES: usize = 1000;
const K: u32 = 300;
/// Columns of a row, at most; resident kernels have as many as they hold.
const COLUMNS: usize = 20_000;
/// Rows under test, which have their turns.
const OWN: usize = 4;
/// Rows that are beside the row under test, and rows of a launch, at most.
const OTHERS: usize = 96;
const ROWS: usize = 48;
/// Rows, columns and k of the launches that keep the GPU busy: many short rows, some, one.
const LOAD: [(usize, usize, u32); 3] = [(4000, 2000, 64), (64, 40_000, 300), (1, 1 << 20, 1000)];

/// A variant under test, in a selector of its semantics.
struct Subject {
    selector: Selector,
    variant: Variant,
}

/// Every kernel with each rule for ties in each order, and with `ties: any` sorted and not. Dtypes, sizes, ends of the
/// order and NaN policies go round.
fn subjects() -> Vec<Subject> {
    let (any, low, high) = (Ties::Any, Ties::LowestIndex, Ties::HighestIndex);
    let rules = [
        (low, Order::ByValue),
        (high, Order::ByIndex),
        (low, Order::ByIndex),
        (high, Order::ByValue),
        (any, Order::Unsorted),
        (any, Order::ByValue),
    ];
    let mut subjects = Vec::new();
    for (turn, (ties, order)) in rules.into_iter().enumerate() {
        let (select, nan) = (Select::ALL[turn % 2], NanPolicy::ALL[turn / 2 % 2]);
        let (values, count) = (true, true);
        let semantics = Semantics { select, nan, ties, order, values, count, ..Semantics::DEFAULT };
        let selector = whole_selector(semantics);
        let variants = selector.spec().variants();
        for (place, &kernel) in KernelKind::ALL.iter().enumerate() {
            let of = |variant: &&Variant| variant.kernel == kernel;
            let served = |dtype: &DType| variants.iter().filter(of).any(|v| v.dtype == *dtype);
            let served: Vec<DType> = DType::ALL.into_iter().filter(served).collect();
            let dtype = served[(turn + place) % served.len()];
            let fits = |variant: &&Variant| {
                let problem = Problem::new(dtype, ROWS, columns(variant), K);
                variant.dtype == dtype
                    && variant.capacity().is_none_or(|most| most >= 2 * K)
                    && selector.plan_variant(&problem, variant).is_ok()
            };
            let all: Vec<_> = variants.iter().filter(of).filter(fits).collect();
            assert!(!all.is_empty(), "no variant of {} for {dtype}", kernel.name());
            let variant = *all[(turn * all.len() / rules.len() + place) % all.len()];
            subjects.push(Subject { selector: selector.clone(), variant });
        }
    }
    subjects
}

/// Columns of the rows of a variant: not a multiple of anything.
fn columns(variant: &Variant) -> usize {
    variant.capacity().map_or(COLUMNS, |most| COLUMNS.min(most as usize)) - 3
}

/// The answers for the row under test, launch after launch.
struct Answers<S> {
    indices: Vec<i32>,
    values: Vec<S>,
    counts: Vec<i32>,
}

/// Launches one variant a thousand times.
fn answers<S: Score + Element>(
    Subject { selector, variant }: &Subject,
    own: &[S],
    rng: &mut Rng,
) -> Answers<S> {
    let (columns, k) = (columns(variant), K as usize);
    let stream = new_stream();
    let others = stream.clone_htod(&fuzz::matrix::<S>(rng, OTHERS, columns)).unwrap();
    let own = stream.clone_htod(own).unwrap();
    let mut scores = stream.clone_dtod(&others).unwrap();
    let mut indices = stream.alloc_zeros::<i32>(ROWS * k).unwrap();
    let mut values = stream.clone_htod(&vec![S::FILL; ROWS * k]).unwrap();
    let mut counts = stream.alloc_zeros::<i32>(ROWS).unwrap();
    let mut all_indices = stream.alloc_zeros::<i32>(LAUNCHES * k).unwrap();
    let mut all_values = stream.clone_htod(&vec![S::FILL; LAUNCHES * k]).unwrap();
    let mut all_counts = stream.alloc_zeros::<i32>(LAUNCHES).unwrap();
    let bytes = |rows| {
        let problem = Problem::new(S::DTYPE, rows, columns, K);
        selector.plan_variant(&problem, variant).unwrap().workspace_bytes
    };
    let workspace_bytes = (1..=ROWS).map(bytes).max().unwrap_or(0);
    let mut workspace = stream.alloc_zeros::<u8>(workspace_bytes.max(1)).unwrap();
    for launch in 0..LAUNCHES {
        let rows = 1 + rng.below(ROWS as u32) as usize;
        let first = rng.below((OTHERS - rows) as u32) as usize;
        let place = rng.below(rows as u32) as usize;
        let turn = launch % OWN;
        let row = (first + place) * columns..(first + place + 1) * columns;
        let own = own.slice(turn * columns..(turn + 1) * columns);
        stream.memcpy_dtod(&own, &mut scores.slice_mut(row.clone())).unwrap();
        {
            let (scores, _scores) = scores.device_ptr(&stream);
            let (indices, _indices) = indices.device_ptr_mut(&stream);
            let (values, _values) = values.device_ptr_mut(&stream);
            let (counts, _counts) = counts.device_ptr_mut(&stream);
            let (workspace, _workspace) = workspace.device_ptr_mut(&stream);
            let launch = RawLaunch::new(S::DTYPE, rows, columns, K)
                .scores(scores + (first * columns * size_of::<S>()) as u64)
                .indices(indices)
                .values(values)
                .counts(counts)
                .workspace(workspace, workspace_bytes);
            // SAFETY: the buffers are as long as the shape says and outlive the copies below.
            unsafe { selector.launch_variant(stream.cu_stream(), &launch, variant) }.unwrap();
        }
        let (from, to) = (place * k..(place + 1) * k, launch * k..(launch + 1) * k);
        let into = &mut all_indices.slice_mut(to.clone());
        stream.memcpy_dtod(&indices.slice(from.clone()), into).unwrap();
        stream.memcpy_dtod(&values.slice(from), &mut all_values.slice_mut(to)).unwrap();
        let into = &mut all_counts.slice_mut(launch..launch + 1);
        stream.memcpy_dtod(&counts.slice(place..place + 1), into).unwrap();
        stream.memcpy_dtod(&others.slice(row.clone()), &mut scores.slice_mut(row)).unwrap();
    }
    Answers {
        indices: stream.clone_dtoh(&all_indices).unwrap(),
        values: stream.clone_dtoh(&all_values).unwrap(),
        counts: stream.clone_dtoh(&all_counts).unwrap(),
    }
}

/// What differs in the first launch whose answer is not the host's.
fn fault<S: Score + Element>(subject: &Subject, number: u64) -> Option<String> {
    let (variant, k) = (&subject.variant, K as usize);
    let semantics = variant.semantics;
    let mut rng = Rng::new(number);
    let columns = columns(variant);
    let own = fuzz::matrix::<S>(&mut rng, OWN, columns);
    let right = host::top_k::<S, i32>(&host::Rows::host(&own, OWN, columns), K, &semantics);
    let Selection { indices, values, counts, .. } = right.unwrap();
    let (values, counts) = (values.unwrap(), counts.unwrap());
    let answers = answers::<S>(subject, &own, &mut rng);
    let bits = |values: &[S]| values.iter().map(|value| value.to_bits()).collect::<Vec<_>>();
    // Any of equal scores may win, a zero of either sign and a NaN of any bits.
    let ranks = |values: &[S]| {
        let mut ranks: Vec<_> =
            values.iter().map(|value| value.ordered_key(semantics.nan)).collect();
        ranks.sort_unstable();
        ranks
    };
    (0..LAUNCHES).find_map(|launch| {
        let (own, got) = (launch % OWN * k, launch * k);
        let (own, got) = (own..own + k, got..got + k);
        let is_same = answers.counts[launch] == counts[launch % OWN]
            && match semantics.ties {
                Ties::Any => ranks(&answers.values[got.clone()]) == ranks(&values[own.clone()]),
                _ => {
                    answers.indices[got.clone()] == indices[own.clone()]
                        && bits(&answers.values[got.clone()]) == bits(&values[own.clone()])
                }
            };
        let place = (0..k).find(|at| answers.indices[got.start + at] != indices[own.start + at]);
        (!is_same).then(|| {
            format!("{variant}: launch {launch} differs; the first other index is at {place:?}")
        })
    })
}

/// Ends the load when the test ends, even by a panic.
struct Ends<'a>(&'a AtomicBool);

impl Drop for Ends<'_> {
    fn drop(&mut self) {
        self.0.store(true, Ordering::Relaxed);
    }
}

/// Other selections on a stream of their own, again and again until the end. Counts them.
fn keep_busy(ends: &AtomicBool, launched: &AtomicUsize) {
    let (selector, stream) = (whole_selector(Semantics::DEFAULT), new_stream());
    let mut loads = LOAD.map(|(rows, columns, k)| {
        let scores = Distribution::Normal.fill::<f32>(1, rows, columns);
        let scores = stream.clone_htod(&scores).unwrap();
        let indices: CudaSlice<i32> = stream.alloc_zeros(rows * k as usize).unwrap();
        (rows, columns, k, scores, indices)
    });
    while !ends.load(Ordering::Relaxed) {
        for (rows, columns, k, scores, indices) in &mut loads {
            let rows = Rows::new(scores, *rows, *columns);
            selector.launch(&stream, &rows, *k, indices).unwrap();
            launched.fetch_add(1, Ordering::Relaxed);
        }
        stream.synchronize().unwrap();
    }
}

/// Compiles all on every core.
fn compile(subjects: &[Subject]) {
    let next = AtomicUsize::new(0);
    on_every_core(|| {
        while let Some(Subject { selector, variant }) =
            subjects.get(next.fetch_add(1, Ordering::Relaxed))
        {
            selector.artifact(variant).unwrap_or_else(|error| panic!("{variant}: {error}"));
        }
    });
}

#[test]
fn answers_are_the_same_under_load() {
    let begun = Instant::now();
    engine();
    let subjects = subjects();
    compile(&subjects);
    let compiled = begun.elapsed().as_secs();
    let (ends, launched) = (AtomicBool::new(false), AtomicUsize::new(0));
    let mut wrong = Vec::new();
    std::thread::scope(|scope| {
        let load = scope.spawn(|| keep_busy(&ends, &launched));
        let _ends = Ends(&ends);
        // Every kernel of the load is compiled then.
        while launched.load(Ordering::Relaxed) < LOAD.len() && !load.is_finished() {
            std::thread::yield_now();
        }
        for (number, subject) in subjects.iter().enumerate() {
            let before = launched.load(Ordering::Relaxed);
            let dtype = subject.variant.dtype;
            wrong.extend(with_score!(dtype, S => fault::<S>(subject, number as u64)));
            let beside = launched.load(Ordering::Relaxed) - before;
            if beside == 0 {
                wrong.push(format!("{}: no launch was beside its own", subject.variant));
            }
        }
    });
    println!(
        "{} variants, {LAUNCHES} launches each, beside {} launches; {compiled} s to compile, {} s in all",
        subjects.len(),
        launched.into_inner(),
        begun.elapsed().as_secs()
    );
    assert!(wrong.is_empty(), "{} variants wrong:\n{}", wrong.len(), wrong.join("\n"));
}
