//! Times one kernel warm, cold and in place, by replays of graphs. Back to back, all launches of the warm
//! graph read one input, and each launch of the cold one the next copy. In place, each launch is between a
//! kernel that writes the scores and one that reads the indices, and the same graph without it is subtracted.
//!
//! It checks no answer. Our kernels, peers and the read-once floor are timed the same way.

use super::buffer::{COLD_BYTES, Region};
use super::record::{Both, Method, Spot, Timed};
use crate::Error;
use std::sync::Arc;
use std::time::Duration;
use topkit::CudaStream;
use topkit::measure::{LAUNCHES, REPLAYS, Recording};

/// Long enough for clocks to settle, after the long one at the start.
const WARM_UP: Duration = Duration::from_millis(8);
/// As for a seed that follows others of the same cell.
const BRIEF_WARM_UP: Duration = Duration::from_millis(1);
/// Pairs of replays in place; an odd number, for the median.
const PAIRS: usize = 15;
/// Long enough for an idle GPU to raise its clocks.
pub const FIRST_WARM_UP: Duration = Duration::from_secs(1);

/// Times kernels on one stream.
pub struct Stopwatch {
    stream: Arc<CudaStream>,
    flush: Option<Region>,
}

impl Stopwatch {
    /// With `flush`, the L2 cache is filled with something else before each cold replay.
    pub fn new(stream: &Arc<CudaStream>, flush: bool) -> Stopwatch {
        let flush = flush.then(|| Region::new(stream));
        Stopwatch { stream: stream.clone(), flush }
    }

    /// Launches in a graph.
    pub fn launches(&self) -> usize {
        LAUNCHES
    }

    /// Times a kernel. `launch` enqueues it on the copy of the input of that number.
    pub fn time(&mut self, launch: impl Fn(usize) -> Result<(), Error>) -> Result<Timed, Error> {
        let warm = Recording::capture(&self.stream, LAUNCHES, |_| launch(0))?;
        let cold = Recording::capture(&self.stream, LAUNCHES, &launch)?;
        warm.warm_up(WARM_UP)?;
        let pdl = warm.pdl();
        let warm = warm.time(REPLAYS)?;
        cold.warm_up(WARM_UP)?;
        let cold = match &mut self.flush {
            None => cold.time(REPLAYS)?,
            Some(region) => cold.time_after(REPLAYS, || region.set(COLD_BYTES, 1).map(drop))?,
        };
        let both = Both { warm: warm.into(), cold: cold.into() };
        Ok(Timed { both, in_place: None, pdl })
    }

    /// Times what a kernel adds between two others.
    pub fn in_place(
        &self,
        write: impl Fn() -> Result<(), Error>,
        launch: impl Fn() -> Result<(), Error>,
        read: impl Fn() -> Result<(), Error>,
    ) -> Result<Spot, Error> {
        let with = Recording::capture(&self.stream, LAUNCHES, |_| {
            write()?;
            launch()?;
            read()
        })?;
        let without = Recording::capture(&self.stream, LAUNCHES, |_| {
            write()?;
            read()
        })?;
        without.warm_up(WARM_UP)?;
        with.warm_up(WARM_UP)?;
        Ok(with.time_over(&without, PAIRS)?.into())
    }

    /// A warm graph, for inputs that follow each other at one address.
    pub fn record(&self, launch: impl Fn() -> Result<(), Error>) -> Result<Recording, Error> {
        Recording::capture(&self.stream, LAUNCHES, |_| launch())
    }

    /// Warm microseconds a launch of a graph, on the input that is there now.
    pub fn replay(&self, graph: &Recording) -> Result<f64, Error> {
        graph.warm_up(BRIEF_WARM_UP)?;
        Ok(Spot::from(graph.time(REPLAYS)?).us)
    }

    /// How it times, with so many seeds of a cell.
    pub fn method(&self, seeds: u64) -> Method {
        let megabytes = COLD_BYTES / 1_000_000;
        let flushed = self.flush.is_some();
        let between = if flushed {
            "the L2 cache was filled with other data before each replay"
        } else {
            "nothing was done between replays"
        };
        Method {
            text: format!(
                "CUDA-graph replay of {LAUNCHES} launches, median of {REPLAYS} replays, \
                 microseconds a launch; warm = one input buffer, cold = buffers rotated over \
                 {megabytes} MB, at most one for each launch of the graph, and {between}; in place = \
                 what the selection adds to a graph of {LAUNCHES} x (a kernel that writes the scores, \
                 the selection, a kernel that reads the indices), with minus without, median of \
                 {PAIRS} pairs of replays; up to {seeds} seeds a cell, warm; indices only, unsorted, \
                 checked before and after"
            ),
            launches: LAUNCHES,
            replays: REPLAYS,
            cold_bytes: COLD_BYTES,
            flushed,
            pairs: PAIRS,
            seeds,
        }
    }
}
