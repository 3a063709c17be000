//! The bench: times the kernels that the plan picks over cells, beside the read-once floor and peers.
//!
//! Cells go through a meter ([`meter`], [`gpu`]) into a document ([`record`]); [`ratio`] and [`facts`] draw
//! conclusions from one, without a GPU. A cell whose answer is wrong has no time.

mod buffer;
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
mod stopwatch;
pub mod table;
mod trial;
