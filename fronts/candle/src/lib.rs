//! Exact top-k of candle tensors, by topkit: on NVIDIA GPUs by its kernels, on the CPU by its host backend.
//!
//! [`topk`] selects the k best scores of each row of a tensor, where a row is the last dimension; a [`Selector`] does
//! so repeatedly, with workspaces of its own, and writes into given tensors for CUDA graphs. [`Options`] has the keys
//! of `topk_kernel!` that decide the answer, with the same names, defaults and meaning on every device.
//!
//! ```
//! use candle_core::{Device, Tensor};
//! use topkit_candle::{Options, Order, topk};
//!
//! let scores = Tensor::new(&[[3f32, 7., 2., 9.], [1., 0., 4., -1.]], &Device::Cpu)?;
//! let (values, indices) = topk(&scores, 2, Options::default().order(Order::ByValue))?;
//! assert_eq!(values.to_vec2::<f32>()?, [[9., 7.], [4., 1.]]);
//! assert_eq!(indices.to_vec2::<u32>()?, [[3, 1], [2, 0]]);
//! # Ok::<(), candle_core::Error>(())
//! ```
//!
//! # Shapes and dtypes
//!
//! Scores are `f32`, `bf16`, `f16`, `f64`, `i32`, `u32`, `i16` or `u8`, of any rank from 1. For scores of shape
//! `[.., n]`, values and indices have the shape `[.., k]`; values have the dtype of the scores and their bits, indices
//! are `u32`, count from 0 and are unique in a row. k may be 0, whose answer is empty, and at most n.
//!
//! # Strides
//!
//! Rows are read where they are if the last dimension has stride 1, whatever the other strides are. Leading dimensions
//! that are evenly spaced are one launch; for others each combination of their outer indices is a launch. Scores are
//! copied by `Tensor::contiguous` if their last dimension has another stride, if they are differentiated and
//! not contiguous, or on a GPU if they would take more than 16 launches.
//!
//! # Gradients
//!
//! The values are differentiable: the gradient of a value goes to the score that was selected, and other scores get 0.
//! For scores that candle tracks, [`topk`] selects the indices and reads the values by `Tensor::gather`,
//! which candle differentiates. Indices have no gradient.
//!
//! # CUDA
//!
//! With the feature `cuda`, tensors of a GPU are selected from on the stream of their device, without synchronising.
//! topkit compiles its kernels at run time by NVRTC and keeps them on disk; one engine serves all
//! selectors of a context for the life of the process. Without the feature, and for CPU tensors, neither a GPU, a
//! driver nor NVRTC is used. Tensors on Metal are refused.
//!
//! # Errors
//!
//! All functions return candle's error, whose message says what was given and what to do. After an error no given
//! tensor has been written, except where a GPU fails.

mod cpu;
mod element;
#[cfg(feature = "cuda")]
mod gpu;
mod matrix;
mod op;
mod options;
mod selector;

pub use op::Indices;
pub use options::Options;
pub use selector::{Selector, topk};
pub use topkit::spec::{NanPolicy, Order, Select, Ties};
