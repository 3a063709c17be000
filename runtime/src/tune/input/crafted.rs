//! Rows whose scores follow a serving program, or are made hard for one k.
//!
//! Each function writes one row of a [`Distribution`](super::Distribution), which calls it.

use super::distribution::{by_column, number};
use super::random::Rng;
use crate::problem::Score;
use std::f32;

/// How many columns of a row share the best score in [`Distribution::Collide`](super::Distribution::Collide).
pub fn collisions(row: usize, k: u32) -> usize {
    let k = k as usize;
    [k.saturating_sub(1), k, k + 1, 2 * k][row % 4]
}

/// Heads of an indexer.
const HEADS: usize = 8;
/// A head counts from here on.
const ABOVE: f32 = 0.5;
/// What the last token has more than one far from the end, and how far from the end that falls to 1 / e.
const RECENT: (f32, f32) = (4.0, 2000.0);

/// The sum over heads of `weight * relu(n - ABOVE)` with normal numbers `n`, and a bump at the end of the
/// row. The row draws its weights itself. The form is the lightning indexer's (DeepSeek-V3.2); its products
/// of queries and keys are drawn, not computed.
pub(super) fn indexer<S: Score>(mut rng: Rng, out: &mut [S]) {
    let weights: [f32; HEADS] = std::array::from_fn(|_| rng.unit() as f32);
    let columns = out.len();
    let (most, reach) = RECENT;
    by_column(out, |column| {
        let heads = weights.iter().map(|weight| weight * (rng.normal() - ABOVE).max(0.0));
        let age = (columns - column) as f32;
        number(heads.sum::<f32>() + most * (-age / reach).exp())
    });
}

/// Above every normal number, in every dtype.
const BEST: f32 = 32.0;

/// Normal scores, and [`collisions`] columns with the best score, at random places.
pub(super) fn collide<S: Score>(mut rng: Rng, row: usize, k: u32, out: &mut [S]) {
    let columns = out.len();
    let mut left = collisions(row, k).min(columns);
    // Each column is taken with the chance that leaves exactly none at the end.
    by_column(out, |column| {
        let taken = (rng.below((columns - column) as u32) as usize) < left;
        left -= usize::from(taken);
        number(if taken { BEST } else { rng.normal() })
    });
}

/// Normal scores, of which k side by side are greater than the others.
pub(super) fn runs<S: Score>(rng: &mut Rng, row: usize, k: u32, out: &mut [S]) {
    let (columns, k) = (out.len(), k as usize);
    let winners = if row.is_multiple_of(2) { columns.saturating_sub(k)..columns } else { 0..k };
    by_column(out, |column| {
        number(rng.normal() + if winners.contains(&column) { BEST } else { 0.0 })
    });
}
