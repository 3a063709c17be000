//! Measuring kernels on the GPU that they are for.
//!
//! [`Recording`] holds launches in a CUDA graph and times its replays. It is what `topkit run` and
//! `topkit bench` time with. It picks no kernel, prepares no data and checks no answer: whoever
//! measures does that before, so that a wrong answer is never given a time. On failure the error of
//! the driver is returned, and the stream is left out of capture.

mod edges;
mod timer;

pub use timer::{LAUNCHES, REPLAYS, Recording, Timing};
