//! Typed launches with what keys ask for: ids, masks, a k of each row; and what is refused.

use super::{UNTOUCHED, gpu};
use topkit::interpret::{Gpu, Selector};
use topkit::spec::{Ids, IndexType, Mask, Semantics};
use topkit::{DType, Output, Rows, SelectorSpec};

const ROWS: usize = 2;
const COLUMNS: usize = 6;
const K: u32 = 3;
const SCORES: [f32; ROWS * COLUMNS] = [3.0, 9.0, 7.0, 8.0, 1.0, 2.0, 5.0, 4.0, 6.0, 0.0, 2.0, 1.0];
const PLAIN: Semantics = Semantics::DEFAULT;

fn selector(gpu: &Gpu, semantics: Semantics) -> Selector {
    let spec = SelectorSpec::builder("Inputs").dtype([DType::F32]).k(1..=8).semantics(semantics);
    gpu.selector(spec.vec_size([4]).bins([512]).threads([128]).build().unwrap()).unwrap()
}

/// The columns of a selection without these keys, sorted, with -1 last.
fn sorted(row: &[i64]) -> Vec<i64> {
    let mut row = row.to_vec();
    row.sort_unstable_by_key(|&index| if index == -1 { i64::MAX } else { index });
    row
}

#[test]
fn ids_are_made_of_columns() {
    let gpu = gpu();
    let stream = gpu.context().new_stream();
    let scores = stream.clone_htod(&SCORES).unwrap();
    let rows = || Rows::interpreted(&scores, ROWS, COLUMNS);
    let i64s = |ids| Semantics { ids, raw_columns: true, index: IndexType::I64, ..PLAIN };
    let given: Vec<i64> = (0..14).map(|at| 100 + at).collect();
    let given = stream.clone_htod(&given).unwrap();
    let offsets = stream.clone_htod(&[5i64, -5]).unwrap();
    let pages = stream.clone_htod(&[8i32, 2, 0, 1, 9, 4]).unwrap();
    for (ids, expected) in [
        (Ids::Given, [[101, 102, 103], [107, 108, 109]]),
        (
            Ids::Affine,
            [
                [1 << 40 | 15, 1 << 40 | 25, 1 << 40 | 35],
                [(1 << 40) - 5, (1 << 40) + 5, (1 << 40) + 15],
            ],
        ),
        (Ids::Pages, [[17, 4, 5], [2, 3, 18]]),
    ] {
        let topk = selector(&gpu, i64s(ids));
        let mut indices = stream.clone_htod(&[-7i64; ROWS * K as usize]).unwrap();
        let mut columns = stream.clone_htod(&[UNTOUCHED; ROWS * 4]).unwrap();
        let output = Output::from(&mut indices).raw_columns(&mut columns).raw_column_stride(4);
        let output = match ids {
            Ids::Given => output.ids(&given, 7),
            Ids::Affine => output.affine(10, 1 << 40).row_offsets(&offsets),
            _ => output.pages(&pages, 3, 1),
        };
        topk.launch(&stream, &rows(), K, output).unwrap();
        let got = stream.clone_dtoh(&indices).unwrap();
        let mut wanted = expected;
        wanted.iter_mut().for_each(|row| row.sort_unstable());
        assert_eq!([sorted(&got[..3]), sorted(&got[3..])], wanted.map(|row| row.to_vec()), "{ids}");
        let columns = stream.clone_dtoh(&columns).unwrap();
        let row = |from: usize| sorted(&[from, from + 1, from + 2].map(|at| columns[at].into()));
        assert_eq!([row(0), row(4)], [vec![1, 2, 3], vec![0, 1, 2]]);
        assert_eq!([columns[3], columns[7]], [UNTOUCHED; 2]);
    }
}

#[test]
fn masks_and_the_k_of_rows_are_kept() {
    let gpu = gpu();
    let stream = gpu.context().new_stream();
    let scores = stream.clone_htod(&SCORES).unwrap();
    let rows = || Rows::interpreted(&scores, ROWS, COLUMNS);
    let bits = stream.clone_htod(&[0b01_0101u32, 0b00_0000]).unwrap();
    let bytes = stream.clone_htod(&[0u8, 0, 0, 3, 255, 1]).unwrap();
    let ks = stream.clone_htod(&[2, -4]).unwrap();
    let mut indices = stream.clone_htod(&[UNTOUCHED; ROWS * K as usize]).unwrap();
    let mut launch = |semantics, rows: Rows<'_, f32, _>| {
        let topk = selector(&gpu, semantics);
        topk.launch(&stream, &rows, K, Output::from(&mut indices)).unwrap();
        let got = stream.clone_dtoh(&indices).unwrap();
        got.chunks(3)
            .map(|row| sorted(&[row[0], row[1], row[2]].map(i64::from)))
            .collect::<Vec<_>>()
    };
    let of_bits = Semantics { mask: Mask::Bits, ..PLAIN };
    assert_eq!(launch(of_bits, rows().mask_bits(&bits)), [[0, 2, 4], [-1, -1, -1]]);
    let of_bytes = Semantics { mask: Mask::Bytes, ..PLAIN };
    let masked = rows().mask_bytes(&bytes).mask_stride(0);
    assert_eq!(launch(of_bytes, masked), [[3, 4, 5], [3, 4, 5]]);
    let own = Semantics { k_per_row: true, ..PLAIN };
    assert_eq!(launch(own, rows().ks(&ks)), [[1, 3, -1], [-1, -1, -1]]);
}

#[test]
fn inputs_that_are_not_those_of_the_selector_are_refused() {
    let gpu = gpu();
    let stream = gpu.context().new_stream();
    let scores = stream.clone_htod(&SCORES).unwrap();
    let rows = || Rows::interpreted(&scores, ROWS, COLUMNS);
    let words = stream.clone_htod(&[0u32; 1]).unwrap();
    let bytes = stream.clone_htod(&[0u8; 11]).unwrap();
    let numbers = stream.clone_htod(&[0i32; 1]).unwrap();
    let ks = stream.clone_htod(&[1i32; ROWS]).unwrap();
    let mut indices = stream.clone_htod(&[UNTOUCHED; ROWS * K as usize]).unwrap();
    let mut error = |semantics, rows: Rows<'_, f32, _>, affine: bool| {
        let output = Output::from(&mut indices);
        let output = if affine { output.affine(1, 0) } else { output };
        selector(&gpu, semantics).launch(&stream, &rows, K, output).unwrap_err().to_string()
    };
    let of_bits = Semantics { mask: Mask::Bits, ..PLAIN };
    let of_bytes = Semantics { mask: Mask::Bytes, ..PLAIN };
    let own = Semantics { k_per_row: true, ..PLAIN };
    let affine = Semantics { ids: Ids::Affine, ..PLAIN };
    for (semantics, rows, words) in [
        (
            PLAIN,
            rows().mask_bits(&words),
            "without `mask: bits`, but the launch has a mask of bits",
        ),
        (of_bytes, rows().mask_bits(&words), "without `mask: bits`"),
        (of_bits, rows(), "with `mask: bits`, but the launch has no rows of a mask"),
        (of_bits, rows().mask_bits(&words), "the mask holds 1 elements"),
        (of_bytes, rows().mask_bytes(&bytes), "the mask holds 11 elements"),
        (own, rows(), "with `k_per_row: true`, but the launch has no k of its rows"),
        (own, rows().ks(&numbers), "the buffer of each row's k holds 1 elements"),
        (PLAIN, rows().ks(&ks), "without `k_per_row: true`"),
    ] {
        let said = error(semantics, rows, false);
        assert!(said.contains(words), "{said}");
    }
    let said = error(PLAIN, rows(), true);
    assert!(said.contains("without `ids: affine`"), "{said}");
    let mut out = stream.clone_htod(&[UNTOUCHED; ROWS * K as usize]).unwrap();
    let output = Output::from(&mut out).row_offsets(&numbers);
    let said = selector(&gpu, affine).launch(&stream, &rows(), K, output).unwrap_err().to_string();
    assert!(said.contains("the buffer of row offsets holds 1 elements"), "{said}");
}
