//! Measures kernels on the GPU that will run them, and keeps the results.
//!
//! [`Engine::tune`](crate::Engine::tune) does all of it, and so does [`tune()`] for the records of any
//! file. [`search()`] goes through the variants that [`screen()`] leaves of each problem, and has a
//! [`Meter`] check and time them: the GPU, in `gpu`, on the scores of `input`. [`Recorder`] keeps the
//! rows, and [`ship()`] makes of them the table that plans use. [`compare()`] tells the gain of tuning.
//! A wrong answer is never given a time. `measure` times, and `plan` reads the records and the table. A
//! failure returns the error of the driver, and leaves the stream out of capture.

mod compare;
mod compile;
mod gpu;
pub mod input;
mod meaning;
mod recorder;
mod refusal;
mod scores;
mod screen;
mod search;
mod ship;
mod trial;
mod tuner;

pub use crate::plan::VariantLaunch;
pub use crate::plan::measured::{
    Effort, Outcome, Provenance, Reading, Records, Row, Sample, source_digest, space_hash,
};

pub use compare::{Comparison, Finding, Ratio};
pub use recorder::Recorder;
pub use screen::{Screened, screen};
pub use search::{Clock, Compile, Event, Fault, Meter, Order, Summary, search};
pub use ship::ship;
pub use tuner::{TuneError, Tuning, compare, tune};
