//! Timing by replay of a CUDA graph: one start of the graph is spread over many launches, and host work
//! between launches is not measured.
//!
//! The caller's function enqueues the launches. A failed launch ends the capture, and its error is
//! returned.

use super::edges;
use crate::error::Error;
use cudarc::driver::sys::{CUevent_flags, CUgraphInstantiate_flags, CUstreamCaptureMode};
use cudarc::driver::{CudaGraph, CudaStream};
use std::fmt;
use std::sync::Arc;
use std::time::{Duration, Instant};

/// Launches in a graph that spread the cost of starting it thin enough.
pub const LAUNCHES: usize = 20;
/// Replays that are timed; an odd number, for the median.
pub const REPLAYS: usize = 7;

/// Microseconds a launch, over the replays of a [`Recording`].
#[derive(Debug, Clone, Copy, PartialEq)]
#[non_exhaustive]
pub struct Timing {
    /// The median.
    pub median: f64,
    /// The fastest.
    pub least: f64,
    /// The slowest.
    pub most: f64,
}

impl Timing {
    /// Median and spread of some times; `None` if there is none.
    pub fn of(mut times: Vec<f64>) -> Option<Timing> {
        times.sort_by(f64::total_cmp);
        let (&least, &most) = (times.first()?, times.last()?);
        Some(Timing { median: times[times.len() / 2], least, most })
    }
}

/// Launches captured in a CUDA graph, ready to be replayed and timed.
pub struct Recording {
    graph: CudaGraph,
    stream: Arc<CudaStream>,
    launches: usize,
    pdl: bool,
}

impl Recording {
    /// Captures `launches` calls of `launch`, which is given the number of each and enqueues on
    /// `stream`. Kernels must be loaded already, and event tracking of the context be off, or else
    /// launches be by address: see [`Selector::launch`](crate::Selector::launch). Replays use the
    /// addresses that the launches were given, so their memory must outlive the recording.
    ///
    /// # Errors
    /// An error of `launch`, or of the driver.
    pub fn capture<E: From<Error>>(
        stream: &Arc<CudaStream>,
        launches: usize,
        launch: impl FnMut(usize) -> Result<(), E>,
    ) -> Result<Recording, E> {
        let refused = Error::cuda("capture a graph");
        let mode = CUstreamCaptureMode::CU_STREAM_CAPTURE_MODE_THREAD_LOCAL;
        stream.begin_capture(mode).map_err(&refused)?;
        let launched = (0..launches).try_for_each(launch);
        // The capture is ended on every path: a stream left capturing cannot be freed cleanly.
        let graph = stream.end_capture(CUgraphInstantiate_flags(0));
        launched?;
        let reason = || "there is no launch in it".to_owned();
        let empty = || Error::Cuda { doing: "capture a graph", reason: reason() };
        let graph = graph.map_err(&refused)?.ok_or_else(empty)?;
        let pdl = edges::any_programmatic(graph.cu_graph())?;
        Ok(Recording { graph, stream: stream.clone(), launches, pdl })
    }

    /// Whether a launch in the graph may start before the previous one has ended, which is
    /// programmatic dependent launch.
    pub fn pdl(&self) -> bool {
        self.pdl
    }

    /// Replays the graph for about this long, untimed: an idle GPU raises its clocks, and caches fill.
    ///
    /// # Errors
    /// An error of the driver.
    pub fn warm_up(&self, time: Duration) -> Result<(), Error> {
        let start = Instant::now();
        loop {
            self.graph.launch().map_err(Error::cuda("replay a graph"))?;
            self.stream.synchronize().map_err(Error::cuda("run a graph"))?;
            if start.elapsed() >= time {
                return Ok(());
            }
        }
    }

    /// Times `replays` replays, each on a GPU that is idle when the replay begins. The time includes the
    /// GPU's start of a graph, spread over its launches.
    ///
    /// # Errors
    /// An error of the driver, or a count of 0.
    pub fn time(&self, replays: usize) -> Result<Timing, Error> {
        self.time_after(replays, || Ok(()))
    }

    /// As [`Recording::time`], each replay after untimed work that `before` enqueues on the stream.
    ///
    /// # Errors
    /// An error of `before` or of the driver, or a count of 0.
    pub fn time_after<E: From<Error>>(
        &self,
        replays: usize,
        mut before: impl FnMut() -> Result<(), E>,
    ) -> Result<Timing, E> {
        let replay = |_| {
            before()?;
            Ok(self.replay()?)
        };
        let times = (0..replays).map(replay).collect::<Result<Vec<_>, E>>()?;
        Ok(Timing::of(times).ok_or_else(none)?)
    }

    /// How much longer a launch takes than in another recording, over pairs of replays, one of each
    /// recording. A difference may be below 0.
    ///
    /// # Errors
    /// An error of the driver, or a count of 0.
    pub fn time_over(&self, other: &Recording, pairs: usize) -> Result<Timing, Error> {
        let pair = |_| Ok(self.replay()? - other.replay()?);
        let differences = (0..pairs).map(pair).collect::<Result<Vec<_>, Error>>()?;
        Timing::of(differences).ok_or_else(none)
    }

    /// Microseconds a launch of one replay on an idle GPU.
    fn replay(&self) -> Result<f64, Error> {
        let refused = Error::cuda("time a graph");
        let timed = Some(CUevent_flags::CU_EVENT_DEFAULT);
        self.stream.synchronize().map_err(&refused)?;
        let begin = self.stream.record_event(timed).map_err(&refused)?;
        self.graph.launch().map_err(&refused)?;
        let end = self.stream.record_event(timed).map_err(&refused)?;
        let milliseconds = begin.elapsed_ms(&end).map_err(&refused)?;
        Ok(f64::from(milliseconds) * 1000.0 / self.launches as f64)
    }
}

fn none() -> Error {
    Error::Cuda { doing: "time a graph", reason: "no replay was requested".into() }
}

impl fmt::Debug for Recording {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Recording")
            .field("launches", &self.launches)
            .field("pdl", &self.pdl)
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_spread_is_around_the_median() {
        let timing = Timing::of(vec![5.0, 1.0, 9.0, 2.0, 3.0]).unwrap();
        assert_eq!(timing, Timing { median: 3.0, least: 1.0, most: 9.0 });
        assert_eq!(Timing::of(Vec::new()), None);
    }
}
