//! One selection on the GPU: the scores go up, the kernel runs, the indices come down, and the
//! kernel can be timed. Everything is on one stream of its own.

use crate::exit::Failure;
use std::sync::Arc;
use std::time::{Duration, Instant};
use topkit::cudarc::driver::sys::{CUevent_flags, CUgraphInstantiate_flags, CUstreamCaptureMode};
use topkit::cudarc::driver::{CudaGraph, CudaSlice, DeviceRepr, DriverError};
use topkit::{CudaStream, Family, Problem, Rows, Score};

/// Launches in a graph, so that the cost of starting the graph is spread thin.
pub const LAUNCHES: usize = 20;
/// Replays of the graph that are timed; an odd number, for the median.
pub const REPLAYS: usize = 7;

/// Long enough for an idle GPU to raise its clocks.
const WARM_UP: Duration = Duration::from_millis(100);

/// No index, so that a place that no kernel wrote to does not pass for an answer.
const UNWRITTEN: i32 = i32::MIN;

/// A matrix on the GPU, and a place for its winners.
pub struct Session<'a, S> {
    family: &'a Family,
    stream: Arc<CudaStream>,
    scores: CudaSlice<S>,
    indices: CudaSlice<i32>,
    problem: Problem,
}

/// Microseconds a launch, over the replays.
#[derive(Debug, Clone, Copy)]
pub struct Timing {
    /// The median.
    pub median: f64,
    /// The fastest.
    pub least: f64,
    /// The slowest.
    pub most: f64,
}

impl<'a, S: Score + DeviceRepr> Session<'a, S> {
    /// Brings the scores to the GPU. The kernel of the problem is loaded already.
    pub fn start(
        family: &'a Family,
        problem: Problem,
        scores: &[S],
    ) -> Result<Session<'a, S>, Failure> {
        let engine = family.engine();
        let context = engine.context().ok_or(topkit::Error::Offline { arch: engine.arch() })?;
        // SAFETY: every buffer of this process lives and dies on the one stream made below, so
        // there is nothing between streams to track; tracking would put events into the graph.
        unsafe { context.disable_event_tracking() };
        let stream = context.new_stream().map_err(refused("make a stream"))?;
        let scores = stream.clone_htod(scores).map_err(refused("take the scores"))?;
        let unwritten = vec![UNWRITTEN; problem.rows * problem.k as usize];
        let indices =
            stream.clone_htod(&unwritten).map_err(refused("make room for the indices"))?;
        Ok(Session { family, stream, scores, indices, problem })
    }

    /// Enqueues the selection.
    pub fn launch(&mut self) -> Result<(), Failure> {
        let Problem { rows, columns, k, .. } = self.problem;
        let rows = Rows::new(&self.scores, rows, columns);
        Ok(self.family.launch(&self.stream, &rows, k, &mut self.indices)?)
    }

    /// Waits for the selection and fetches its indices.
    pub fn indices(&self) -> Result<Vec<i32>, Failure> {
        let indices = self.stream.clone_dtoh(&self.indices).map_err(refused("run the kernel"))?;
        self.stream.synchronize().map_err(refused("run the kernel"))?;
        Ok(indices)
    }

    /// Times the selection: after a warm-up, replays of one graph that holds many launches.
    pub fn time(&mut self) -> Result<Timing, Failure> {
        let graph = self.graph()?;
        let start = Instant::now();
        while start.elapsed() < WARM_UP {
            self.replay(&graph)?;
        }
        let mut times = [0.0; REPLAYS];
        for time in &mut times {
            *time = self.replay(&graph)? * 1000.0 / LAUNCHES as f64;
        }
        times.sort_by(f64::total_cmp);
        Ok(Timing { median: times[REPLAYS / 2], least: times[0], most: times[REPLAYS - 1] })
    }

    fn graph(&mut self) -> Result<CudaGraph, Failure> {
        let refused = refused("capture a graph");
        let mode = CUstreamCaptureMode::CU_STREAM_CAPTURE_MODE_THREAD_LOCAL;
        self.stream.begin_capture(mode).map_err(&refused)?;
        let launched = (0..LAUNCHES).try_for_each(|_| self.launch());
        // The capture is ended on every path: a stream left capturing cannot be freed cleanly.
        let graph = self.stream.end_capture(CUgraphInstantiate_flags(0));
        launched?;
        let empty = || Failure::environment("the GPU captured a graph without a launch in it");
        graph.map_err(&refused)?.ok_or_else(empty)
    }

    /// Milliseconds of one replay, between two events on the stream.
    fn replay(&self, graph: &CudaGraph) -> Result<f64, Failure> {
        let refused = refused("time the graph");
        let timed = Some(CUevent_flags::CU_EVENT_DEFAULT);
        let start = self.stream.record_event(timed).map_err(&refused)?;
        graph.launch().map_err(&refused)?;
        let end = self.stream.record_event(timed).map_err(&refused)?;
        start.elapsed_ms(&end).map(f64::from).map_err(&refused)
    }
}

fn refused(doing: &'static str) -> impl Fn(DriverError) -> Failure {
    move |error| {
        let name = error.error_name().map(|name| name.to_string_lossy().into_owned());
        let reason = name.unwrap_or_else(|_| "no reason given".to_owned());
        Failure::environment(format!("the GPU failed to {doing}: {reason}"))
    }
}
