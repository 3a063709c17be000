//! Measuring kernels on the GPU that they are for, and keeping what was measured.
//!
//! [`Recording`] holds launches in a CUDA graph and times its replays. It is what `topkit run` and
//! `topkit bench` time with. [`search()`] goes through the [`candidates`] of problems and has a
//! [`Meter`] check and time them; [`Recorder`] keeps the rows, and [`ship()`] makes of them the table
//! that plans go by. Nothing here prepares data or checks an answer by itself: the meter does that
//! first, so that a wrong answer is never given a time. On failure the error of the driver is
//! returned, and the stream is left out of capture.

mod compile;
mod edges;
mod id;
mod provenance;
mod record;
mod search;
mod ship;
mod space;
mod timer;

pub use id::{id, of_id};
pub use provenance::Provenance;
pub use record::{Effort, Outcome, Recorder, Records, Row};
pub use search::{Clock, Event, Fault, Meter, Order, Sample, Summary, search, source_digest};
pub use ship::ship;
pub use space::{Candidate, candidates, hash as space_hash};
pub use timer::{LAUNCHES, REPLAYS, Recording, Timing};

#[cfg(test)]
pub(crate) use provenance::sample;
