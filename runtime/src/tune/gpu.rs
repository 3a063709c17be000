//! The meter for a GPU: checks kernels and times them, on one stream.
//!
//! The answers of a kernel are checked twice before it is timed: once on adversarial rows, every row of
//! them, with the timed semantics and with others; and for each problem on its own scores, up to 32 rows
//! of it. A failure is a fault of the kernel if the kernel is to blame and the GPU still answers; any
//! other failure, such as out-of-memory, ends the search. The check reads the second of two launches in
//! a row, so that a launch with PDL has a launch to wait for.

use super::input::Input;
use super::meaning::proved;
use super::refusal::refusal;
use super::scores::{Scores, ragged_scores};
use super::search::{Fault, Meter};
use crate::backend::launch::RawLaunch;
use crate::compile::cache::Compiling;
use crate::engine::Engine;
use crate::error::Error;
use crate::measure::buffer::{Buffer, fetch};
use crate::measure::{ReadOnce, Recording};
use crate::plan::VariantLaunch;
use crate::plan::measured::{Effort, Sample};
use crate::problem::Problem;
use crate::select::selector::Selector;
use cudarc::driver::sys::CUdeviceptr;
use cudarc::driver::{CudaContext, CudaStream, result};
use std::collections::HashMap;
use std::sync::Arc;
use std::time::{Duration, Instant};
use topkit_codegen::{DType, RowShape, Semantics, Variant};

/// Launches in a graph. Fewer than in a bench: the cost of starting a graph is the same for all
/// candidates.
const LAUNCHES: usize = 10;
/// The approximate longest time of a graph; slow kernels are launched less often, at least twice.
const GRAPH: Duration = Duration::from_millis(2);
/// Replays of a short timing and of a careful one.
const SHORT: usize = 3;
const FULL: usize = 5;
/// Bytes that the inputs of a cold graph have together, if one input for each launch reaches so far.
const COLD_BYTES: usize = 200_000_000;
/// Rows of a problem whose answers are checked.
const CHECKED: usize = 32;
/// Columns of the adversarial rows, if a kernel holds as many; no multiple of a load.
const ADVERSARIAL_COLUMNS: usize = 100_003;
/// No index, byte by byte, so that a place without a write does not pass for an answer.
const UNWRITTEN: u8 = 0x81;
/// Long enough for an idle GPU to raise its clocks, and for one that waited for scores.
const WARM_UP: Duration = Duration::from_secs(1);
const WARM_AGAIN: Duration = Duration::from_millis(40);

/// A GPU, and the buffers of the problem at hand.
pub(super) struct Gpu {
    engine: Engine,
    /// One selector for each of the semantics and kinds of rows, the default semantics of dense rows
    /// first.
    selectors: Vec<Selector>,
    stream: Arc<CudaStream>,
    scores: Buffer,
    adversarial_scores: Buffer,
    indices: Buffer,
    workspace: Buffer,
    lengths: Buffer,
    adversarial_lengths: Buffer,
    read_once: Option<ReadOnce>,
    /// The scores of the last problem.
    input: Option<((DType, usize), Input)>,
    loaded: Option<(Problem, Scores)>,
    adversarial: HashMap<(DType, usize, Semantics), Input>,
    /// The approximate time of the last two launches of a kernel.
    pace: HashMap<Variant, Duration>,
    /// The outcome of the check on adversarial rows.
    proven: HashMap<VariantLaunch, Result<(), Fault>>,
    recorded: Recorded,
}

/// Launches of kernels on the problem at hand, warm and cold. They contain addresses, so they are valid
/// for that problem alone and until a buffer moves.
#[derive(Default)]
struct Recorded {
    good_for: Option<(Problem, usize)>,
    all: HashMap<VariantLaunch, [Recording; 2]>,
}

/// The stream, buffers and workspace of a launch.
struct Place {
    scores: Scores,
    indices: CUdeviceptr,
    /// Room for indices that are not read.
    aside: CUdeviceptr,
    workspace: CUdeviceptr,
    workspace_bytes: usize,
}

impl Gpu {
    /// A meter for the variants of selectors, one for each of the semantics and kinds of rows, on an
    /// engine with a GPU. It raises the clocks.
    pub(super) fn new(engine: &Engine, selectors: Vec<Selector>) -> Result<Gpu, Error> {
        let context = engine.context();
        make_current(context)?;
        let stream = context.new_stream().map_err(Error::cuda("make a stream"))?;
        let buffer = || Buffer::new(&stream);
        let mut gpu = Gpu {
            engine: engine.clone(),
            selectors,
            scores: buffer(),
            adversarial_scores: buffer(),
            indices: buffer(),
            workspace: buffer(),
            lengths: buffer(),
            adversarial_lengths: buffer(),
            read_once: None,
            input: None,
            loaded: None,
            adversarial: HashMap::new(),
            pace: HashMap::new(),
            proven: HashMap::new(),
            recorded: Recorded::default(),
            stream: stream.clone(),
        };
        gpu.raise_clocks(WARM_UP)?;
        Ok(gpu)
    }

    /// Fills memory for so long.
    fn raise_clocks(&mut self, time: Duration) -> Result<(), Error> {
        const BYTES: usize = 64 << 20;
        let address = self.workspace.room(BYTES)?;
        let stream = self.stream.cu_stream();
        let fill = |_| {
            // SAFETY: the workspace holds so many bytes, and is filled again before a kernel uses it.
            unsafe { result::memset_d8_async(address, 1, BYTES, stream) }
                .map_err(Error::cuda("fill its memory"))
        };
        Recording::capture(&self.stream, 1, fill)?.warm_up(time)
    }

    /// The selector of a kernel.
    fn selector(&self, variant: &Variant) -> &Selector {
        let of = |selector: &&Selector| selector.spec().semantics == variant.semantics;
        self.selectors.iter().find(of).expect("`meaning::all` has every meaning that is proved")
    }

    /// Loads a kernel.
    fn prepare(&self, problem: &Problem, variant: &Variant) -> Result<(), Error> {
        self.selector(variant).prepare_variant(problem, variant).map(drop)
    }

    /// Copies the scores of a problem to the GPU, unless they are there.
    fn load(&mut self, problem: &Problem) -> Result<Scores, Error> {
        let every_k = Problem { k: 0, ..*problem };
        if let Some((loaded, scores)) = &self.loaded
            && *loaded == every_k
        {
            return Ok(*scores);
        }
        self.loaded = None;
        let key = (problem.dtype, problem.columns);
        let input = match self.input.take() {
            Some((known, input)) if known == key => input,
            // Frees the last rows before it makes others.
            other => {
                drop(other);
                let input = Input::normal(problem.dtype, problem.columns);
                self.raise_clocks(WARM_AGAIN)?;
                input
            }
        };
        let scores =
            Scores::of(problem, &input, &mut self.scores, &mut self.lengths, COLD_BYTES, LAUNCHES);
        self.input = Some((key, input));
        let scores = scores?;
        self.loaded = Some((every_k, scores));
        Ok(scores)
    }

    /// Room for a launch of a kernel.
    fn place(
        &mut self,
        problem: &Problem,
        variant: &Variant,
        scores: Scores,
    ) -> Result<Place, Error> {
        let plan = self.selector(variant).plan_variant(problem, variant)?;
        let bytes = index_bytes(problem);
        let indices = self.indices.room(2 * bytes)?;
        let workspace = self.workspace.filled(plan.workspace_bytes, 0)?;
        let aside = indices + bytes as u64;
        Ok(Place { scores, indices, aside, workspace, workspace_bytes: plan.workspace_bytes })
    }

    /// The launch of that number, on a copy of the scores.
    fn launch(
        &self,
        problem: &Problem,
        way: &VariantLaunch,
        place: &Place,
        number: usize,
        copy: usize,
        indices: CUdeviceptr,
    ) -> Result<(), Error> {
        let Problem { dtype, rows, columns, k, .. } = *problem;
        let launch = RawLaunch {
            scores: place.scores.copies.address(copy),
            row_stride: place.scores.row_stride,
            row_lengths: place.scores.lengths(number),
            indices,
            workspace: place.workspace,
            workspace_bytes: place.workspace_bytes,
            ..RawLaunch::new(dtype, rows, columns, k)
        };
        let selector = self.selector(&way.variant);
        // SAFETY: the buffers hold the scores, lengths, indices and workspace of this shape, none
        // overlaps another, and they outlive every launch, because the launches are waited for.
        unsafe { selector.launch_with_pdl(self.stream.cu_stream(), &launch, way) }
    }

    /// Launches twice, and fetches rows of the second answer.
    fn answer(
        &mut self,
        problem: &Problem,
        way: &VariantLaunch,
        place: &Place,
    ) -> Result<Vec<(usize, Vec<i32>)>, Error> {
        let (rows, k) = (problem.rows, problem.k as usize);
        self.indices.filled(2 * index_bytes(problem), UNWRITTEN)?;
        let wait = || self.stream.synchronize().map_err(Error::cuda("run the kernel"));
        wait()?;
        let start = Instant::now();
        self.launch(problem, way, place, 0, 0, place.aside)?;
        self.launch(problem, way, place, 0, 0, place.indices)?;
        wait()?;
        self.pace.insert(way.variant, start.elapsed() / 2);
        let step = rows.div_ceil(CHECKED).max(1);
        let checked = (0..rows).step_by(step).chain([rows - 1]);
        checked
            .map(|row| {
                let mut got = vec![0; k];
                let address = place.indices + (row * k * size_of::<i32>()) as u64;
                // SAFETY: there is room for the indices of so many rows.
                unsafe { fetch(&self.stream, address, &mut got) }?;
                Ok((row, got))
            })
            .collect()
    }

    /// Whether a kernel is right on adversarial rows.
    fn prove(&mut self, way: &VariantLaunch) -> Result<Result<(), Fault>, Error> {
        for variant in proved(&way.variant) {
            let Variant { dtype, semantics, .. } = variant;
            let most = variant.capacity().map_or(ADVERSARIAL_COLUMNS, |most| most as usize - 1);
            let columns = most.min(ADVERSARIAL_COLUMNS);
            let key = (dtype, columns, semantics);
            let input = self.adversarial.remove(&key);
            let input = input.unwrap_or_else(|| Input::adversarial(dtype, columns, semantics));
            let (proof, input) = self.prove_on(&VariantLaunch { variant, ..*way }, columns, input);
            self.adversarial.insert(key, input);
            if let Err(fault) = proof? {
                return Ok(Err(fault));
            }
        }
        Ok(Ok(()))
    }

    fn prove_on(
        &mut self,
        way: &VariantLaunch,
        columns: usize,
        mut input: Input,
    ) -> (Result<Result<(), Fault>, Error>, Input) {
        let variant = &way.variant;
        let ragged = variant.semantics.rows == RowShape::Ragged;
        let problem = Problem::new(variant.dtype, input.rows(), columns, 0);
        let problem = Problem { ragged, ..problem };
        if let Err(failure) = self.prepare(&Problem { k: 1, ..problem }, variant) {
            return (Err(failure), input);
        }
        let (scores, lengths) = (&mut self.adversarial_scores, &mut self.adversarial_lengths);
        let scores = match Scores::of(&problem, &input, scores, lengths, 0, 1) {
            Ok(scores) => scores,
            Err(failure) => return (Err(failure), input),
        };
        // The greatest k that it serves, and a k that leaves most winners of a tie out.
        for k in [64, variant.kernel.most_k().unwrap_or(4096)] {
            let problem = Problem { k, ..problem };
            let place = self.place(&problem, variant, scores);
            match place.and_then(|place| self.answer(&problem, way, &place)) {
                Err(failure) => return (Err(failure), input),
                Ok(answers) => {
                    for (row, got) in answers {
                        if let Some(fault) = input.fault(row, ragged, &got) {
                            let Semantics { select, nan, .. } = variant.semantics;
                            let wrong = format!(
                                "{problem}, adversarial rows, {} with NaN {}: {fault}",
                                select.name(),
                                nan.name()
                            );
                            return (Ok(Err(Fault::Wrong(wrong))), input);
                        }
                    }
                }
            }
        }
        (Ok(Ok(())), input)
    }

    fn check_answer(
        &mut self,
        problem: &Problem,
        way: &VariantLaunch,
    ) -> Result<Result<(), Fault>, Error> {
        let variant = &way.variant;
        self.prepare(problem, variant)?;
        let scores = self.load(problem)?;
        let proof = match self.proven.get(way) {
            Some(proof) => proof.clone(),
            None => {
                let proof = self.prove(way)?;
                self.proven.insert(*way, proof.clone());
                proof
            }
        };
        if proof.is_err() {
            return Ok(proof);
        }
        let place = self.place(problem, variant, scores)?;
        for (row, got) in self.answer(problem, way, &place)? {
            let input = self.input.as_mut().map(|(_, input)| input);
            if let Some(fault) = input.and_then(|input| input.fault(row, problem.ragged, &got)) {
                return Ok(Err(Fault::Wrong(fault)));
            }
        }
        Ok(Ok(()))
    }

    /// Records a kernel on the problem at hand.
    fn record(&mut self, problem: &Problem, way: &VariantLaunch) -> Result<[Recording; 2], Error> {
        let scores = self.load(problem)?;
        let place = self.place(problem, &way.variant, scores)?;
        let stream = self.stream.clone();
        let pace = self.pace.get(&way.variant).map_or(0.0, Duration::as_secs_f64);
        // Both mixes of ragged rows are launched equally often.
        let launches = ((GRAPH.as_secs_f64() / pace) as usize).clamp(2, LAUNCHES) & !1;
        let record = |cold: bool| {
            Recording::capture(&stream, launches, |launch| {
                let copy = if cold { launch } else { 0 };
                self.launch(problem, way, &place, launch, copy, place.indices)
            })
        };
        Ok([record(false)?, record(true)?])
    }

    fn moves(&self) -> usize {
        self.scores.moves() + self.lengths.moves() + self.indices.moves() + self.workspace.moves()
    }

    fn is_good_for(&self, problem: &Problem) -> bool {
        self.recorded.good_for == Some((*problem, self.moves()))
    }

    fn sample(
        &mut self,
        problem: &Problem,
        way: &VariantLaunch,
        effort: Effort,
    ) -> Result<Sample, Error> {
        if !self.is_good_for(problem) {
            self.recorded.all.clear();
        }
        let recordings = match self.recorded.all.remove(way) {
            Some(recordings) => recordings,
            None => {
                let recordings = self.record(problem, way)?;
                // Recording may have moved a buffer.
                if !self.is_good_for(problem) {
                    self.recorded.all.clear();
                    self.recorded.good_for = Some((*problem, self.moves()));
                }
                recordings
            }
        };
        let sample = timed(&recordings, if effort == Effort::Full { FULL } else { SHORT });
        self.recorded.all.insert(*way, recordings);
        sample
    }

    fn time_reading(&mut self, problem: &Problem) -> Result<Sample, Error> {
        let copies = self.load(problem)?.copies;
        let scores: usize = match &self.input {
            Some((_, input)) if problem.ragged => ragged_scores(problem, input),
            _ => problem.rows * problem.columns,
        };
        let bytes = scores * problem.dtype.bytes() as usize;
        let reader = match self.read_once.take() {
            Some(reader) => reader,
            None => ReadOnce::load(&self.engine, &self.stream, Compiling::Allowed)?,
        };
        let time = || {
            // SAFETY: a copy is at a multiple of 256 and holds the scores of all rows and whole loads
            // beyond; it outlives the launches, because they are waited for.
            let grid = unsafe { reader.fastest(copies.memory(0), bytes) }?;
            let record = |cold: bool| {
                Recording::capture(&self.stream, LAUNCHES, |launch| {
                    let address = copies.memory(if cold { launch } else { 0 });
                    // SAFETY: as above.
                    unsafe { reader.launch(grid, address, bytes) }
                })
            };
            timed(&[record(false)?, record(true)?], FULL)
        };
        let sample = time();
        self.read_once = Some(reader);
        sample
    }

    /// A failure for which the kernel is to blame, as long as the GPU still answers.
    fn blamed<T>(
        &self,
        outcome: Result<Result<T, Fault>, Error>,
    ) -> Result<Result<T, Fault>, Error> {
        outcome.or_else(|failure| match self.stream.synchronize() {
            Ok(()) => Ok(Err(Fault::Refused(refusal(failure)?))),
            Err(_) => Err(failure),
        })
    }
}

impl Meter for Gpu {
    type Error = Error;

    fn check(
        &mut self,
        problem: &Problem,
        way: &VariantLaunch,
    ) -> Result<Result<(), Fault>, Error> {
        make_current(self.stream.context())?;
        let outcome = self.check_answer(problem, way);
        self.blamed(outcome)
    }

    fn time(
        &mut self,
        problem: &Problem,
        way: &VariantLaunch,
        effort: Effort,
    ) -> Result<Result<Sample, Fault>, Error> {
        make_current(self.stream.context())?;
        let outcome = self.sample(problem, way, effort).map(Ok);
        self.blamed(outcome)
    }

    fn read_once(&mut self, problem: &Problem) -> Result<Option<Sample>, Error> {
        make_current(self.stream.context())?;
        match self.time_reading(problem) {
            Ok(sample) => Ok(Some(sample)),
            // A reading that fails is missing from the report; nothing else changes.
            Err(failure) if self.stream.synchronize().is_ok() => {
                tracing::warn!("{problem}: what reading it once takes is not known: {failure}");
                Ok(None)
            }
            Err(failure) => Err(failure),
        }
    }

    fn goes_on(&self, error: &Error) -> bool {
        matches!(error, Error::Cuda { .. }) && self.stream.synchronize().is_ok()
    }
}

/// Filling and fetching need the engine's context current. A progress callback may make another context
/// current on this thread.
fn make_current(context: &CudaContext) -> Result<(), Error> {
    context.bind_to_thread().map_err(Error::cuda("make the context current"))
}

fn index_bytes(problem: &Problem) -> usize {
    problem.rows * problem.k as usize * size_of::<i32>()
}

/// The medians of warm and of cold replays.
fn timed([warm, cold]: &[Recording; 2], replays: usize) -> Result<Sample, Error> {
    // One replay untimed, to fill the cache with the problem's data.
    let time = |recording: &Recording| {
        recording.warm_up(Duration::ZERO)?;
        Ok::<f64, Error>(recording.time(replays)?.median)
    };
    Ok(Sample { warm: time(warm)?, cold: time(cold)? })
}
