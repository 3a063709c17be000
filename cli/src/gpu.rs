//! One selection on the GPU: the scores go up, the kernel runs, the indices come down, and the
//! kernel can be timed. Everything is on one stream of its own.

use crate::exit::Failure;
use std::sync::Arc;
use std::time::Duration;
use topkit::cudarc::driver::{CudaSlice, DeviceRepr, DriverError};
use topkit::tune::{LAUNCHES, REPLAYS, Recording, Timing};
use topkit::{CudaStream, Family, Problem, Rows, Score};

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

    /// Times the selection, after a warm-up.
    pub fn time(&mut self) -> Result<Timing, Failure> {
        let stream = self.stream.clone();
        let recording = Recording::capture(&stream, LAUNCHES, |_| self.launch())?;
        recording.warm_up(WARM_UP)?;
        Ok(recording.time(REPLAYS)?)
    }
}

/// The driver's refusal to do something, as a failure.
pub fn refused(doing: &'static str) -> impl Fn(DriverError) -> Failure {
    move |error| {
        let name = error.error_name().map(|name| name.to_string_lossy().into_owned());
        let reason = name.unwrap_or_else(|_| "no reason given".to_owned());
        Failure::environment(format!("the GPU failed to {doing}: {reason}"))
    }
}
