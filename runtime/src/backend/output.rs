//! Where a selection writes, and what it writes for a winner, in the memory of any backend.
//!
//! An output is a view: nothing is copied. The checks here are of lengths alone.

#[cfg(feature = "interpret")]
use super::interpret::{Interpreted, Slice};
use super::launch::MOST_PAGE_SHIFT;
use super::memory::{Cuda, Host, Memory};
use crate::problem::{IndexInt, Score, TooShort, span};
use cudarc::driver::{DevicePtr, DevicePtrMut};
use std::fmt;
use topkit_codegen::Ids;

/// Where a launch writes: row `r`'s k indices begin at element `r * row_stride`, which is k unless
/// set. A row with fewer than k scores ends in the fill, -1 (all bits set for `u32`) unless the selector was declared
/// with `fill: given`. The values of a selector with `values: true`, and the counts of one with `count: true`, have
/// buffers of their own:
///
/// ```
/// use topkit::spec::{Order, Semantics};
/// use topkit::{DType, Output, Rows, SelectorSpec, host};
///
/// let semantics = Semantics { order: Order::ByValue, values: true, count: true, ..Semantics::DEFAULT };
/// let spec = SelectorSpec::builder("Best").dtype([DType::F32]).semantics(semantics).build()?;
/// let (mut indices, mut values, mut counts) = ([0i32; 3], [0.0; 3], [0; 1]);
/// let output = Output::host(&mut indices).values(&mut values).counts(&mut counts);
/// host::Selector::new(spec)?.launch(&Rows::host(&[2.0f32, 7.0], 1, 2), 3, output)?;
/// assert_eq!(indices, [1, 0, -1]);
/// assert_eq!(values, [7.0, 2.0, f32::NEG_INFINITY]);
/// assert_eq!(counts, [2]);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
///
/// What is written for a winner is its column, unless the selector declares `ids`:
///
/// ```
/// use topkit::spec::Ids;
/// use topkit::{DType, Output, Rows, SelectorSpec, host};
///
/// let paged = SelectorSpec::builder("Paged").dtype([DType::F32]).ids(Ids::Pages).build()?;
/// let mut places = [0i32; 2];
/// // Pages of 2 columns: the first is page 7 of a cache, the second is page 3.
/// let output = Output::host(&mut places).pages(&[7, 3], 2, 1);
/// host::Selector::new(paged)?.launch(&Rows::host(&[1.0f32, 9.0, 8.0, 0.0], 1, 4), 2, output)?;
/// assert_eq!(places, [7 * 2 + 1, 3 * 2]);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
///
/// A `&mut CudaSlice<I>` or `&mut CudaViewMut<I>` becomes one by itself, and for the host a `&mut` of a slice, an
/// array or a `Vec`.
pub struct Output<'a, I: 'a, S: 'a, M: Memory = Cuda> {
    pub(crate) indices: M::SliceMut<'a, I>,
    pub(crate) row_stride: Option<usize>,
    pub(crate) values: Option<M::SliceMut<'a, S>>,
    pub(crate) value_stride: Option<usize>,
    pub(crate) counts: Option<M::SliceMut<'a, i32>>,
    pub(crate) index_fill: Option<I>,
    pub(crate) value_fill: Option<S>,
    pub(crate) map: Map<'a, I, M>,
    pub(crate) raw_columns: Option<M::SliceMut<'a, i32>>,
    pub(crate) raw_column_stride: Option<usize>,
}

/// What makes the ids of winners.
#[derive(Clone, Copy)]
pub(crate) enum Map<'a, I: 'a, M: Memory> {
    /// Its column.
    Columns,
    /// The id beside its score, in rows so many elements apart.
    Given { ids: M::Slice<'a, I>, stride: usize, shard_stride: Option<usize> },
    /// Its column times a number, plus a number and the row's own.
    Affine { scale: i64, offset: i64, offsets: Option<M::Slice<'a, I>> },
    /// Its place in pages of `1 << shift` columns, in rows of a table so many entries apart.
    Pages { pages: M::Slice<'a, i32>, stride: usize, shift: u32 },
}

/// Elements from shard to shard of the ids where the output does not say: as many as a shard has.
pub(crate) fn shard_stride_of(rows: usize, stride: usize, width: usize) -> usize {
    if stride == 0 { width } else { rows.saturating_mul(stride) }
}

impl<I, M: Memory> fmt::Debug for Map<'_, I, M> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.declared().name())
    }
}

impl<I, M: Memory> Map<'_, I, M> {
    /// The value of the key that declares it.
    pub(crate) fn declared(&self) -> Ids {
        match self {
            Map::Columns => Ids::Columns,
            Map::Given { .. } => Ids::Given,
            Map::Affine { .. } => Ids::Affine,
            Map::Pages { .. } => Ids::Pages,
        }
    }
}

impl<'a, I: IndexInt, S: Score> Output<'a, I, S> {
    /// Indices, row after row.
    pub fn new(indices: &'a mut impl DevicePtrMut<I>) -> Output<'a, I, S> {
        let indices: &'a mut dyn DevicePtrMut<I> = indices;
        Output::of(indices)
    }

    /// The winners' scores as stored, row after row, of a selector with `values: true`.
    pub fn values(self, values: &'a mut impl DevicePtrMut<S>) -> Output<'a, I, S> {
        Output { values: Some(values), ..self }
    }

    /// The number of winners of each row, of a selector with `count: true`.
    pub fn counts(self, counts: &'a mut impl DevicePtrMut<i32>) -> Output<'a, I, S> {
        Output { counts: Some(counts), ..self }
    }

    /// The id to write for each score, of a selector with `ids: given`: a matrix of as many columns beside the scores,
    /// `stride` elements from row to row; with 0 all rows have the same ids.
    pub fn ids(self, ids: &'a impl DevicePtr<I>, stride: usize) -> Output<'a, I, S> {
        let ids: &'a dyn DevicePtr<I> = ids;
        Output { map: Map::Given { ids, stride, shard_stride: None }, ..self }
    }

    /// What each row adds to its ids, of a selector with `ids: affine`; see [`Output::affine`].
    pub fn row_offsets(self, offsets: &'a impl DevicePtr<I>) -> Output<'a, I, S> {
        let offsets: &'a dyn DevicePtr<I> = offsets;
        let (scale, offset) = self.scale_and_offset();
        Output { map: Map::Affine { scale, offset, offsets: Some(offsets) }, ..self }
    }

    /// The page table, of a selector with `ids: pages`: `stride` entries from row to row, each the page of `1 << shift`
    /// columns of the row. The id of a column is `pages[column >> shift] << shift | column & mask`.
    pub fn pages(
        self,
        pages: &'a impl DevicePtr<i32>,
        stride: usize,
        shift: u32,
    ) -> Output<'a, I, S> {
        let pages: &'a dyn DevicePtr<i32> = pages;
        Output { map: Map::Pages { pages, stride, shift }, ..self }
    }

    /// The winners' columns, row after row, of a selector with `raw_columns: true`; -1 where a row has no score left.
    pub fn raw_columns(self, columns: &'a mut impl DevicePtrMut<i32>) -> Output<'a, I, S> {
        Output { raw_columns: Some(columns), ..self }
    }
}

impl<'a, I: IndexInt, S: Score> Output<'a, I, S, Host> {
    /// Indices on the host, row after row.
    pub fn host(indices: &'a mut [I]) -> Output<'a, I, S, Host> {
        Output::of(indices)
    }

    /// The winners' scores as stored, row after row, of a selector with `values: true`.
    pub fn values(self, values: &'a mut [S]) -> Output<'a, I, S, Host> {
        Output { values: Some(values), ..self }
    }

    /// The number of winners of each row, of a selector with `count: true`.
    pub fn counts(self, counts: &'a mut [i32]) -> Output<'a, I, S, Host> {
        Output { counts: Some(counts), ..self }
    }

    /// The id to write for each score, of a selector with `ids: given`: a matrix of as many columns beside the scores,
    /// `stride` elements from row to row; with 0 all rows have the same ids.
    pub fn ids(self, ids: &'a [I], stride: usize) -> Output<'a, I, S, Host> {
        Output { map: Map::Given { ids, stride, shard_stride: None }, ..self }
    }

    /// What each row adds to its ids, of a selector with `ids: affine`; see [`Output::affine`].
    pub fn row_offsets(self, offsets: &'a [I]) -> Output<'a, I, S, Host> {
        let (scale, offset) = self.scale_and_offset();
        Output { map: Map::Affine { scale, offset, offsets: Some(offsets) }, ..self }
    }

    /// The page table, of a selector with `ids: pages`: `stride` entries from row to row, each the page of `1 << shift`
    /// columns of the row. The id of a column is `pages[column >> shift] << shift | column & mask`.
    pub fn pages(self, pages: &'a [i32], stride: usize, shift: u32) -> Output<'a, I, S, Host> {
        Output { map: Map::Pages { pages, stride, shift }, ..self }
    }

    /// The winners' columns, row after row, of a selector with `raw_columns: true`; -1 where a row has no score left.
    pub fn raw_columns(self, columns: &'a mut [i32]) -> Output<'a, I, S, Host> {
        Output { raw_columns: Some(columns), ..self }
    }
}

#[cfg(feature = "interpret")]
impl<'a, I: IndexInt, S: Score> Output<'a, I, S, Interpreted> {
    /// The winners' scores as stored, row after row, of a selector with `values: true`.
    pub fn values(self, values: &'a mut Slice<S>) -> Self {
        Output { values: Some(values), ..self }
    }

    /// The number of winners of each row, of a selector with `count: true`.
    pub fn counts(self, counts: &'a mut Slice<i32>) -> Self {
        Output { counts: Some(counts), ..self }
    }

    /// The id to write for each score, of a selector with `ids: given`: a matrix of as many columns beside the scores,
    /// `stride` elements from row to row; with 0 all rows have the same ids.
    pub fn ids(self, ids: &'a Slice<I>, stride: usize) -> Self {
        Output { map: Map::Given { ids, stride, shard_stride: None }, ..self }
    }

    /// What each row adds to its ids, of a selector with `ids: affine`; see [`Output::affine`].
    pub fn row_offsets(self, offsets: &'a Slice<I>) -> Self {
        let (scale, offset) = self.scale_and_offset();
        Output { map: Map::Affine { scale, offset, offsets: Some(offsets) }, ..self }
    }

    /// The page table, of a selector with `ids: pages`: `stride` entries from row to row, each the page of `1 << shift`
    /// columns of the row. The id of a column is `pages[column >> shift] << shift | column & mask`.
    pub fn pages(self, pages: &'a Slice<i32>, stride: usize, shift: u32) -> Self {
        Output { map: Map::Pages { pages, stride, shift }, ..self }
    }

    /// The winners' columns, row after row, of a selector with `raw_columns: true`; -1 where a row has no score left.
    pub fn raw_columns(self, columns: &'a mut Slice<i32>) -> Self {
        Output { raw_columns: Some(columns), ..self }
    }
}

impl<'a, I: IndexInt, S: Score, M: Memory> Output<'a, I, S, M> {
    fn of(indices: M::SliceMut<'a, I>) -> Output<'a, I, S, M> {
        Output {
            indices,
            row_stride: None,
            values: None,
            value_stride: None,
            counts: None,
            index_fill: None,
            value_fill: None,
            map: Map::Columns,
            raw_columns: None,
            raw_column_stride: None,
        }
    }

    /// Sets the ids of a selector with `ids: affine`: `column * scale + offset`, plus the row's own offset if
    /// there are any. They wrap where the index type cannot hold them.
    pub fn affine(self, scale: i64, offset: i64) -> Output<'a, I, S, M> {
        let offsets = match self.map {
            Map::Affine { offsets, .. } => offsets,
            _ => None,
        };
        Output { map: Map::Affine { scale, offset, offsets }, ..self }
    }

    fn scale_and_offset(&self) -> (i64, i64) {
        match self.map {
            Map::Affine { scale, offset, .. } => (scale, offset),
            _ => (1, 0),
        }
    }

    /// Sets the distance from shard to shard of the ids, in elements, of a selector with `rows: shards`: call it after
    /// [`Output::ids`]. Without it, the ids of a shard are a matrix as its scores are, and these follow each other.
    pub fn shard_id_stride(self, given: usize) -> Output<'a, I, S, M> {
        let map = match self.map {
            Map::Given { ids, stride, .. } => Map::Given { ids, stride, shard_stride: Some(given) },
            map => map,
        };
        Output { map, ..self }
    }

    /// Sets the distance from row to row of the columns, in elements; at least k.
    pub fn raw_column_stride(self, stride: usize) -> Output<'a, I, S, M> {
        Output { raw_column_stride: Some(stride), ..self }
    }

    /// Sets the distance from row to row of the indices, in elements; at least k.
    pub fn row_stride(self, row_stride: usize) -> Output<'a, I, S, M> {
        Output { row_stride: Some(row_stride), ..self }
    }

    /// Sets the distance from row to row of the values, in elements; at least k.
    pub fn value_stride(self, value_stride: usize) -> Output<'a, I, S, M> {
        Output { value_stride: Some(value_stride), ..self }
    }

    /// Sets the index where a row has no score left, of a selector with `fill: given`.
    pub fn index_fill(self, index: I) -> Output<'a, I, S, M> {
        Output { index_fill: Some(index), ..self }
    }

    /// Sets the value where a row has no score left, of a selector with `fill: given` and `values: true`. Without it,
    /// the value is the infinity that every other number beats.
    pub fn value_fill(self, value: S) -> Output<'a, I, S, M> {
        Output { value_fill: Some(value), ..self }
    }

    /// The buffers hold `rows` rows of k indices and k values, and a count of each row.
    pub(crate) fn check(
        &self,
        rows: usize,
        columns: usize,
        shards: usize,
        k: u32,
    ) -> Result<(), TooShort> {
        self.check_map(rows, columns, shards)?;
        let holds = |what, stride: Option<usize>, len| {
            let stride = stride.unwrap_or(k as usize) as u64;
            let needed = span(rows, stride, u64::from(k));
            if (len as u64) < needed {
                let shape = format!("{rows} rows of k = {k} with row stride {stride}");
                return Err(TooShort { what, len, shape, needed });
            }
            Ok(())
        };
        holds("the index buffer", self.row_stride, M::len_mut(&self.indices))?;
        if let Some(values) = &self.values {
            holds("the value buffer", self.value_stride, M::len_mut(values))?;
        }
        if let Some(columns) = &self.raw_columns {
            holds("the column buffer", self.raw_column_stride, M::len_mut(columns))?;
        }
        match self.counts.as_ref().map(M::len_mut) {
            Some(len) if len < rows => {
                let (what, shape) = ("the count buffer", format!("a launch of {rows} rows"));
                Err(TooShort { what, len, shape, needed: rows as u64 })
            }
            _ => Ok(()),
        }
    }

    /// What makes ids of columns is as large as the matrix.
    fn check_map(&self, rows: usize, columns: usize, shards: usize) -> Result<(), TooShort> {
        let (what, len, stride, width) = match &self.map {
            Map::Columns | Map::Affine { offsets: None, .. } => return Ok(()),
            Map::Given { ids, stride, shard_stride } if shards > 0 && columns > 0 => {
                let (len, width) = (M::len(ids), columns / shards);
                let apart = shard_stride.unwrap_or_else(|| shard_stride_of(rows, *stride, width));
                let of_one = span(rows, *stride as u64, width as u64);
                let needed = span(shards, apart as u64, of_one);
                if (len as u64) < needed {
                    let shape = format!(
                        "{rows} rows of {columns} columns with row stride {stride}, of {shards} shards with stride {apart}"
                    );
                    return Err(TooShort { what: "the buffer of ids", len, shape, needed });
                }
                return Ok(());
            }
            Map::Given { ids, stride, .. } => ("the buffer of ids", M::len(ids), *stride, columns),
            Map::Affine { offsets: Some(offsets), .. } => {
                ("the buffer of row offsets", M::len(offsets), 1, 1)
            }
            Map::Pages { pages, stride, shift } => {
                // A shift that no page has is refused by the launch.
                let width = columns.div_ceil(1 << (*shift).min(MOST_PAGE_SHIFT));
                ("the page table", M::len(pages), *stride, width)
            }
        };
        let needed = if width == 0 { 0 } else { span(rows, stride as u64, width as u64) };
        if (len as u64) < needed {
            let shape = format!("{rows} rows of {columns} columns with row stride {stride}");
            return Err(TooShort { what, len, shape, needed });
        }
        Ok(())
    }
}

impl<'a, I: IndexInt, S: Score, T: DevicePtrMut<I>> From<&'a mut T> for Output<'a, I, S> {
    fn from(indices: &'a mut T) -> Output<'a, I, S> {
        Output::new(indices)
    }
}

impl<'a, I: IndexInt, S: Score, T: AsMut<[I]> + ?Sized> From<&'a mut T> for Output<'a, I, S, Host> {
    fn from(indices: &'a mut T) -> Output<'a, I, S, Host> {
        Output::host(indices.as_mut())
    }
}

#[cfg(feature = "interpret")]
impl<'a, I: IndexInt, S: Score> From<&'a mut Slice<I>> for Output<'a, I, S, Interpreted> {
    fn from(indices: &'a mut Slice<I>) -> Output<'a, I, S, Interpreted> {
        Output::of(indices)
    }
}

impl<I, S, M: Memory> fmt::Debug for Output<'_, I, S, M> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Output")
            .field("row_stride", &self.row_stride)
            .field("values", &self.values.is_some())
            .field("counts", &self.counts.is_some())
            .finish_non_exhaustive()
    }
}
