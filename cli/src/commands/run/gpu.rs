//! One selection on the GPU: the scores are copied to it, the kernel runs, the indices are copied back,
//! and the kernel can be timed. Everything is on one stream of its own.

use crate::args::spans::Spans;
use crate::ui::exit::Failure;
use crate::ui::report::bytes;
use std::sync::Arc;
use std::time::Duration;
use topkit::cudarc::driver::{CudaSlice, DevicePtr, DevicePtrMut, DeviceRepr};
use topkit::host::Selection;
use topkit::measure::{LAUNCHES, REPLAYS, Recording, Timing};
use topkit::spec::Semantics;
use topkit::{CudaStream, Engine, Plan, Problem, RawLaunch, Score, Selector};
use topkit_lab::refused;

/// Long enough for an idle GPU to raise its clocks.
const WARM_UP: Duration = Duration::from_millis(100);

/// No index, so that a place that no kernel wrote to does not pass for an answer.
const UNWRITTEN: i32 = i32::MIN;

/// A matrix on the GPU, a place for its winners, and the memory that its kernel works in.
pub struct Session<'a, S> {
    selector: &'a Selector,
    stream: Arc<CudaStream>,
    scores: CudaSlice<S>,
    starts: Option<CudaSlice<i32>>,
    lengths: Option<CudaSlice<i32>>,
    indices: CudaSlice<i32>,
    values: Option<CudaSlice<S>>,
    counts: Option<CudaSlice<i32>>,
    workspace: CudaSlice<u8>,
    plan: Plan,
}

impl<'a, S: Score + DeviceRepr> Session<'a, S> {
    /// Copies the scores to the GPU. The kernel of the plan is loaded already.
    pub fn start(
        selector: &'a Selector,
        plan: Plan,
        scores: &[S],
        spans: &Spans,
    ) -> Result<Session<'a, S>, Failure> {
        let offline = || topkit::Error::Offline { arch: selector.toolchain().arch() };
        let context = selector.context().ok_or_else(offline)?;
        // SAFETY: every buffer of this process lives and dies on the one stream made below, so
        // there is nothing between streams to track; tracking would put events into the graph.
        unsafe { context.disable_event_tracking() };
        let stream = context.new_stream().map_err(refused("make a stream"))?;
        let scores = stream.clone_htod(scores).map_err(refused("take the scores"))?;
        let span = |numbers: &Option<Vec<i32>>| {
            let numbers = numbers.as_ref().map(|numbers| stream.clone_htod(numbers));
            numbers.transpose().map_err(refused("take the starts and lengths"))
        };
        let (starts, lengths) = (span(&spans.starts)?, span(&spans.lengths)?);
        let Problem { rows, columns, k, .. } = plan.problem;
        if scores.len() < rows * columns {
            let message = format!("{} scores are not {rows} x {columns}", scores.len());
            return Err(Failure::input(message));
        }
        let unwritten = vec![UNWRITTEN; rows * k as usize];
        let indices =
            stream.clone_htod(&unwritten).map_err(refused("make room for the indices"))?;
        let Semantics { values, count, .. } = plan.variant.semantics;
        let unwritten = |_| stream.clone_htod(&vec![S::FILL; rows * k as usize]);
        let values = values.then_some(()).map(unwritten).transpose();
        let values = values.map_err(refused("make room for the values"))?;
        let unwritten = |_| stream.clone_htod(&vec![UNWRITTEN; rows]);
        let counts = count.then_some(()).map(unwritten).transpose();
        let counts = counts.map_err(refused("make room for the counts"))?;
        // There are no empty buffers.
        let workspace = stream
            .alloc_zeros(plan.workspace_bytes.max(1))
            .map_err(refused("make room for the workspace"))?;
        Ok(Session {
            selector,
            stream,
            scores,
            starts,
            lengths,
            indices,
            values,
            counts,
            workspace,
            plan,
        })
    }

    /// Enqueues the selection.
    pub fn launch(&mut self) -> Result<(), Failure> {
        let Problem { dtype, rows, columns, k, .. } = self.plan.problem;
        let stream = &self.stream;
        let span = |numbers: &Option<CudaSlice<i32>>| {
            numbers.as_ref().map_or(0, |numbers| numbers.device_ptr(stream).0)
        };
        let values = self.values.as_mut().map_or(0, |values| values.device_ptr_mut(stream).0);
        let counts = self.counts.as_mut().map_or(0, |counts| counts.device_ptr_mut(stream).0);
        let launch = RawLaunch::new(dtype, rows, columns, k)
            .values(values)
            .counts(counts)
            .scores(self.scores.device_ptr(stream).0)
            .row_starts(span(&self.starts))
            .row_lengths(span(&self.lengths))
            .indices(self.indices.device_ptr_mut(stream).0)
            .workspace(self.workspace.device_ptr_mut(stream).0, self.plan.workspace_bytes);
        // SAFETY: the plan is of this shape, the buffers have at least its sizes, none overlaps another, and they are
        // freed on the one stream, after every launch.
        Ok(unsafe { self.selector.launch_plan(stream.cu_stream(), &launch, &self.plan) }?)
    }

    /// Waits for the selection and fetches its indices.
    pub fn indices(&self) -> Result<Vec<i32>, Failure> {
        self.fetch(&self.indices)
    }

    /// Waits for the selection and fetches all of it.
    pub fn answer(&self) -> Result<Selection<i32, S>, Failure> {
        Ok(Selection {
            indices: self.indices()?,
            values: self.values.as_ref().map(|values| self.fetch(values)).transpose()?,
            counts: self.counts.as_ref().map(|counts| self.fetch(counts)).transpose()?,
            raw_columns: None,
        })
    }

    fn fetch<T: DeviceRepr>(&self, from: &CudaSlice<T>) -> Result<Vec<T>, Failure> {
        let fetched = self.stream.clone_dtoh(from).map_err(refused("run the kernel"))?;
        self.stream.synchronize().map_err(refused("run the kernel"))?;
        Ok(fetched)
    }

    /// Times the selection, after a warm-up.
    pub fn time(&mut self) -> Result<Timing, Failure> {
        let stream = self.stream.clone();
        let recording = Recording::capture(&stream, LAUNCHES, |_| self.launch())?;
        recording.warm_up(WARM_UP)?;
        Ok(recording.time(REPLAYS)?)
    }
}

/// Refuses a selection that the GPU has no memory for.
pub fn fits(engine: &Engine, plan: &Plan) -> Result<(), Failure> {
    let (free, _) = engine.context().mem_get_info().map_err(refused("tell its memory"))?;
    let Problem { dtype, rows, columns, k, .. } = plan.problem;
    let size = |width: usize, element: usize| rows.saturating_mul(width).saturating_mul(element);
    let Semantics { values, count, .. } = plan.variant.semantics;
    let of_winner = size_of::<i32>() + if values { dtype.bytes() as usize } else { 0 };
    let needed = size(columns, dtype.bytes() as usize)
        .saturating_add(size(k as usize, of_winner))
        .saturating_add(size(usize::from(count), size_of::<i32>()))
        .saturating_add(plan.workspace_bytes);
    if needed <= free {
        return Ok(());
    }
    let [needed, free] = [needed, free].map(|size| bytes(size as u64));
    Err(Failure::environment(format!(
        "the scores and the answer take {needed} of the GPU's memory, and {free} are free; give \
         fewer rows or columns, a smaller k, or --engine host"
    )))
}
