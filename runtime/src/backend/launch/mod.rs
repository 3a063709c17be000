//! A launch by raw device addresses, for typed launches and for other languages. Everything that can be
//! checked on the host is checked (`check.rs`) before anything is enqueued. Whether an address is valid is the
//! caller's promise. `bytes.rs` makes the kernel's argument of it.

mod bytes;
mod check;

pub(crate) use bytes::with_bytes;
pub(crate) use check::MOST_PAGE_SHIFT;

use crate::problem::Problem;
use cudarc::driver::sys::CUdeviceptr;
use topkit_codegen::DType;

/// One launch, by device addresses. Lengths and strides are in elements.
///
/// Set what is needed and leave the rest at its default:
///
/// ```
/// use topkit::{DType, RawLaunch};
///
/// # let (scores, indices) = (0x7000_0000, 0x7100_0000);
/// let launch = RawLaunch::new(DType::Bf16, 32, 131_072, 512).scores(scores).indices(indices);
/// # assert_eq!(launch.row_stride, 131_072);
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub struct RawLaunch {
    /// The type of a score.
    pub dtype: DType,
    /// Rows of the matrix.
    pub rows: usize,
    /// Columns of the matrix, at most 2^31 - 1.
    pub columns: usize,
    /// Winners a row.
    pub k: u32,
    /// The first score of the first row.
    pub scores: CUdeviceptr,
    /// From row to row of the scores; any value, as long as every row is in the buffer.
    pub row_stride: i64,
    /// `i32[rows]`, the first column of each row; 0 for none. Ragged selectors only.
    pub row_starts: CUdeviceptr,
    /// `i32[rows]`, the length of each row; 0 for none. Ragged selectors only.
    pub row_lengths: CUdeviceptr,
    /// The first index of the first row; the type is the selector's.
    pub indices: CUdeviceptr,
    /// From row to row of the indices, at least k.
    pub index_stride: i64,
    /// The first value of the first row, of the type of the scores. Selectors with `values: true` alone.
    pub values: CUdeviceptr,
    /// From row to row of the values, at least k.
    pub value_stride: i64,
    /// `i32[rows]`, the winners of each row. Selectors with `count: true` alone.
    pub counts: CUdeviceptr,
    /// The index where a row has no score left, cut to the selector's type; without it -1. Selectors with
    /// `fill: given` alone.
    pub index_fill: Option<i64>,
    /// The bits of the value there; without it those of the worst infinity. Selectors with `fill: given` and
    /// `values: true` alone.
    pub value_fill: Option<u64>,
    /// The first id of the first row, of the selector's index type: the id to write for each score, beside it.
    /// Selectors with `ids: given` alone.
    pub ids: CUdeviceptr,
    /// From row to row of the ids; 0 where all rows have the same.
    pub id_stride: i64,
    /// What a column is multiplied by. Selectors with `ids: affine` alone, as the next two.
    pub id_scale: i64,
    /// What is added then.
    pub id_offset: i64,
    /// What each row adds then, of the selector's index type; 0 for none.
    pub row_offsets: CUdeviceptr,
    /// The first page of the first row, `i32`: an id is `pages[column >> shift] << shift | column & mask`. Selectors
    /// with `ids: pages` alone, as the next two.
    pub pages: CUdeviceptr,
    /// From row to row of the page table; 0 where all rows have the same pages.
    pub page_stride: i64,
    /// The logarithm of a page's columns, at most 31.
    pub page_shift: u32,
    /// `i32`, the first column of the first row. Selectors with `raw_columns: true` alone.
    pub raw_columns: CUdeviceptr,
    /// From row to row of the columns, at least k.
    pub raw_column_stride: i64,
    /// The mask of the first row: `u32` words of bits or bytes, of all columns of the matrix. Selectors with a `mask`
    /// alone.
    pub mask: CUdeviceptr,
    /// From row to row of the mask, in words or bytes; 0 where all rows have one mask.
    pub mask_stride: i64,
    /// `i32[rows]`, the k of each row, clamped to 0 and to `k`. Selectors with `k_per_row: true` alone.
    pub row_ks: CUdeviceptr,
    /// Shards of a row, each of `columns / shards` columns; 0 where rows are in one piece. Selectors with
    /// `rows: shards` alone, as the next four.
    pub shards: usize,
    /// From shard to shard of the scores.
    pub shard_stride: i64,
    /// `i32`, the candidates that the first shard has of the first row, and then of the rows after it, clamped to 0
    /// and to the columns of a shard; 0 where all shards are full.
    pub shard_counts: CUdeviceptr,
    /// From shard to shard of the counts.
    pub shard_count_stride: i64,
    /// From shard to shard of the ids.
    pub shard_id_stride: i64,
    /// Device memory of at least the plan's `workspace_bytes`, a multiple of 16; 0 when that is 0.
    /// It is all zero before its first launch; every launch leaves it ready for the next one.
    /// Launches that may run at the same time need one each, as in threads that launch on the per-thread
    /// default stream: see [`Workspace`](crate::Workspace).
    pub workspace: CUdeviceptr,
    /// Bytes of it.
    pub workspace_bytes: usize,
}

impl RawLaunch {
    /// A launch over dense rows and a dense output, with all addresses still 0.
    pub const fn new(dtype: DType, rows: usize, columns: usize, k: u32) -> RawLaunch {
        RawLaunch {
            dtype,
            rows,
            columns,
            k,
            scores: 0,
            row_stride: columns as i64,
            row_starts: 0,
            row_lengths: 0,
            indices: 0,
            index_stride: k as i64,
            values: 0,
            value_stride: k as i64,
            counts: 0,
            index_fill: None,
            value_fill: None,
            ids: 0,
            id_stride: 0,
            id_scale: 1,
            id_offset: 0,
            row_offsets: 0,
            pages: 0,
            page_stride: 0,
            page_shift: 0,
            raw_columns: 0,
            raw_column_stride: k as i64,
            mask: 0,
            mask_stride: 0,
            row_ks: 0,
            shards: 0,
            shard_stride: 0,
            shard_counts: 0,
            shard_count_stride: 0,
            shard_id_stride: 0,
            workspace: 0,
            workspace_bytes: 0,
        }
    }

    /// Sets the address of the first score.
    pub const fn scores(self, scores: CUdeviceptr) -> RawLaunch {
        RawLaunch { scores, ..self }
    }

    /// Sets the distance from row to row of the scores, in elements.
    pub const fn row_stride(self, row_stride: i64) -> RawLaunch {
        RawLaunch { row_stride, ..self }
    }

    /// Sets the address of the first column of each row.
    pub const fn row_starts(self, row_starts: CUdeviceptr) -> RawLaunch {
        RawLaunch { row_starts, ..self }
    }

    /// Sets the address of the length of each row.
    pub const fn row_lengths(self, row_lengths: CUdeviceptr) -> RawLaunch {
        RawLaunch { row_lengths, ..self }
    }

    /// Sets the address of the first index.
    pub const fn indices(self, indices: CUdeviceptr) -> RawLaunch {
        RawLaunch { indices, ..self }
    }

    /// Sets the distance from row to row of the indices, in elements.
    pub const fn index_stride(self, index_stride: i64) -> RawLaunch {
        RawLaunch { index_stride, ..self }
    }

    /// Sets the address of the first value.
    pub const fn values(self, values: CUdeviceptr) -> RawLaunch {
        RawLaunch { values, ..self }
    }

    /// Sets the distance from row to row of the values, in elements.
    pub const fn value_stride(self, value_stride: i64) -> RawLaunch {
        RawLaunch { value_stride, ..self }
    }

    /// Sets the address of the first row's count.
    pub const fn counts(self, counts: CUdeviceptr) -> RawLaunch {
        RawLaunch { counts, ..self }
    }

    /// Sets the index that is written where a row has no score left.
    pub const fn index_fill(self, index: i64) -> RawLaunch {
        RawLaunch { index_fill: Some(index), ..self }
    }

    /// Sets the bits of the value that is written there.
    pub const fn value_fill(self, bits: u64) -> RawLaunch {
        RawLaunch { value_fill: Some(bits), ..self }
    }

    /// Sets the address of the first id, and the distance from row to row, in elements.
    pub const fn ids(self, ids: CUdeviceptr, id_stride: i64) -> RawLaunch {
        RawLaunch { ids, id_stride, ..self }
    }

    /// Sets what makes ids of columns: `column * scale + offset`.
    pub const fn affine(self, id_scale: i64, id_offset: i64) -> RawLaunch {
        RawLaunch { id_scale, id_offset, ..self }
    }

    /// Sets the address of what each row adds to its ids.
    pub const fn row_offsets(self, row_offsets: CUdeviceptr) -> RawLaunch {
        RawLaunch { row_offsets, ..self }
    }

    /// Sets the address of the page table, its entries from row to row, and the logarithm of a page's columns.
    pub const fn pages(self, pages: CUdeviceptr, page_stride: i64, page_shift: u32) -> RawLaunch {
        RawLaunch { pages, page_stride, page_shift, ..self }
    }

    /// Sets the address of the first winner's column, and the distance from row to row, in elements.
    pub const fn raw_columns(self, raw_columns: CUdeviceptr, raw_column_stride: i64) -> RawLaunch {
        RawLaunch { raw_columns, raw_column_stride, ..self }
    }

    /// Sets the address of the mask, and the distance from row to row, in words or bytes.
    pub const fn mask(self, mask: CUdeviceptr, mask_stride: i64) -> RawLaunch {
        RawLaunch { mask, mask_stride, ..self }
    }

    /// Sets the address of the first row's k.
    pub const fn row_ks(self, row_ks: CUdeviceptr) -> RawLaunch {
        RawLaunch { row_ks, ..self }
    }

    /// Sets the shards that the columns are of, and the distance from shard to shard of the scores, in elements. Rows
    /// of a shard follow each other then, unless [`row_stride`](RawLaunch::row_stride) is set after this.
    pub const fn shards(self, shards: usize, shard_stride: i64) -> RawLaunch {
        let launch = RawLaunch { shards, shard_stride, ..self };
        RawLaunch { row_stride: launch.width() as i64, ..launch }
    }

    /// Sets the address of the counts of shards, and their distance from shard to shard.
    pub const fn shard_counts(self, shard_counts: CUdeviceptr, stride: i64) -> RawLaunch {
        RawLaunch { shard_counts, shard_count_stride: stride, ..self }
    }

    /// Sets the distance from shard to shard of the ids, in elements.
    pub const fn shard_id_stride(self, shard_id_stride: i64) -> RawLaunch {
        RawLaunch { shard_id_stride, ..self }
    }

    /// Columns of a row that follow each other: all, or those of a shard.
    pub(crate) const fn width(&self) -> usize {
        match self.shards {
            0 => self.columns,
            shards => self.columns / shards,
        }
    }

    /// Sets the address of the workspace, and its bytes.
    pub const fn workspace(self, workspace: CUdeviceptr, workspace_bytes: usize) -> RawLaunch {
        RawLaunch { workspace, workspace_bytes, ..self }
    }

    /// The shape and the layout of the launch.
    pub const fn problem(&self) -> Problem {
        Problem::new(self.dtype, self.rows, self.columns, self.k).at(self.scores, self.row_stride)
    }
}
