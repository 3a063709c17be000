//! What only a GPU can show: the kernels' answers, and what a launch may and may not do.
//!
//! Every answer is judged with no tolerance, by `topkit::host::check` or by `topkit_lab::Judge`, which
//! says the same of many answers in less time. Needs a GPU and NVRTC, and fails where there is none.
//! `small` is the subset that is run under a sanitizer. What is compiled is kept on disk as the
//! environment says, so that a second run is faster.
#![allow(clippy::unwrap_used, reason = "a test stops at the first surprise")]

mod captures;
mod cases;
mod contexts;
mod dealt;
mod device;
mod exactness;
mod fuzz;
mod launching;
mod layouts;
mod packs;
mod property;
mod ragged;
mod semantics;
mod small;
mod tuning;
mod workspaces;
