//! The three seams of the kernels, each with another part than the plain one, in every kernel: a source that
//! negates and masks, an ordinal that scatters columns, an output of pairs; and all three
//! together. The parts are files of `tests/seams/`.

mod faults;
pub mod rows;

use crate::case::{MOST_COLUMNS, by_warps, codes, each_kernel, interpreter, most_columns};
use rows::Rows;
use topkit::interpret::{Kernel, Word};
use topkit::program::Program;
use topkit::spec::{NanPolicy, Order, RowShape, Select, Semantics};
use topkit::{DType, Score, Variant, inspect::render, with_score};
use topkit_tests::seams::{Parts, with_program};

/// Ragged rows with this order.
pub const fn meaning(select: Select, nan: NanPolicy) -> Semantics {
    Semantics { select, nan, rows: RowShape::Ragged, ..Semantics::DEFAULT }
}

fn load(variant: &Variant, parts: Parts) -> Kernel {
    load_program(variant, parts.program(variant.dtype, &variant.semantics))
}

fn load_program(variant: &Variant, program: Program) -> Kernel {
    let (spec, variant) = with_program(variant, program);
    let source = render(&spec, &variant).unwrap();
    interpreter().load(&source).unwrap_or_else(|error| panic!("{error}"))
}

const MEANINGS: [Semantics; 4] = [
    meaning(Select::Largest, NanPolicy::Highest),
    meaning(Select::Smallest, NanPolicy::Lowest),
    meaning(Select::Largest, NanPolicy::Lowest),
    meaning(Select::Smallest, NanPolicy::Highest),
];

/// The elements, and the parts, of each kernel by its place in [`each_kernel`].
type Programs = [(DType, Parts); 8];

/// Every kernel on random rows. The meanings go round, from the first on.
fn are_exact(programs: Programs, first: usize) {
    let wrong: Vec<String> = std::thread::scope(|scope| {
        let work = |(place, (elements, parts)): (usize, (DType, Parts))| {
            let semantics = MEANINGS[(first + place) % MEANINGS.len()];
            let variant = each_kernel(elements, semantics)[place];
            scope.spawn(move || with_score!(elements, S => wrong::<S>(&variant, parts)))
        };
        let workers: Vec<_> = programs.into_iter().enumerate().map(work).collect();
        workers.into_iter().flat_map(|worker| worker.join().unwrap()).collect()
    });
    assert!(wrong.is_empty(), "{} wrong:\n{}", wrong.len(), wrong.join("\n"));
}

/// What is wrong with the answers of a kernel.
fn wrong<S: Score + Word>(variant: &Variant, parts: Parts) -> Vec<String> {
    let kernel = load(variant, parts);
    let most = most_columns(variant, 3 * MOST_COLUMNS);
    let mut wrong = Vec::new();
    for turn in 0..6 {
        let rows = Rows::<S>::random(turn, 3, most - turn);
        let k = [40, 700, 1, 1500][turn % 4];
        let fault = match rows.launch(&kernel.seed(turn as u64), parts, k) {
            Ok(got) => rows.wrong(parts, &variant.semantics, k, &got),
            Err(fault) => Some(fault.to_string()),
        };
        wrong.extend(fault.map(|fault| format!("{variant}, {parts:?}, turn {turn}: {fault}")));
    }
    wrong
}

/// Every type of elements in the registers of a warp, with its few and its many items.
#[test]
fn a_warp_takes_every_part() {
    let parts = Parts { scattered: true, pairs: true, ..Parts::NONE };
    let mut wrong = Vec::new();
    for (turn, (dtype, masked)) in
        [(DType::F32, None), (DType::Bf16, Some(DType::F32)), (DType::F16, None)]
            .into_iter()
            .enumerate()
    {
        let parts = Parts { masked, ..parts };
        let variant = by_warps(dtype, 128, [2, 8, 16][turn], MEANINGS[turn]);
        wrong.extend(with_score!(dtype, S => self::wrong::<S>(&variant, parts)));
    }
    assert!(wrong.is_empty(), "{} wrong:\n{}", wrong.len(), wrong.join("\n"));
}

const fn masked(score: DType) -> Parts {
    Parts { masked: Some(score), ..Parts::NONE }
}

#[test]
fn a_source_negates_and_masks() {
    let one = (DType::F32, masked(DType::F32));
    let other = (DType::F16, masked(DType::F16));
    are_exact([one, other, one, other, one, other, one, other], 0);
}

/// An element that the source drops is no winner: the fill comes after the winners, and the count leaves it out.
#[test]
fn dropped_elements_are_sorted_last_and_not_counted() {
    let keys = Parts { scattered: true, ..masked(DType::F32) };
    let orders = [Order::ByValue, Order::ByIndex, Order::Unsorted];
    let mut found = Vec::new();
    for (place, (elements, parts)) in [
        (DType::F32, masked(DType::F32)),
        (DType::Bf16, masked(DType::F32)),
        (DType::Bf16, keys),
        (DType::F16, masked(DType::F16)),
    ]
    .into_iter()
    .enumerate()
    {
        // A CTA, a cluster, a filter and a warp.
        let order = orders[place % orders.len()];
        let semantics = Semantics { order, count: true, ..MEANINGS[place] };
        let variant = each_kernel(elements, semantics)[[0, 2, 3, 6][place]];
        found.extend(with_score!(elements, S => wrong::<S>(&variant, parts)));
    }
    assert!(found.is_empty(), "{} wrong:\n{}", found.len(), found.join("\n"));
}

#[test]
fn a_source_gives_wider_scores_than_its_elements() {
    are_exact([(DType::Bf16, masked(DType::F32)); 8], 1);
}

/// `block_codes` serves bf16 elements alone.
#[test]
fn block_codes_takes_each_part() {
    let column = Parts { scattered: true, ..Parts::NONE };
    let pairs = Parts { pairs: true, ..Parts::NONE };
    let all = Parts { masked: Some(DType::F32), scattered: true, pairs: true };
    let parts = [masked(DType::Bf16), masked(DType::F32), column, pairs, all];
    let mut found = Vec::new();
    for (turn, parts) in parts.into_iter().enumerate() {
        let variant = codes(DType::Bf16, 128, 16, MEANINGS[turn % MEANINGS.len()]);
        found.extend(wrong::<half::bf16>(&variant, parts));
    }
    assert!(found.is_empty(), "{} wrong:\n{}", found.len(), found.join("\n"));
}

#[test]
fn an_ordinal_scatters_columns() {
    let parts = Parts { scattered: true, ..Parts::NONE };
    let (one, other) = ((DType::F32, parts), (DType::Bf16, parts));
    are_exact([one, other, other, one, one, other, one, other], 2);
}

#[test]
fn an_output_takes_pairs() {
    let parts = Parts { pairs: true, ..Parts::NONE };
    let (one, other) = ((DType::F16, parts), (DType::F32, parts));
    are_exact([one, other, one, other, one, other, one, other], 3);
}

#[test]
fn all_three_together() {
    let parts = Parts { masked: Some(DType::F32), scattered: true, pairs: true };
    are_exact([(DType::Bf16, parts); 8], 0);
}
