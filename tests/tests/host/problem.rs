//! Small random problems of every shape and semantics, for the property tests.

use proptest::prelude::*;
use topkit::host::Rows;
use topkit::{
    IndexInt, Score,
    spec::{NanPolicy, Order, RowShape, Select, Semantics, Ties},
};

/// One problem for every score type: each type takes as many bits as it has.
#[derive(Debug, Clone)]
pub struct Problem {
    pub rows: usize,
    pub columns: usize,
    pub row_stride: usize,
    pub k: u32,
    bits: Vec<u32>,
    starts: Option<Vec<i32>>,
    lengths: Option<Vec<i32>>,
    semantics: Semantics,
}

impl Problem {
    pub fn scores<S: Score>(&self) -> Vec<S> {
        // The upper half of a 32-bit pattern makes hard cases for 16-bit types; the lower half does not.
        let score = |bits: u32| match 32u32.checked_sub(S::DTYPE.bits()) {
            Some(shift) => S::from_bits(u64::from(bits >> shift)),
            // The number of the pattern, and neighbours of some that no `f32` is.
            None => S::from_bits(f64::from(f32::from_bits(bits)).to_bits() ^ u64::from(bits & 7)),
        };
        self.bits.iter().map(|&bits| score(bits)).collect()
    }

    pub fn semantics<I: IndexInt>(&self) -> Semantics {
        Semantics { index: I::TYPE, ..self.semantics }
    }

    pub fn matrix<'a, S: Score>(&'a self, scores: &'a [S]) -> Rows<'a, S> {
        let mut matrix = Rows::host(scores, self.rows, self.columns).row_stride(self.row_stride);
        if let Some(starts) = &self.starts {
            matrix = matrix.starts(starts);
        }
        if let Some(lengths) = &self.lengths {
            matrix = matrix.lengths(lengths);
        }
        matrix
    }

    /// The scores of a row that take part, column by column, by the words of the contract.
    pub fn row<S: Copy>(&self, scores: &[S], row: usize) -> Vec<S> {
        let columns = self.columns as i64;
        let start = self.starts.as_ref().map_or(0, |starts| i64::from(starts[row]));
        let start = start.clamp(0, columns);
        let length = self.lengths.as_ref().map_or(columns, |lengths| i64::from(lengths[row]));
        let end = start + length.clamp(0, columns - start);
        (start..end).map(|column| scores[row * self.row_stride + column as usize]).collect()
    }
}

pub fn any_problem() -> impl Strategy<Value = Problem> {
    (0usize..4, 0usize..24, 0usize..4).prop_flat_map(|(rows, columns, gap)| {
        let row_stride = columns + gap;
        let edge = prop_oneof![8 => -2..28i32, 1 => Just(i32::MIN), 1 => Just(i32::MAX)];
        let one_a_row = prop::option::of(prop::collection::vec(edge, rows));
        let bits = prop::collection::vec(any_bits(), rows * row_stride);
        (bits, one_a_row.clone(), one_a_row, 1u32..30, any_semantics()).prop_map(
            move |(bits, starts, lengths, k, mut semantics)| {
                if starts.is_some() || lengths.is_some() {
                    semantics.rows = RowShape::Ragged;
                }
                Problem { rows, columns, row_stride, k, bits, starts, lengths, semantics }
            },
        )
    })
}

fn any_semantics() -> impl Strategy<Value = Semantics> {
    (
        prop::sample::select(Select::ALL),
        prop::sample::select(NanPolicy::ALL),
        prop::sample::select(Ties::ALL),
        prop::sample::select(Order::ALL),
        any::<(bool, bool)>(),
        prop::sample::select(&[RowShape::Dense, RowShape::Ragged][..]),
    )
        .prop_map(|(select, nan, ties, order, (values, count), rows)| Semantics {
            select,
            nan,
            ties,
            order,
            values,
            count,
            rows,
            ..Semantics::DEFAULT
        })
}

/// Mostly few patterns, so that scores tie; among them every kind of number.
fn any_bits() -> impl Strategy<Value = u32> {
    const FEW: [u32; 12] = [
        0x0000_0000, // +0
        0x8000_0000, // -0
        0x3f80_0000,
        0xbf80_0000,
        0x3f81_0000,
        0x0001_0000, // subnormal
        0x8001_0000,
        0x7f80_0000, // inf as f32 and bf16
        0xff80_0000,
        0x7c00_0000, // inf as f16
        0x7fc0_0000, // NaN
        0xffff_0000,
    ];
    prop_oneof![3 => prop::sample::select(&FEW[..]), 1 => any::<u32>()]
}
