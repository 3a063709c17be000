//! Timing launches on a GPU: graphs that are recorded and replayed, device memory for their inputs, and
//! the time that it takes to read an input once.
//!
//! `topkit run`, `topkit bench` and the tuner time with it. It knows no kernel of a selection and
//! checks no answer. Errors are the driver's, and leave the stream out of capture.

#[cfg(feature = "tune")]
pub(crate) mod buffer;
mod edges;
mod graph;
mod read_once;

pub use graph::{LAUNCHES, REPLAYS, Recording, Timing};
pub use read_once::{Grid, ReadOnce};
