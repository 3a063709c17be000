//! Exact top-k in plain Rust: the reference for every kernel, and a selection without a GPU.
//!
//! It implements the whole contract, also the parts that no kernel implements yet: either end of the order,
//! both NaN policies, every tie rule, output order and index type, values, ragged rows, strides,
//! and k beyond the length of a row. It makes no attempt at the speed of a kernel: one thread,
//! linear in the scores, plus the sort of the winners. It never touches a device.
//!
//! [`top_k`] selects by [`Semantics`](crate::spec::Semantics) alone. A [`Selector`] is made of a spec and launches
//! as [`topkit::Selector`](crate::Selector) does, with the same checks and the same errors, so that a program
//! runs the same calls with and without a GPU. [`check()`] checks an answer of a kernel.
//!
//! ```
//! use topkit::{Rows, host, topk_kernel};
//!
//! topk_kernel! {
//!     /// The K best KV positions of one query row.
//!     pub kernel IndexerTopK {
//!         dtype: [f32, bf16],
//!         k: 1..=2048,
//!     }
//! }
//!
//! let topk = host::Selector::new(IndexerTopK::SPEC)?;
//! let scores = [0.5f32, 2.0, -1.0, 7.0, 0.0, 3.0];
//! let mut indices = [0i32; 4];
//! topk.launch(&Rows::host(&scores, 2, 3), 2, &mut indices)?;
//! assert_eq!(indices, [0, 1, 0, 2]);
//! // Refused as on a GPU.
//! let error = topk.launch(&Rows::host(&scores, 2, 4), 2, &mut indices).unwrap_err();
//! assert!(error.to_string().contains("holds 6 elements, but 2 x 4 with row stride 4 needs 8"));
//! # Ok::<(), topkit::Error>(())
//! ```
//!
//! On failure a function returns a [`HostError`], and a launch an [`Error`](crate::Error), with the numbers, and
//! nothing has been written.

pub use crate::backend::host::{
    Mismatch, Output, Rows, Selection, check, check_selection, top_k, top_k_into,
};
pub use crate::error::HostError;
pub use crate::select::host::Selector;
