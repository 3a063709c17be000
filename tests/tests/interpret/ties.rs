//! `ties: lowest_index` and `highest_index` in every kernel, on rows of few distinct scores: each kernel writes the
//! one set that the rule allows, so all kernels, sizes and schedules agree. And with `batch_invariant` the answer of a
//! row, order included, depends on the row alone.

use crate::case::{
    ALIGNED, Case, Element, Inputs, Layout, MOST_COLUMNS, STORED, codes, each_kernel, interpreter,
    load, most_columns, variant,
};
use topkit::host::Rows;
use topkit::inspect::RenderedSource;
use topkit::interpret::{Kernel, Word};
use topkit::spec::{NanPolicy, Order, RowShape, Select, Semantics, Ties};
use topkit::{DType, Score, Variant, with_score};
use topkit_lab::Rng;
use topkit_tests::rendered;

/// Every kernel with either rule, and without keys that leave another row or another k: NaN is the worst, at either end
/// of the order. Score types and the rows go round.
fn ruled() -> Vec<Variant> {
    let of_rule = |(turn, ties): (usize, Ties)| {
        let semantics = move |index: usize| Semantics {
            ties,
            select: Select::ALL[turn],
            nan: NanPolicy::ALL[1 - turn],
            rows: RowShape::ALL[(turn + index / 4) % 2],
            ..Semantics::DEFAULT
        };
        let others = (0..8).map(move |index| {
            let dtype = STORED[(turn + index) % STORED.len()];
            each_kernel(dtype, semantics(index))[index]
        });
        others.chain([
            codes(DType::Bf16, 128, 16, semantics(8)),
            variant(DType::F64, 2, 512, 128, semantics(9)),
        ])
    };
    let rules = [Ties::LowestIndex, Ties::HighestIndex];
    rules.into_iter().enumerate().flat_map(of_rule).collect()
}

/// A score of a row, by its place from 0 to 1.
type MakeScore = fn(&mut Rng, f32) -> f32;

/// Rows of few distinct scores, by name.
const KINDS: [(&str, MakeScore); 8] = [
    ("equal", |_, _| 1.5),
    ("zeros of both signs", |rng, _| [0.0, -0.0][rng.below(2) as usize]),
    ("two scores", |rng, _| [1.0, 2.0][rng.below(2) as usize]),
    ("the worst, and one in 40 better", |rng, _| [-1.0, 1.0][usize::from(rng.one_in(40))]),
    ("four scores, one of them in the first half alone", |rng, place| {
        let score = rng.below(4) as f32;
        if score == 3.0 && place >= 0.5 { 0.0 } else { score }
    }),
    ("winners at either end, equal between", |_, place| {
        if (0.01..0.99).contains(&place) { 3.0 } else { (place * 10.0).floor() }
    }),
    ("NaN and infinities", |rng, _| {
        [f32::NAN, f32::INFINITY, f32::NEG_INFINITY, -f32::NAN][rng.below(4) as usize]
    }),
    ("beyond the halves", |rng, _| [70_000.0, 90_000.0, -90_000.0][rng.below(3) as usize]),
];

fn row<S: Score>(kind: usize, seed: u64, columns: usize) -> Vec<S> {
    let rng = &mut Rng::new(seed);
    let score = |column| S::from_f32(KINDS[kind].1(rng, column as f32 / columns as f32));
    (0..columns).map(score).collect()
}

fn on_few_scores<S: Score + Element>(variant: &Variant, wrong: &mut Vec<String>) {
    let kernel = load(variant);
    let columns = most_columns(variant, 3 * MOST_COLUMNS + 3) - 3;
    for (kind, (name, _)) in KINDS.iter().enumerate() {
        let layout = [ALIGNED, Layout { offset: 3, gap: 1 }][kind % 2];
        let scores = row::<S>(kind, kind as u64, columns);
        let case = Case::<S>::of(name, &scores, 1, columns, layout);
        for (turn, k) in [60, 700].into_iter().enumerate() {
            let turn = (2 * kind + turn) as u64;
            wrong.extend(case.fault_given(&kernel, 1, k, &Inputs::default(), turn));
        }
    }
}

#[test]
fn every_kernel_writes_the_one_set_of_a_rule() {
    let wrong: Vec<String> = std::thread::scope(|scope| {
        let work = |variant: Variant| {
            scope.spawn(move || {
                let mut wrong = Vec::new();
                with_score!(variant.dtype, S => on_few_scores::<S>(&variant, &mut wrong));
                wrong
            })
        };
        let workers: Vec<_> = ruled().into_iter().map(work).collect();
        workers.into_iter().flat_map(|worker| worker.join().unwrap()).collect()
    });
    assert!(wrong.is_empty(), "{} wrong:\n{}", wrong.len(), wrong.join("\n"));
}

/// The answer of one row, as it was written.
fn answer<S: Score + Word>(kernel: &Kernel, rows: &Rows<'_, S>, row: usize) -> Vec<i32> {
    let got: Vec<i32> = kernel.select(rows, K).unwrap_or_else(|fault| panic!("{fault}"));
    got[row * K as usize..][..K as usize].to_vec()
}

const K: u32 = 300;

/// A row alone, among others, and within a wider row.
fn depends_on_the_row<S: Score + Word>(variant: &Variant) {
    let kernel = load(variant);
    let columns = most_columns(variant, 3 * MOST_COLUMNS) - 40;
    for kind in 2..5 {
        let own = row::<S>(kind, 1, columns);
        let alone = answer(&kernel, &Rows::host(&own, 1, columns), 0);
        let others = [row(0, 2, columns), own.clone(), row(3, 4, columns)].concat();
        let others = Rows::host(&others, 3, columns);
        assert_eq!(answer(&kernel.clone().seed(1), &others, 1), alone, "{variant}, {kind}");
        // Scores that would win are before the row and after it.
        let best = S::from_f32(f32::NAN);
        let wide = [&[best; 5][..], &own, &[best; 3]].concat();
        let (starts, lengths) = ([5], [columns as i32]);
        let rows = Rows::host(&wide, 1, columns + 8).starts(&starts).lengths(&lengths);
        assert_eq!(answer(&kernel.clone().seed(2), &rows, 0), alone, "{variant}, {kind}");
    }
}

#[test]
fn a_batch_invariant_answer_depends_on_its_row_alone() {
    std::thread::scope(|scope| {
        // The rules and the orders go round.
        for (turn, ruled) in ruled().into_iter().step_by(2).enumerate() {
            let order = [Order::ByValue, Order::ByIndex][turn % 2];
            let ties = [Ties::LowestIndex, Ties::HighestIndex][turn / 2 % 2];
            let Semantics { select, nan, .. } = ruled.semantics;
            let rows = RowShape::Ragged;
            let plain = Semantics { select, nan, ties, rows, ..Semantics::DEFAULT };
            let semantics = Semantics { order, batch_invariant: true, ..plain };
            let variant = Variant { semantics, ..ruled };
            scope.spawn(move || with_score!(variant.dtype, S => depends_on_the_row::<S>(&variant)));
        }
    });
}

/// A filter without its rescan is still right on these rows: ties by a rule cost no rescan.
#[test]
fn rows_of_few_scores_need_no_rescan() {
    const RESCAN: &str = "start_rescan(shared, part, 0);";
    std::thread::scope(|scope| {
        for variant in ruled().into_iter().filter(|variant| variant.kernel.filters()) {
            scope.spawn(move || {
                let source = rendered(&variant);
                assert_eq!(source.text.matches(RESCAN).count(), 1);
                let text = source.text.replace(RESCAN, "start_rescan(shared, part, 0); return;");
                let kernel = interpreter().load(&RenderedSource { text, ..source }).unwrap();
                with_score!(variant.dtype, S => level::<S>(&kernel));
            });
        }
    });
}

fn level<S: Score + Element>(kernel: &Kernel) {
    let columns = 4 * MOST_COLUMNS;
    for (kind, (name, _)) in KINDS.iter().enumerate() {
        let case = Case::<S>::of(name, &row::<S>(kind, 9, columns), 1, columns, ALIGNED);
        let fault = case.fault_given(kernel, 1, [60, 700][kind % 2], &Inputs::default(), 0);
        assert_eq!(fault, None);
    }
}
