//! A second implementation of the contract, simple and slow. It tests `topkit::host`, the oracle of the kernels.
//!
//! It shares no code and no method with `topkit::host`: it compares scores as floats, sorts whole rows, and
//! pushes the output. Where the contract allows several answers, it gives the one that `topkit::host`
//! documents.

use std::cmp::Ordering;
use topkit::{
    DType, IndexInt, Score,
    spec::{NanPolicy, Order, Select, Semantics, Ties},
};

/// Compares two scores: -0 equals +0, every NaN equals every other and ranks by the policy.
pub fn compare(a: f64, b: f64, nan: NanPolicy) -> Ordering {
    let against_number = match nan {
        NanPolicy::Highest => Ordering::Greater,
        NanPolicy::Lowest => Ordering::Less,
    };
    match a.partial_cmp(&b) {
        Some(ordering) => ordering,
        None if a.is_nan() && b.is_nan() => Ordering::Equal,
        None if a.is_nan() => against_number,
        None => against_number.reverse(),
    }
}

/// The answer for one row: its indices and its values, both of k elements.
pub fn top_k_row<S: Score, I: IndexInt>(
    scores: &[S],
    k: usize,
    semantics: &Semantics,
) -> (Vec<I>, Vec<S>) {
    let best_first = |a: &u32, b: &u32| {
        let (a, b) = (scores[*a as usize].to_f64(), scores[*b as usize].to_f64());
        let ascending = compare(a, b, semantics.nan);
        match semantics.select {
            Select::Smallest => ascending,
            Select::Largest => ascending.reverse(),
        }
    };

    let mut columns: Vec<u32> = (0..scores.len() as u32).collect();
    if semantics.ties == Ties::HighestIndex {
        columns.reverse();
    }
    columns.sort_by(best_first);
    columns.truncate(k);
    columns.sort();
    if semantics.order == Order::ByValue {
        columns.sort_by(best_first);
    }

    let mut indices: Vec<I> = columns.iter().map(|&column| I::from_column(column)).collect();
    let mut values: Vec<S> = columns.iter().map(|&column| scores[column as usize]).collect();
    indices.resize(k, I::FILL);
    // This type has no infinity, and its greatest number is 448.
    let best = if S::DTYPE == DType::F8E4m3 { 448.0 } else { f32::INFINITY };
    let worst = match semantics.select {
        Select::Largest => -best,
        Select::Smallest => best,
    };
    values.resize(k, S::from_f32(worst));
    (indices, values)
}
