//! The codes and structs of `include/topkit.h`, field by field. `tests/layout.rs` compares them with the
//! header. `convert` gives them their meaning.

use std::ffi::{c_char, c_void};

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
}

impl SelectorConfig {
    /// The keys of a declaration that it has, by name, each with its code.
    pub fn semantic_keys(&self) -> [(&'static str, i32); 10] {
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
}
