//! Timing launches on a GPU: graphs that are recorded and replayed, device memory for their inputs, the
//! time that it takes to read an input once, and what is around a selection in a user's program.
//!
//! `topkit run`, `topkit bench` and the tuner time with it. It knows no kernel of a selection and
//! checks no answer. Errors are the driver's, and leave the stream out of capture.

#[cfg(feature = "tune")]
pub(crate) mod buffer;
mod edges;
mod graph;
mod in_place;
mod read_once;

pub use graph::{LAUNCHES, REPLAYS, Recording, Timing};
pub use in_place::{InPlace, Written};
pub use read_once::{Grid, ReadOnce};
