//! Times one kernel warm and cold, by replays of two graphs: all launches of the first read one input, each
//! launch of the second reads the next copy.
//!
//! It checks no answer. Our kernels, peers and the read-once floor are timed the same way.

use super::buffer::{COLD_BYTES, Region};
use super::record::{Both, Method, Timed};
use crate::Error;
use std::sync::Arc;
use std::time::Duration;
use topkit::CudaStream;
use topkit::measure::{LAUNCHES, REPLAYS, Recording};

/// Long enough for clocks to settle, after the long one at the start.
const WARM_UP: Duration = Duration::from_millis(8);
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
        Ok(Timed { both: Both { warm: warm.into(), cold: cold.into() }, pdl })
    }

    /// How it times.
    pub fn method(&self) -> Method {
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
                 {megabytes} MB, at most one for each launch of the graph, and {between}; indices \
                 only, unsorted, checked before and after"
            ),
            launches: LAUNCHES,
            replays: REPLAYS,
            cold_bytes: COLD_BYTES,
            flushed,
        }
    }
}
