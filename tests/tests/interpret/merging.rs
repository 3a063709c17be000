//! The best of each part of a row, merged by `block_radix`, are the best of the row; and what a kernel may read of
//! shards.

use crate::case::{Element, load, variant};
use std::collections::HashMap;
use topkit::interpret::Kernel;
use topkit::spec::{Ids, Order, RowShape, Semantics, Ties};
use topkit::{DType, Output, Rows, Score, with_score};
use topkit_lab::Rng;
use topkit_tests::fuzz;
use topkit_tests::merging::{HostOutput, HostRows, OnHost, Select, Shape, fault, meanings};

/// Merges by kernels, each compiled once; the parts are the host's.
#[derive(Default)]
struct Merging(HashMap<(DType, Semantics), Kernel>);

impl Select for Merging {
    fn select<S: Score + Element>(
        &mut self,
        semantics: &Semantics,
        rows: &HostRows<'_, S>,
        k: u32,
        output: HostOutput<'_, S>,
    ) -> Result<(), String> {
        if semantics.rows != RowShape::Shards {
            return OnHost.select(semantics, rows, k, output);
        }
        let kernel = self.0.entry((S::DTYPE, *semantics)).or_insert_with(|| {
            let vec_size = if S::DTYPE == DType::F32 { 4 } else { 2 };
            load(&variant(S::DTYPE, vec_size, 256, 128, *semantics))
        });
        kernel.select_into(rows, k, output).map_err(|fault| fault.to_string())
    }
}

fn merges<S: Score + Element>(meanings: &[Semantics]) {
    let (mut rng, mut by) = (Rng::new(20), Merging::default());
    for semantics in meanings {
        for shape in [
            Shape { rows: 3, columns: 90, shards: 1, k: 7 },
            Shape { rows: 3, columns: 700, shards: 5, k: 40 },
            Shape { rows: 2, columns: 900, shards: 3, k: 301 },
            Shape { rows: 2, columns: 60, shards: 7, k: 62 },
        ] {
            let scores = fuzz::matrix::<S>(&mut rng, shape.rows, shape.columns);
            let fault = fault::<S>(&mut by, semantics, &scores, shape, &mut rng);
            assert_eq!(fault, None, "{}", S::DTYPE);
        }
    }
}

#[test]
fn merged_parts_are_the_whole() {
    let all = meanings();
    merges::<f32>(&all);
    let few: Vec<_> = all.iter().step_by(5).copied().collect();
    for dtype in [DType::Bf16, DType::F64, DType::I16] {
        with_score!(dtype, S => merges::<S>(&few));
    }
}

/// More candidates of one score than are ranked at once, in one bucket, and beyond the places of a sort.
#[test]
fn many_ties_are_merged_by_their_ids() {
    let merge = Semantics { rows: RowShape::Shards, ids: Ids::Given, ..Semantics::DEFAULT };
    for (ties, order) in [
        (Ties::LowestIndex, Order::ByValue),
        (Ties::HighestIndex, Order::ByIndex),
        (Ties::LowestIndex, Order::Unsorted),
    ] {
        let semantics = Semantics { ties, order, ..merge };
        let kernel = load(&variant(DType::F32, 4, 512, 256, semantics));
        let (shards, width, k) = (3usize, 900usize, 2200usize);
        let scores = vec![1.0f32; shards * width];
        // Ids that go down, some of them negative.
        let ids: Vec<i32> = (0..scores.len() as i32).map(|at| 700 - at).collect();
        let mut got = vec![0; k];
        let rows = Rows::host(&scores, 1, shards * width).shards(shards);
        let output = Output::host(&mut got).ids(&ids, width);
        kernel.select_into(&rows, k as u32, output).unwrap();
        let mut sorted = ids.clone();
        sorted.sort_unstable();
        let expected = match ties {
            Ties::HighestIndex => &sorted[sorted.len() - k..],
            _ => &sorted[..k],
        };
        if order == Order::Unsorted {
            got.sort_unstable();
        }
        assert_eq!(got, expected, "{semantics:?}");
    }
}
