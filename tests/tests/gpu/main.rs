//! What only a GPU can show: the kernels' answers, and what a launch may and may not do.
//!
//! Every answer is judged by `topkit::host::check`, with no tolerance. Needs a GPU and NVRTC, and
//! fails where there is none. `small` is the subset that is run under a sanitizer.
#![allow(clippy::unwrap_used, reason = "a test stops at the first surprise")]

mod device;
mod exactness;
mod launching;
mod packs;
mod property;
mod ragged;
mod semantics;
mod small;
mod tuning;
