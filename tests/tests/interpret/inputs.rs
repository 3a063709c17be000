//! What a launch gives because of keys, by every kernel: ids of all kinds, masks of bits and bytes, a k of each row; dense
//! and ragged rows, with a rule for ties and without, sorted and unsorted.

use crate::case::{
    ALIGNED, Case, Element, Layout, MOST_COLUMNS, codes, each_kernel, load, most_columns,
};
use topkit::spec::{Fill, Ids, IndexType, KernelKind, Mask, Order, RowShape, Semantics, Ties};
use topkit::{DType, IndexInt, Score, Variant, with_score};
use topkit_lab::Rng;
use topkit_tests::fuzz;

const KS: [u32; 4] = [1, 20, 300, 2048];
const ROWS: usize = 6;

/// Every third kernel with some semantics, of one score type each: which ones, the turn says.
fn thirds(turn: usize, dtypes: &[DType], semantics: Semantics) -> Vec<Variant> {
    kernels(turn, dtypes, semantics).into_iter().skip(turn % 3).step_by(3).collect()
}

/// Every kernel with some semantics, of one score type each.
fn kernels(turn: usize, dtypes: &[DType], semantics: Semantics) -> Vec<Variant> {
    let dtype = |index: usize| dtypes[(turn + index) % dtypes.len()];
    let others = (0..7).map(|index| each_kernel(dtype(index), semantics)[index]);
    others.chain([codes(DType::Bf16, 128, 16, semantics)]).collect()
}

fn selects(turn: usize, semantics: Semantics, dtypes: &[DType]) {
    for (at, variant) in thirds(turn, dtypes, semantics).iter().enumerate() {
        let seed = (8 * turn + at) as u64;
        match semantics.index {
            IndexType::I32 => with_score!(variant.dtype, S => rows_of::<S, i32>(variant, seed)),
            IndexType::U32 => with_score!(variant.dtype, S => rows_of::<S, u32>(variant, seed)),
            IndexType::I64 => with_score!(variant.dtype, S => rows_of::<S, i64>(variant, seed)),
        }
    }
}

fn rows_of<S: Score + Element, I: IndexInt + Element>(variant: &Variant, seed: u64) {
    let kernel = load(variant);
    let mut rng = Rng::new(seed);
    let most = most_columns(variant, 2 * MOST_COLUMNS);
    for (turn, k) in KS.into_iter().enumerate() {
        let columns = most / 2 + rng.below(most as u32 / 2) as usize;
        let scores = fuzz::matrix::<S>(&mut rng, ROWS, columns);
        let layout = if turn % 2 == 0 { ALIGNED } else { Layout { offset: 3, gap: 1 } };
        let case = Case::of("special scores", &scores, ROWS, columns, layout);
        let ragged = variant.semantics.rows == RowShape::Ragged;
        let spans = ragged.then(|| fuzz::spans(&mut rng, ROWS, columns));
        let spans = spans.as_ref().map(|(starts, lengths)| (&starts[..], &lengths[..]));
        case.check::<I>(&kernel, ROWS, k, spans, seed + turn as u64);
    }
}

const PLAIN: Semantics = Semantics::DEFAULT;

#[test]
fn ids_are_written_for_columns() {
    let of = |ids, raw_columns, index| Semantics { ids, raw_columns, index, ..PLAIN };
    selects(0, of(Ids::Given, true, IndexType::I64), &[DType::F32, DType::F16]);
    let affine = of(Ids::Affine, false, IndexType::I32);
    let ragged = RowShape::Ragged;
    selects(1, Semantics { values: true, rows: ragged, ..affine }, &[DType::Bf16, DType::I8]);
    let sorted = Semantics { order: Order::ByValue, rows: ragged, count: true, ..PLAIN };
    selects(2, Semantics { ids: Ids::Given, ..sorted }, &[DType::F32, DType::U32]);
    let pages = Semantics { ids: Ids::Pages, raw_columns: true, ..PLAIN };
    selects(3, Semantics { ties: Ties::LowestIndex, ..pages }, &[DType::F32, DType::F8E4m3]);
}

#[test]
fn masked_scores_do_not_win() {
    let bits = Semantics { mask: Mask::Bits, count: true, values: true, ..PLAIN };
    selects(0, bits, &[DType::F32, DType::F16]);
    let bytes = Semantics { mask: Mask::Bytes, rows: RowShape::Ragged, ..PLAIN };
    selects(1, bytes, &[DType::Bf16, DType::I16]);
    let sorted = Semantics { ties: Ties::HighestIndex, order: Order::ByValue, ..bits };
    selects(2, sorted, &[DType::F32, DType::F8E5m2]);
}

#[test]
fn rows_have_a_k_of_their_own() {
    let own = Semantics { k_per_row: true, ..PLAIN };
    selects(0, Semantics { count: true, values: true, ..own }, &[DType::F32, DType::U8]);
    let sorted = Semantics { order: Order::ByIndex, ids: Ids::Affine, ..own };
    selects(1, Semantics { index: IndexType::U32, ..sorted }, &[DType::Bf16, DType::F16]);
    let masked =
        Semantics { mask: Mask::Bytes, fill: Fill::Standard, rows: RowShape::Ragged, ..own };
    selects(2, masked, &[DType::F32, DType::F16]);
}

/// Three turns have every kernel.
#[test]
fn every_kernel_is_tried() {
    let turn = |turn| thirds(turn, &[DType::F32], PLAIN);
    let tried: Vec<_> = (0..3).flat_map(turn).map(|variant| variant.kernel).collect();
    assert!(KernelKind::ALL.iter().all(|kernel| tried.contains(kernel)), "{tried:?}");
}
