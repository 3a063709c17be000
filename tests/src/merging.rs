//! Splitting and merging: the best of each part of a row, merged, are the best of the row.
//!
//! A matrix is split at random: each column goes to some shard. Each shard selects by a backend, with its columns as
//! ids, values and counts; the merge selects from what the shards wrote, by a backend. With a rule for ties the answer
//! is that of the whole row, byte for byte in an order; without one, the scores are.

use topkit::host::{self, Selection};
use topkit::spec::{Ids, Order, RowShape, Semantics, Ties};
use topkit::{Output, Rows, Score, SelectorSpec, memory};
use topkit_lab::Rng;

/// Rows of the host.
pub type HostRows<'a, S> = Rows<'a, S, memory::Host>;
/// An output of the host.
pub type HostOutput<'a, S> = Output<'a, i32, S, memory::Host>;

/// Selects by some semantics from rows of the host.
pub trait Select {
    /// What selects.
    ///
    /// # Errors
    /// What the backend finds wrong.
    fn select<S: Score + crate::case::Element>(
        &mut self,
        semantics: &Semantics,
        rows: &HostRows<'_, S>,
        k: u32,
        output: HostOutput<'_, S>,
    ) -> Result<(), String>;
}

/// The host itself.
pub struct OnHost;

impl Select for OnHost {
    fn select<S: Score + crate::case::Element>(
        &mut self,
        semantics: &Semantics,
        rows: &HostRows<'_, S>,
        k: u32,
        output: HostOutput<'_, S>,
    ) -> Result<(), String> {
        let spec = SelectorSpec::builder("Part").dtype([S::DTYPE]).k(1..=1 << 20);
        let spec = spec.semantics(*semantics).build().map_err(|error| error.to_string())?;
        let selector = host::Selector::new(spec).map_err(|error| error.to_string())?;
        selector.launch(rows, k, output).map_err(|error| error.to_string())
    }
}

/// What is selected.
#[derive(Debug, Clone, Copy)]
pub struct Shape {
    /// Rows of the matrix.
    pub rows: usize,
    /// Columns of it.
    pub columns: usize,
    /// Parts that its columns are split into.
    pub shards: usize,
    /// Winners of a row.
    pub k: u32,
}

/// What each shard leaves, as an all-gather puts it together.
struct Parts<S> {
    scores: Vec<S>,
    ids: Vec<i32>,
    counts: Vec<i32>,
    /// Rows of a shard, with one that is no row of the matrix.
    rows: usize,
}

/// The fault of a merge of a random split; `None` if there is none.
pub fn fault<S: Score + crate::case::Element>(
    by: &mut impl Select,
    semantics: &Semantics,
    scores: &[S],
    shape: Shape,
    rng: &mut Rng,
) -> Option<String> {
    let Shape { rows, columns, k, .. } = shape;
    let parts = match split(by, semantics, scores, shape, rng) {
        Ok(parts) => parts,
        Err(fault) => return Some(format!("a part: {fault}")),
    };
    let merge = Semantics { rows: RowShape::Shards, ids: Ids::Given, values: true, ..*semantics };
    let candidates = Rows::host(&parts.scores, rows, shape.shards * k as usize);
    let candidates = candidates.shards(shape.shards).shard_stride(parts.rows * k as usize);
    let candidates = candidates.shard_counts(&parts.counts).shard_count_stride(parts.rows);
    let mut got = blank::<S>(rows, k);
    let output = Output::host(&mut got.indices).ids(&parts.ids, k as usize);
    let output = output.shard_id_stride(parts.rows * k as usize);
    let output = output.values(got.values.as_mut()?).counts(got.counts.as_mut()?);
    let merge = Semantics { count: true, ..merge };
    if let Err(fault) = by.select(&merge, &candidates, k, output) {
        return Some(format!("the merge: {fault}"));
    }
    let whole = Semantics { values: true, count: true, ..*semantics };
    let all = Rows::host(scores, rows, columns);
    let checked = host::check_selection(&all, k, &whole, &got);
    checked.err().map(|mismatch| format!("{shape:?}, {semantics:?}: {mismatch}"))
}

/// Splits the columns, and selects from each part. Its scores lie in a matrix of its own, and its columns are given
/// as ids.
fn split<S: Score + crate::case::Element>(
    by: &mut impl Select,
    semantics: &Semantics,
    scores: &[S],
    Shape { rows, columns, shards, k }: Shape,
    rng: &mut Rng,
) -> Result<Parts<S>, String> {
    let shard_of: Vec<usize> = (0..columns).map(|_| rng.below(shards as u32) as usize).collect();
    let local = Semantics { ids: Ids::Given, values: true, count: true, ..*semantics };
    // Ties of a part must be those that the whole row would take.
    let mut parts =
        Parts { scores: Vec::new(), ids: Vec::new(), counts: Vec::new(), rows: rows + 1 };
    for shard in 0..shards {
        let own: Vec<i32> =
            (0..columns as i32).filter(|&at| shard_of[at as usize] == shard).collect();
        let mut part = Vec::with_capacity(rows * own.len());
        for row in scores.chunks_exact(columns).take(rows) {
            part.extend(own.iter().map(|&at| row[at as usize]));
        }
        let mut got = blank::<S>(rows, k);
        let output = Output::host(&mut got.indices).ids(&own, 0);
        let values = got.values.as_mut().ok_or("no values")?;
        let counts = got.counts.as_mut().ok_or("no counts")?;
        by.select(
            &local,
            &Rows::host(&part, rows, own.len()),
            k,
            output.values(values).counts(counts),
        )?;
        parts.scores.extend(got.values.unwrap_or_default());
        parts.scores.resize((shard + 1) * parts.rows * k as usize, S::FILL);
        parts.ids.extend(got.indices);
        parts.ids.resize((shard + 1) * parts.rows * k as usize, -9);
        parts.counts.extend(got.counts.unwrap_or_default());
        parts.counts.push(k as i32);
    }
    Ok(parts)
}

/// Places for an answer.
fn blank<S: Score>(rows: usize, k: u32) -> Selection<i32, S> {
    let places = rows * k as usize;
    let (indices, values) = (vec![-5; places], Some(vec![S::FILL; places]));
    Selection { indices, values, counts: Some(vec![-5; rows]), raw_columns: None }
}

/// Every rule for ties in every order, largest and smallest.
pub fn meanings() -> Vec<Semantics> {
    let mut all = Vec::new();
    for &ties in Ties::ALL {
        for &order in Order::ALL {
            for &select in topkit::spec::Select::ALL {
                all.push(Semantics { ties, order, select, ..Semantics::DEFAULT });
            }
        }
    }
    all
}
