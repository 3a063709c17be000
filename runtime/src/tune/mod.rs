//! Measuring kernels on the GPU that they are for, and keeping what was measured.
//!
//! [`Engine::tune`](crate::Engine::tune) does all of it, and so does [`tune()`] for the records of any
//! file. [`search()`] goes through the [`candidates`] of problems and has a [`Meter`] check and time
//! them: the GPU, in `gpu`, on the scores of `input`. [`Recorder`] keeps the rows, and [`ship()`] makes
//! of them the table that plans go by. [`compare()`] tells what tuning is worth. A wrong answer is
//! never given a time. [`Recording`] holds launches in a CUDA graph and times its replays; it is what
//! `topkit run` and `topkit bench` time with, too. On failure the error of the driver is returned, and
//! the stream is left out of capture.

mod buffer;
mod compare;
mod compile;
mod edges;
mod gpu;
mod id;
pub mod input;
mod meaning;
mod provenance;
mod read_once;
mod record;
mod refusal;
mod scores;
mod search;
mod ship;
mod space;
mod timer;
mod trial;
mod tuner;

pub use compare::{Comparison, Finding, Ratio};
pub use id::{Choice, id, of_id};
pub use provenance::Provenance;
pub use read_once::{Grid, ReadOnce};
pub use record::{Effort, Floor, Outcome, Recorder, Records, Row};
pub use search::{
    Clock, Compile, Event, Fault, Meter, Order, Sample, Summary, search, source_digest,
};
pub use ship::ship;
pub use space::{Candidate, candidates, hash as space_hash};
pub use timer::{LAUNCHES, REPLAYS, Recording, Timing};
pub use tuner::{TuneError, Tuning, compare, tune};

#[cfg(test)]
pub(crate) use provenance::sample;
