//! One selection on the GPU: the scores are copied to it, the kernel runs, the indices are copied back,
//! and the kernel can be timed. Everything is on one stream of its own.

use crate::args::given::{Given, Map, Mask};
use crate::ui::exit::Failure;
use crate::ui::report::bytes;
use std::sync::Arc;
use std::time::Duration;
use topkit::cudarc::driver::{CudaSlice, DevicePtr, DevicePtrMut, DeviceRepr};
use topkit::host::Selection;
use topkit::measure::{LAUNCHES, REPLAYS, Recording, Timing};
use topkit::spec::Semantics;
use topkit::{CudaStream, Engine, IndexInt, Plan, Problem, RawLaunch, Score, Selector};
use topkit_lab::refused;

/// Long enough for an idle GPU to raise its clocks.
const WARM_UP: Duration = Duration::from_millis(100);

/// No index, so that a place that no kernel wrote to does not pass for an answer.
const UNWRITTEN: i32 = i32::MIN;

/// A matrix on the GPU with all that its launch is given, a place for its winners, and the memory that its kernel works
/// in.
pub struct Session<'a, S, I> {
    selector: &'a Selector,
    stream: Arc<CudaStream>,
    scores: CudaSlice<S>,
    beside: Beside<'a, I>,
    indices: CudaSlice<I>,
    values: Option<CudaSlice<S>>,
    counts: Option<CudaSlice<i32>>,
    raw_columns: Option<CudaSlice<i32>>,
    workspace: CudaSlice<u8>,
    plan: Plan,
}

/// What a launch is given, with its arrays on the GPU.
struct Beside<'a, I> {
    given: &'a Given,
    starts: Option<CudaSlice<i32>>,
    lengths: Option<CudaSlice<i32>>,
    ks: Option<CudaSlice<i32>>,
    bits: Option<CudaSlice<u32>>,
    bytes: Option<CudaSlice<u8>>,
    /// The ids of scores, or the offsets of rows.
    ids: Option<CudaSlice<I>>,
    pages: Option<CudaSlice<i32>>,
}

impl<'a, I: IndexInt + DeviceRepr> Beside<'a, I> {
    fn upload(given: &'a Given, stream: &Arc<CudaStream>) -> Result<Beside<'a, I>, Failure> {
        let Given { spans, map, mask, ks, .. } = given;
        let (bits, bytes) = match mask {
            None => (None, None),
            Some(Mask::Bits { words, .. }) => (Some(&words[..]), None),
            Some(Mask::Bytes { bytes, .. }) => (None, Some(&bytes[..])),
        };
        let pages = match map {
            Map::Pages { pages, .. } => Some(&pages.numbers[..]),
            Map::Columns | Map::Given(_) | Map::Affine { .. } => None,
        };
        let ids = map.numbers::<I>()?;
        Ok(Beside {
            given,
            starts: copied(stream, spans.starts.as_deref(), "take the starts")?,
            lengths: copied(stream, spans.lengths.as_deref(), "take the lengths")?,
            ks: copied(stream, ks.as_deref(), "take the k of rows")?,
            bits: copied(stream, bits, "take the mask")?,
            bytes: copied(stream, bytes, "take the mask")?,
            ids: copied(stream, Some(&ids[..]).filter(|ids| !ids.is_empty()), "take the ids")?,
            pages: copied(stream, pages, "take the page table")?,
        })
    }

    /// A launch that is given all of it.
    fn add_to(&self, launch: RawLaunch, stream: &CudaStream) -> RawLaunch {
        let Beside { given, starts, lengths, ks, bits, bytes, ids, pages } = self;
        let launch = launch
            .row_starts(address(starts, stream))
            .row_lengths(address(lengths, stream))
            .row_ks(address(ks, stream));
        let launch = match &given.mask {
            None => launch,
            Some(Mask::Bits { stride, .. }) => launch.mask(address(bits, stream), *stride as i64),
            Some(Mask::Bytes { stride, .. }) => launch.mask(address(bytes, stream), *stride as i64),
        };
        let launch = match &given.map {
            Map::Columns => launch,
            Map::Given(table) => launch.ids(address(ids, stream), table.stride as i64),
            Map::Affine { scale, offset, .. } => {
                launch.affine(*scale, *offset).row_offsets(address(ids, stream))
            }
            Map::Pages { pages: table, shift } => {
                launch.pages(address(pages, stream), table.stride as i64, *shift)
            }
        };
        let launch = match given.index_fill {
            None => launch,
            Some(fill) => launch.index_fill(fill),
        };
        match given.value_fill {
            None => launch,
            Some(fill) => launch.value_fill(fill),
        }
    }
}

/// An array on the GPU.
fn copied<T: DeviceRepr>(
    stream: &Arc<CudaStream>,
    array: Option<&[T]>,
    doing: &'static str,
) -> Result<Option<CudaSlice<T>>, Failure> {
    let array = array.map(|array| stream.clone_htod(array)).transpose();
    Ok(array.map_err(refused(doing))?)
}

/// The address of an array; 0 for none.
fn address<T>(array: &Option<CudaSlice<T>>, stream: &CudaStream) -> u64 {
    array.as_ref().map_or(0, |array| array.device_ptr(stream).0)
}

impl<'a, S: Score + DeviceRepr, I: IndexInt + DeviceRepr> Session<'a, S, I> {
    /// Copies the scores to the GPU. The kernel of the plan is loaded already.
    pub fn start(
        selector: &'a Selector,
        plan: Plan,
        scores: &[S],
        given: &'a Given,
    ) -> Result<Session<'a, S, I>, Failure> {
        let offline = || topkit::Error::Offline { arch: selector.toolchain().arch() };
        let context = selector.context().ok_or_else(offline)?;
        // SAFETY: every buffer of this process lives and dies on the one stream made below, so
        // there is nothing between streams to track; tracking would put events into the graph.
        unsafe { context.disable_event_tracking() };
        let stream = context.new_stream().map_err(refused("make a stream"))?;
        let scores = stream.clone_htod(scores).map_err(refused("take the scores"))?;
        let beside = Beside::upload(given, &stream)?;
        let Problem { rows, columns, k, .. } = plan.problem;
        if scores.len() < rows * columns {
            let message = format!("{} scores are not {rows} x {columns}", scores.len());
            return Err(Failure::input(message));
        }
        let places = rows * k as usize;
        let unwritten = vec![I::from_i64(UNWRITTEN.into()); places];
        let indices =
            stream.clone_htod(&unwritten).map_err(refused("make room for the indices"))?;
        let Semantics { values, count, raw_columns, .. } = plan.variant.semantics;
        let room = |is_written: bool, len, doing| {
            let unwritten = is_written.then(|| vec![UNWRITTEN; len]);
            copied(&stream, unwritten.as_deref(), doing)
        };
        let unwritten = values.then(|| vec![S::FILL; places]);
        let values = copied(&stream, unwritten.as_deref(), "make room for the values")?;
        let counts = room(count, rows, "make room for the counts")?;
        let raw_columns = room(raw_columns, places, "make room for the columns")?;
        // There are no empty buffers.
        let workspace = stream
            .alloc_zeros(plan.workspace_bytes.max(1))
            .map_err(refused("make room for the workspace"))?;
        Ok(Session {
            selector,
            stream,
            scores,
            beside,
            indices,
            values,
            counts,
            raw_columns,
            workspace,
            plan,
        })
    }

    /// Enqueues the selection.
    pub fn launch(&mut self) -> Result<(), Failure> {
        let Problem { dtype, rows, columns, k, .. } = self.plan.problem;
        let stream = &self.stream;
        let values = self.values.as_mut().map_or(0, |values| values.device_ptr_mut(stream).0);
        let counts = self.counts.as_mut().map_or(0, |counts| counts.device_ptr_mut(stream).0);
        let raw_columns = self.raw_columns.as_mut();
        let raw_columns = raw_columns.map_or(0, |columns| columns.device_ptr_mut(stream).0);
        let launch = RawLaunch::new(dtype, rows, columns, k)
            .values(values)
            .counts(counts)
            .raw_columns(raw_columns, k.into())
            .scores(self.scores.device_ptr(stream).0)
            .indices(self.indices.device_ptr_mut(stream).0)
            .workspace(self.workspace.device_ptr_mut(stream).0, self.plan.workspace_bytes);
        let launch = self.beside.add_to(launch, stream);
        // SAFETY: the plan is of this shape, the buffers have at least its sizes, none overlaps another, and they are
        // freed on the one stream, after every launch.
        Ok(unsafe { self.selector.launch_plan(stream.cu_stream(), &launch, &self.plan) }?)
    }

    /// Waits for the selection and fetches its indices.
    pub fn indices(&self) -> Result<Vec<I>, Failure> {
        self.fetch(&self.indices)
    }

    /// Waits for the selection and fetches all of it.
    pub fn answer(&self) -> Result<Selection<I, S>, Failure> {
        Ok(Selection {
            indices: self.indices()?,
            values: self.values.as_ref().map(|values| self.fetch(values)).transpose()?,
            counts: self.counts.as_ref().map(|counts| self.fetch(counts)).transpose()?,
            raw_columns: self
                .raw_columns
                .as_ref()
                .map(|columns| self.fetch(columns))
                .transpose()?,
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
pub fn fits(engine: &Engine, plan: &Plan, given: &Given) -> Result<(), Failure> {
    let (free, _) = engine.context().mem_get_info().map_err(refused("tell its memory"))?;
    let Problem { dtype, rows, columns, k, .. } = plan.problem;
    let size = |width: usize, element: usize| rows.saturating_mul(width).saturating_mul(element);
    let Semantics { values, count, raw_columns, index, .. } = plan.variant.semantics;
    let of_winner = index.bytes() as usize
        + if values { dtype.bytes() as usize } else { 0 }
        + if raw_columns { size_of::<i32>() } else { 0 };
    let needed = size(columns, dtype.bytes() as usize)
        .saturating_add(size(k as usize, of_winner))
        .saturating_add(size(usize::from(count), size_of::<i32>()))
        .saturating_add(given.bytes(index))
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
