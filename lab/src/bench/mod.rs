//! The bench: times the planned kernels of cells, beside the read-once floor and peers.
//!
//! A meter ([`meter`], [`gpu`]) measures cells into a document ([`record`]); [`ratio`] and [`facts`] compute
//! ratios from a document, without a GPU. A cell with a wrong answer has no time.

mod buffer;
pub mod builds;
mod clock;
pub mod facts;
pub mod gpu;
pub mod input;
mod kernels;
mod machine;
pub mod meter;
mod peer;
pub mod ratio;
pub mod record;
mod seeds;
mod stopwatch;
pub mod table;
mod trial;
