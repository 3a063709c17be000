//! Exact top-k in plain Rust: the reference for every kernel, and the backend of selectors on the host.
//!
//! The public names, with the contract, are in [`topkit::host`](crate::host). `cpu` is the backend and `memory`
//! what it launches in; `check` checks an answer of a kernel. It plans nothing and never touches a device. On
//! failure it returns a [`HostError`] with the numbers and has written nothing.

mod check;
mod cpu;
mod elements;
pub(crate) mod memory;
mod mismatch;
mod own;
mod rank;
mod shards;

pub(crate) use crate::error::HostError;
pub use check::{check, check_selection};
pub(crate) use cpu::Cpu;
pub use elements::{ElementIndex, Elements};
pub use mismatch::Mismatch;

use super::memory::Host;
use super::output::Map;
use super::rows::{Marks, Place};
use crate::problem::{IndexInt, Score};
use own::Own;
use rank::Ranking;
use shards::Gathered;
use topkit_codegen::{Mask, RowShape, Semantics};

/// Rows of scores on the host: [`Rows::host`](crate::Rows::host) makes them.
pub type Rows<'a, S> = crate::Rows<'a, S, Host>;

/// The winners of every row, `rows` x `k`, row after row without gaps.
#[derive(Debug, Clone, PartialEq)]
pub struct Selection<I, S> {
    /// Indices relative to the start of the row. A row shorter than k ends in [`IndexInt::FILL`].
    pub indices: Vec<I>,
    /// The scores at those indices, where the semantics ask for values. A row shorter than k ends
    /// in [`Score::worst`].
    pub values: Option<Vec<S>>,
    /// The number of winners of each row, where the semantics ask for counts.
    pub counts: Option<Vec<i32>>,
    /// The columns of the winners, where the semantics ask for them beside other ids; -1 after the last.
    pub raw_columns: Option<Vec<i32>>,
}

/// Where [`top_k_into`] writes.
#[derive(Debug)]
#[non_exhaustive]
pub struct Output<'a, I, S> {
    /// Indices; see [`Selection::indices`].
    pub indices: &'a mut [I],
    /// Elements from one row of the indices to the next, at least k. Elements between rows are not written.
    pub row_stride: usize,
    /// Values; given exactly where the semantics ask for them. See [`Selection::values`].
    pub values: Option<&'a mut [S]>,
    /// Elements from one row of the values to the next, at least k. Elements between rows are not written.
    pub value_stride: usize,
    /// Counts; given exactly where the semantics ask for them. See [`Selection::counts`].
    pub counts: Option<&'a mut [i32]>,
    /// The index where a row has no score left.
    pub index_fill: I,
    /// The value there; without it [`Score::worst`].
    pub value_fill: Option<S>,
    /// What is written for a column.
    pub(crate) map: Map<'a, I, Host>,
    /// Columns; given exactly where the semantics ask for them. See [`Selection::raw_columns`].
    pub raw_columns: Option<&'a mut [i32]>,
    /// Elements from one row of the columns to the next, at least k. Elements between rows are not written.
    pub raw_column_stride: usize,
}

impl<'a, I: IndexInt, S: Score> Output<'a, I, S> {
    /// Indices, so many elements from one row to the next, with the standard fill.
    pub fn new(indices: &'a mut [I], row_stride: usize) -> Output<'a, I, S> {
        let (values, value_stride, counts, value_fill) = (None, row_stride, None, None);
        let (index_fill, map, raw_columns) = (I::FILL, Map::Columns, None);
        Output {
            indices,
            row_stride,
            values,
            value_stride,
            counts,
            index_fill,
            value_fill,
            map,
            raw_columns,
            raw_column_stride: row_stride,
        }
    }

    /// Values, so many elements from one row to the next.
    pub fn values(self, values: &'a mut [S], value_stride: usize) -> Output<'a, I, S> {
        Output { values: Some(values), value_stride, ..self }
    }

    /// The number of winners of each row.
    pub fn counts(self, counts: &'a mut [i32]) -> Output<'a, I, S> {
        Output { counts: Some(counts), ..self }
    }
}

/// Selects the k best scores of every row.
///
/// A problem has one answer: `ties: any` takes the lowest columns, and `order: unsorted` writes them in
/// ascending column.
///
/// ```
/// use topkit::host::{self, Rows};
/// use topkit::spec::{Order, Semantics};
///
/// let scores = [1.0, 5.0, f32::NEG_INFINITY, 5.0, 3.0];
/// let semantics = Semantics { order: Order::ByValue, values: true, ..Semantics::DEFAULT };
/// let best = host::top_k::<f32, i32>(&Rows::host(&scores, 1, 5), 3, &semantics)?;
/// assert_eq!(best.indices, [1, 3, 4]);
/// assert_eq!(best.values.unwrap(), [5.0, 5.0, 3.0]);
/// # Ok::<(), host::HostError>(())
/// ```
///
/// # Errors
/// k is 0, the semantics ask for other ids than columns (a [`Selector`](crate::host::Selector) writes these), `I` is not the declared index type, the scores are fewer than the shape needs, rows are ragged under `rows: dense`, or the
/// answer is larger than memory can address, or than the system gives.
pub fn top_k<S: Score, I: IndexInt>(
    input: &Rows<'_, S>,
    k: u32,
    semantics: &Semantics,
) -> Result<Selection<I, S>, HostError> {
    accept::<S, I>(input, k, semantics)?;
    let row_stride = k as usize;
    let len = span("indices", input.count(), row_stride, row_stride)?;
    let mut indices = filled("indices", I::FILL, len)?;
    let worst = S::worst(semantics.select);
    let mut values = semantics.values.then(|| filled("values", worst, len)).transpose()?;
    let rows = input.count();
    let mut counts = semantics.count.then(|| filled("counts", 0, rows)).transpose()?;
    let output = Output {
        values: values.as_deref_mut(),
        counts: counts.as_deref_mut(),
        ..Output::new(&mut indices, row_stride)
    };
    top_k_into(input, k, semantics, output)?;
    Ok(Selection { indices, values, counts, raw_columns: None })
}

/// [`top_k`] into memory of the caller, at a row stride of its own.
///
/// # Errors
/// Those of [`top_k`]; an output that is too small or whose stride is less than k; values that are
/// declared and given no place, or the other way round; and so for counts.
pub fn top_k_into<S: Score, I: IndexInt>(
    input: &Rows<'_, S>,
    k: u32,
    semantics: &Semantics,
    output: Output<'_, I, S>,
) -> Result<(), HostError> {
    top_k_own(input, k, semantics, output, None)
}

/// [`top_k_into`], with the functions of a selector.
fn top_k_own<S: Score, I: IndexInt>(
    input: &Rows<'_, S>,
    k: u32,
    semantics: &Semantics,
    mut output: Output<'_, I, S>,
    own: Option<&Own<'_>>,
) -> Result<(), HostError> {
    accept::<S, I>(input, k, semantics)?;
    let (k, row_stride) = (k as usize, output.row_stride);
    fits("indices", output.indices.len(), input.count(), k, row_stride)?;
    match (semantics.values, &output.values) {
        (true, None) => return Err(HostError::ValuesMissing),
        (false, Some(_)) => return Err(HostError::ValuesUndeclared),
        (true, Some(values)) => {
            fits("values", values.len(), input.count(), k, output.value_stride)?;
        }
        (false, None) => {}
    }
    match (semantics.count, &output.counts) {
        (true, None) => return Err(HostError::CountsMissing),
        (false, Some(_)) => return Err(HostError::CountsUndeclared),
        (true, Some(counts)) => fits("counts", counts.len(), input.count(), 1, 1)?,
        (false, None) => {}
    }
    match (semantics.raw_columns, &output.raw_columns) {
        (true, None) => return Err(HostError::RawColumnsMissing),
        (false, Some(_)) => return Err(HostError::RawColumnsUndeclared),
        (true, Some(columns)) => {
            fits("raw columns", columns.len(), input.count(), k, output.raw_column_stride)?;
        }
        (false, None) => {}
    }
    if output.map.declared() != semantics.ids {
        return Err(HostError::Ids { declared: semantics.ids, given: output.map.declared() });
    }
    let value_fill = output.value_fill.unwrap_or_else(|| S::worst(semantics.select));

    let ranking = Ranking::new(semantics);
    // Reserve before the first row is written, so that a failure writes nothing.
    let mut ranks = reserved("ranks of the longest row", longest(input))?;
    let mut gathered = Gathered::of(input)?;
    for row in 0..input.count() {
        gathered.gather(input, row, &output.map);
        let scores = if input.shards == 0 { input.scores_of(row) } else { &gathered.scores };
        // A candidate of shards has a place among those of its row, and is at another column.
        let column_of = |rank| gathered.column(ranking.column(rank));
        let most = input.k_of(row, k as u32) as usize;
        let keeps = |column: usize| {
            input.keeps(row, column) && own.is_none_or(|own| own.keeps(row, column))
        };
        let rank = |score: S, column: u32| {
            let own = own.and_then(|own| own.score(score.to_f32(), row, column as usize));
            own.map_or_else(|| ranking.rank(score, column), |score| ranking.rank(score, column))
        };
        winners(ranking, scores, keeps, rank, most, &mut ranks);

        let places = |stride: usize| row * stride..row * stride + k;
        let (taken, rest) = output.indices[places(row_stride)].split_at_mut(ranks.len());
        for (index, &rank) in taken.iter_mut().zip(&ranks) {
            let column = column_of(rank);
            let emitted = own.and_then(|own| own.emit(row, column as usize));
            *index = match emitted {
                Some(id) => I::from_i64(id),
                None => id_of(&output.map, row, input.place_of(row, column), column),
            };
        }
        rest.fill(output.index_fill);

        if let Some(values) = &mut output.values {
            let (taken, rest) = values[places(output.value_stride)].split_at_mut(ranks.len());
            for (value, &rank) in taken.iter_mut().zip(&ranks) {
                *value = scores[ranking.column(rank) as usize];
            }
            rest.fill(value_fill);
        }
        if let Some(columns) = &mut output.raw_columns {
            let (taken, rest) = columns[places(output.raw_column_stride)].split_at_mut(ranks.len());
            for (place, &rank) in taken.iter_mut().zip(&ranks) {
                // A row has at most 2^31 - 1 columns.
                *place = column_of(rank) as i32;
            }
            rest.fill(-1);
        }
        if let Some(counts) = &mut output.counts {
            // A row has at most 2^31 - 1 columns.
            counts[row] = ranks.len() as i32;
        }
    }
    Ok(())
}

/// What is written for a column of a row, whose id is at a place of the matrix of ids.
fn id_of<I: IndexInt>(map: &Map<'_, I, Host>, row: usize, place: Place, column: u32) -> I {
    match *map {
        Map::Columns => I::from_column(column),
        Map::Given { ids, stride, shard_stride } => {
            let apart = shard_stride.unwrap_or(place.shard_stride(stride));
            ids[place.shard * apart + row * stride + place.column]
        }
        Map::Affine { scale, offset, offsets } => {
            let own = offsets.map_or(0, |offsets| offsets[row].into());
            let id = i64::from(column).wrapping_mul(scale).wrapping_add(offset);
            I::from_i64(id.wrapping_add(own))
        }
        Map::Pages { pages, stride, shift } => {
            let page = i64::from(pages[row * stride + (column as usize >> shift)]);
            I::from_i64(page << shift | i64::from(column) & ((1 << shift) - 1))
        }
    }
}

/// A place for an answer, or an error where the system has no memory for it.
fn filled<T: Clone>(what: &'static str, fill: T, len: usize) -> Result<Vec<T>, HostError> {
    let mut all = reserved(what, len)?;
    all.resize(len, fill);
    Ok(all)
}

/// Room for so many elements, or an error where the system has no memory for them.
fn reserved<T>(what: &'static str, len: usize) -> Result<Vec<T>, HostError> {
    let mut room = Vec::new();
    let bytes = (len as u64).saturating_mul(size_of::<T>() as u64);
    room.try_reserve_exact(len).map_err(|_| HostError::Memory { what, bytes })?;
    Ok(room)
}

/// Scores of the longest row.
fn longest<S: Score>(input: &Rows<'_, S>) -> usize {
    if input.shards > 0 {
        return input.columns;
    }
    (0..input.count()).map(|row| input.scores_of(row).len()).max().unwrap_or(0)
}

/// Leaves in `ranks` the ranks of a row's winners, in the order of the answer. The caller has reserved
/// room for the row. Columns that are not kept do not win.
fn winners<S: Score>(
    ranking: Ranking,
    scores: &[S],
    keeps: impl Fn(usize) -> bool,
    rank: impl Fn(S, u32) -> u128,
    k: usize,
    ranks: &mut Vec<u128>,
) {
    ranks.clear();
    let kept = scores.iter().zip(0..).filter(|&(_, column)| keeps(column as usize));
    ranks.extend(kept.map(|(&score, column)| rank(score, column)));
    if k < ranks.len() {
        ranks.select_nth_unstable(k);
        ranks.truncate(k);
    }
    ranks.sort_unstable_by_key(|&rank| ranking.place(rank));
}

/// Checks the arguments that every call has.
fn accept<S: Score, I: IndexInt>(
    input: &Rows<'_, S>,
    k: u32,
    semantics: &Semantics,
) -> Result<(), HostError> {
    if k == 0 {
        return Err(HostError::ZeroK);
    }
    if semantics.index != I::TYPE {
        return Err(HostError::IndexType { declared: semantics.index, requested: I::TYPE });
    }
    if semantics.rows != RowShape::Ragged && input.is_ragged() {
        return Err(HostError::DeclaredDense);
    }
    let sharded = semantics.rows == RowShape::Shards;
    if sharded != (input.shards > 0) {
        return Err(HostError::Shards { declared: sharded });
    }
    if sharded && !input.columns.is_multiple_of(input.shards) {
        return Err(HostError::UnevenShards { shards: input.shards, columns: input.columns });
    }
    let given = match input.marks {
        None => Mask::None,
        Some(Marks::Bits(_)) => Mask::Bits,
        Some(Marks::Bytes(_)) => Mask::Bytes,
    };
    if given != semantics.mask {
        return Err(HostError::Mask { declared: semantics.mask, given });
    }
    if input.ks.is_some() != semantics.k_per_row {
        return Err(HostError::RowKs { declared: semantics.k_per_row });
    }
    if input.columns > i32::MAX as usize {
        return Err(HostError::Columns { columns: input.columns });
    }
    Ok(input.check()?)
}

/// Refuses an array of `got` elements that does not hold `rows` rows.
fn fits(
    what: &'static str,
    got: usize,
    rows: usize,
    width: usize,
    row_stride: usize,
) -> Result<(), HostError> {
    if row_stride < width {
        return Err(HostError::Stride { what, row_stride, width });
    }
    let needed = span(what, rows, width, row_stride)?;
    if got < needed {
        return Err(HostError::Size { what, rows, width, row_stride, needed, got });
    }
    Ok(())
}

/// Elements from the first of the first row to the last of the last row.
fn span(
    what: &'static str,
    rows: usize,
    width: usize,
    row_stride: usize,
) -> Result<usize, HostError> {
    let Some(before) = rows.checked_sub(1) else { return Ok(0) };
    before
        .checked_mul(row_stride)
        .and_then(|before| before.checked_add(width))
        .filter(|&needed| needed <= isize::MAX as usize)
        .ok_or(HostError::TooLarge { what, rows, width, row_stride })
}
