//! What a launch passes to every kernel: `LaunchArgs` of `templates/core/types.cuh`, as the host writes it.
//!
//! The text of each kernel asserts the place of every field, so that a kernel which reads other places does
//! not compile.

use std::mem::{offset_of, size_of};

/// Makes the struct and the table of its fields' places.
macro_rules! launch_args {
    ($($(#[$doc:meta])* $field:ident: $type:ty,)*) => {
        /// `LaunchArgs` of the generated text, field by field; addresses are the device's. It has no padding.
        #[derive(Debug, Clone, Copy, PartialEq, Eq)]
        #[repr(C)]
        pub struct KernelArgs { $($(#[$doc])* pub $field: $type,)* }

        /// The name of each field, the bytes before it, and its own.
        pub(super) const FIELDS: &[(&str, usize, usize)] =
            &[$((stringify!($field), offset_of!(KernelArgs, $field), size_of::<$type>()),)*];

        const SUM: usize = 0 $(+ size_of::<$type>())*;
    };
}
launch_args! {
    /// The first score of the first row.
    scores: u64,
    /// Elements from row to row of the scores.
    row_stride: i64,
    /// The first column of each row, or 0.
    row_starts: u64,
    /// The length of each row, or 0.
    row_lengths: u64,
    /// The first index of the first row.
    indices: u64,
    /// Elements from row to row of the indices.
    index_stride: i64,
    /// The workspace, or 0.
    workspace: u64,
    /// Columns of the matrix.
    columns: i32,
    /// Winners a row.
    k: i32,
    /// Rows of the matrix.
    rows: i64,
}

/// Bytes of it.
pub(super) const BYTES: usize = size_of::<KernelArgs>();
/// What its address is a multiple of.
pub(super) const ALIGN: usize = align_of::<KernelArgs>();
// Without padding.
const _: [(); SUM] = [(); BYTES];
