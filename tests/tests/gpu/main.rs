//! Tests that need a GPU: the kernels' answers, and the rules of a launch.
//!
//! Every answer is checked with no tolerance, by `topkit::host::check` or by `topkit_lab::Checker`, which
//! gives the same result for many answers in less time. The suite needs a GPU and NVRTC, and fails without
//! them. A sanitizer runs the subset `small`. Compiled kernels go to the disk cache that the environment
//! names, so that a second run is faster.
#![allow(clippy::unwrap_used, reason = "a test stops at the first surprise")]

mod captures;
mod contexts;
mod cover;
mod dealt;
mod determinism;
mod device;
mod exactness;
mod functions;
mod fuzz;
mod launching;
mod layouts;
mod packs;
mod property;
mod small;
mod tuning;
mod workspaces;
