//! Typed launches with every output: their strides, their fills, and what is refused.

use super::{UNTOUCHED, gpu};
use std::sync::Arc;
use topkit::interpret::{Gpu, Selector, Stream};
use topkit::spec::{Fill, Order, RowShape, Semantics};
use topkit::{DType, Error, Output, Rows, SelectorSpec};

const ROWS: usize = 3;
const COLUMNS: usize = 6;
const K: u32 = 4;
const ALL: Semantics = Semantics {
    order: Order::ByValue,
    values: true,
    count: true,
    fill: Fill::Given,
    rows: RowShape::Ragged,
    ..Semantics::DEFAULT
};
/// No score, and no fill of these tests.
const UNWRITTEN: f32 = 99.0;

fn selector(gpu: &Gpu, semantics: Semantics) -> Selector {
    let spec = SelectorSpec::builder("Outputs").dtype([DType::F32]).k(1..=8).semantics(semantics);
    gpu.selector(spec.vec_size([4]).bins([512]).threads([128]).build().unwrap()).unwrap()
}

/// Indices, values and counts.
type Written = (Vec<i32>, Vec<f32>, Vec<i32>);

/// What a launch writes, with two places between rows of the values and one between
/// those of the indices.
fn launched(
    stream: &Arc<Stream>,
    topk: &Selector,
    fills: Option<(i32, f32)>,
) -> Result<Written, Error> {
    let scores = [[3.0f32, -1.0, 7.0, 7.0, -0.0, 0.0], [5.0; COLUMNS], [1.0; COLUMNS]].concat();
    let scores = stream.clone_htod(&scores)?;
    let lengths = stream.clone_htod(&[6, 2, 0])?;
    let mut indices = stream.clone_htod(&[UNTOUCHED; ROWS * 5])?;
    let mut values = stream.clone_htod(&[UNWRITTEN; ROWS * 6])?;
    let mut counts = stream.clone_htod(&[UNTOUCHED; ROWS])?;
    let rows = Rows::interpreted(&scores, ROWS, COLUMNS).lengths(&lengths);
    let mut output = Output::from(&mut indices).row_stride(5).values(&mut values).value_stride(6);
    output = output.counts(&mut counts);
    if let Some((index, value)) = fills {
        output = output.index_fill(index).value_fill(value);
    }
    topk.launch(stream, &rows, K, output)?;
    let read = (stream.clone_dtoh(&indices)?, stream.clone_dtoh(&values)?);
    Ok((read.0, read.1, stream.clone_dtoh(&counts)?))
}

#[test]
fn every_output_is_written_where_it_is_given_a_place() {
    let gpu = gpu();
    let stream = gpu.context().new_stream();
    let (n, u) = (UNTOUCHED, UNWRITTEN);
    for (order, first) in [(Order::ByValue, [2, 3, 0, 4]), (Order::ByIndex, [0, 2, 3, 4])] {
        let topk = selector(&gpu, Semantics { order, ..ALL });
        let scores = [3.0f32, -1.0, 7.0, 7.0, -0.0, 0.0];
        let (indices, values, counts) = launched(&stream, &topk, Some((-7, 0.5))).unwrap();
        // -0 and 0 tie, and either may win.
        let last = indices[3];
        assert!([4, 5].contains(&last), "{indices:?}");
        assert_eq!(indices[..3], first[..3]);
        assert_eq!(indices[4..], [n, 0, 1, -7, -7, n, -7, -7, -7, -7, n]);
        let expected = [first[0], first[1], first[2], last].map(|column| scores[column as usize]);
        let bits = |values: &[f32]| values.iter().map(|value| value.to_bits()).collect::<Vec<_>>();
        assert_eq!(bits(&values[..4]), bits(&expected), "{values:?}");
        assert_eq!(values[4..12], [u, u, 5.0, 5.0, 0.5, 0.5, u, u]);
        assert_eq!(values[12..], [0.5, 0.5, 0.5, 0.5, u, u]);
        assert_eq!(counts, [4, 2, 0]);
    }
}

/// Where a launch gives none, the fill is the standard one.
#[test]
fn a_fill_that_is_not_given_is_the_standard_one() {
    let gpu = gpu();
    let stream = gpu.context().new_stream();
    for fill in [Fill::Standard, Fill::Given] {
        let topk = selector(&gpu, Semantics { fill, order: Order::Unsorted, ..ALL });
        let (indices, values, counts) = launched(&stream, &topk, None).unwrap();
        assert_eq!(indices[7..9], [-1; 2]);
        assert_eq!(values[8..10], [f32::NEG_INFINITY; 2]);
        assert_eq!(counts, [4, 2, 0]);
    }
}

#[test]
fn outputs_that_are_not_those_of_the_selector_are_refused() {
    let gpu = gpu();
    let stream = gpu.context().new_stream();
    let refused = |semantics, fills| {
        launched(&stream, &selector(&gpu, semantics), fills).unwrap_err().to_string()
    };
    for (semantics, fills, words) in [
        (Semantics { values: false, ..ALL }, None, "Outputs was declared without `values: true`"),
        (Semantics { count: false, ..ALL }, None, "Outputs was declared without `count: true`"),
        (Semantics { fill: Fill::Standard, ..ALL }, Some((0, 0.0)), "declare `fill: given`"),
    ] {
        let error = refused(semantics, fills);
        assert!(error.contains(words), "{error}");
    }
    let topk = selector(&gpu, Semantics { rows: RowShape::Dense, ..ALL });
    let scores = stream.clone_htod(&[1.0f32; 12]).unwrap();
    let rows = Rows::interpreted(&scores, 2, COLUMNS);
    let mut indices = stream.clone_htod(&[UNTOUCHED; 8]).unwrap();
    let mut values = stream.clone_htod(&[UNWRITTEN; 8]).unwrap();
    let mut counts = stream.clone_htod(&[UNTOUCHED; 2]).unwrap();
    let mut short = stream.clone_htod(&[UNTOUCHED; 1]).unwrap();
    let error = topk.launch(&stream, &rows, K, &mut indices).unwrap_err().to_string();
    assert!(error.contains("with `values: true`, but the launch has no values"), "{error}");
    let output = Output::from(&mut indices).values(&mut values).value_stride(5);
    let error = topk.launch(&stream, &rows, K, output.counts(&mut counts)).unwrap_err();
    assert!(error.to_string().contains("the value buffer holds 8 elements"), "{error}");
    let output = Output::from(&mut indices).values(&mut values).counts(&mut short);
    let error = topk.launch(&stream, &rows, K, output).unwrap_err().to_string();
    assert!(error.contains("the count buffer holds 1 elements"), "{error}");
    assert_eq!(stream.clone_dtoh(&indices).unwrap(), [UNTOUCHED; 8]);
    assert_eq!(stream.clone_dtoh(&values).unwrap(), [UNWRITTEN; 8]);
}
