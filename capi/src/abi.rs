//! The codes and structs of `include/topkit.h`, field by field. `tests/layout.rs` compares them with the
//! header. `convert` gives them their meaning.

use std::ffi::{c_char, c_void};
use std::ptr;

/// How a call ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[repr(i32)]
pub enum Status {
    Ok = 0,
    Argument = 1,
    Unsupported = 2,
    Driver = 3,
    Device = 4,
    Compiler = 5,
    Compile = 6,
    Cuda = 7,
    Workspace = 8,
    Capture = 9,
    Internal = 10,
}

/// The current context's GPU, in place of an ordinal.
pub const CURRENT_DEVICE: i32 = -1;

/// `topkit_selector_config`.
#[derive(Debug, Clone, Copy)]
#[repr(C)]
pub struct SelectorConfig {
    pub size: usize,
    pub dtype: i32,
    pub select: i32,
    pub nan: i32,
    pub rows: i32,
    pub index: i32,
    pub k_first: i32,
    pub k_last: i32,
    pub reserved: i32,
    pub order: i32,
    pub values: i32,
    pub count: i32,
    pub fill: i32,
    pub ties: i32,
    pub batch_invariant: i32,
    pub ids: i32,
    pub raw_columns: i32,
    pub mask: i32,
    pub k_per_row: i32,
    pub reserved_end: i32,
}

impl SelectorConfig {
    /// The keys of a declaration that it has, by name, each with its code.
    pub fn semantic_keys(&self) -> [(&'static str, i32); 14] {
        [
            ("select", self.select),
            ("nan", self.nan),
            ("rows", self.rows),
            ("index", self.index),
            ("order", self.order),
            ("values", self.values),
            ("count", self.count),
            ("fill", self.fill),
            ("ties", self.ties),
            ("batch_invariant", self.batch_invariant),
            ("ids", self.ids),
            ("raw_columns", self.raw_columns),
            ("mask", self.mask),
            ("k_per_row", self.k_per_row),
        ]
    }
}

/// `topkit_problem`.
#[derive(Debug, Clone, Copy)]
#[repr(C)]
pub struct Problem {
    pub size: usize,
    pub rows: i64,
    pub columns: i64,
    pub row_stride: i64,
    pub alignment: i64,
    pub k: i32,
    pub reserved: i32,
}

/// Bytes of a kernel's name, the NUL included.
pub const NAME_BYTES: usize = 128;

/// `topkit_plan`.
#[derive(Debug, Clone, Copy)]
#[repr(C)]
pub struct Plan {
    pub size: usize,
    pub workspace_bytes: usize,
    pub kernel: [c_char; NAME_BYTES],
}

/// `topkit_launch`. The pointers are device addresses and never dereferenced here.
#[derive(Debug, Clone, Copy)]
#[repr(C)]
pub struct Launch {
    pub size: usize,
    pub rows: i64,
    pub columns: i64,
    pub scores: *const c_void,
    pub row_stride: i64,
    pub row_starts: *const i32,
    pub row_lengths: *const i32,
    pub indices: *mut c_void,
    pub index_stride: i64,
    pub workspace: *mut c_void,
    pub workspace_bytes: usize,
    pub k: i32,
    pub reserved: i32,
    pub values: *mut c_void,
    pub value_stride: i64,
    pub counts: *mut i32,
    pub index_fill: i64,
    pub value_fill: u64,
    pub ids: *const c_void,
    pub id_stride: i64,
    pub id_scale: i64,
    pub id_offset: i64,
    pub row_offsets: *const c_void,
    pub pages: *const i32,
    pub page_stride: i64,
    pub page_shift: i32,
    pub reserved_end: i32,
    pub raw_columns: *mut i32,
    pub raw_column_stride: i64,
    pub mask: *const c_void,
    pub mask_stride: i64,
    pub row_ks: *const i32,
    pub shards: i64,
    pub shard_stride: i64,
    pub shard_counts: *const i32,
    pub shard_count_stride: i64,
    pub shard_id_stride: i64,
}

impl Launch {
    /// A launch in which all but its size is 0.
    pub const EMPTY: Launch = Launch {
        size: size_of::<Launch>(),
        rows: 0,
        columns: 0,
        scores: ptr::null(),
        row_stride: 0,
        row_starts: ptr::null(),
        row_lengths: ptr::null(),
        indices: ptr::null_mut(),
        index_stride: 0,
        workspace: ptr::null_mut(),
        workspace_bytes: 0,
        k: 0,
        reserved: 0,
        values: ptr::null_mut(),
        value_stride: 0,
        counts: ptr::null_mut(),
        index_fill: 0,
        value_fill: 0,
        ids: ptr::null(),
        id_stride: 0,
        id_scale: 0,
        id_offset: 0,
        row_offsets: ptr::null(),
        pages: ptr::null(),
        page_stride: 0,
        page_shift: 0,
        reserved_end: 0,
        raw_columns: ptr::null_mut(),
        raw_column_stride: 0,
        mask: ptr::null(),
        mask_stride: 0,
        row_ks: ptr::null(),
        shards: 0,
        shard_stride: 0,
        shard_counts: ptr::null(),
        shard_count_stride: 0,
        shard_id_stride: 0,
    };
}

/// The constant of the header for a value of a key.
pub fn constant(key: &str, word: &str) -> String {
    format!("TOPKIT_{key}_{word}").to_ascii_uppercase()
}
