//! The meter that is a GPU: checks kernels and times them, on one stream.
//!
//! The answers of a kernel are checked twice before it is timed: once to rows that are meant to
//! hurt, every row of it, and for each problem to its own scores, up to 32 rows of it. A kernel
//! that the GPU refuses is a fault of the kernel as long as the GPU still answers; else the failure
//! ends the search.

use super::buffer::{Buffer, Copies, fetch};
use super::input::Input;
use crate::exit::Failure;
use crate::gpu::refused;
use std::collections::HashMap;
use std::sync::Arc;
use std::time::{Duration, Instant};
use topkit::tune::{Effort, Fault, Meter, Recording, Sample};
use topkit::{CudaStream, DType, Family, Problem, RawLaunch, Variant};

/// Launches in a graph. Fewer than a bench has: what starting a graph costs is the same for all
/// candidates.
const LAUNCHES: usize = 10;
/// A graph takes about so long at most; slow kernels are launched less often, at least twice.
const GRAPH: Duration = Duration::from_millis(2);
/// Replays of a short timing and of a careful one.
const SHORT: usize = 3;
const FULL: usize = 5;
/// Bytes that the inputs of a cold graph have together, where one for each launch reaches so far.
const COLD_BYTES: usize = 200_000_000;
/// Rows of a problem whose answers are checked.
const CHECKED: usize = 32;
/// Columns of the rows that are meant to hurt, where a kernel holds as many; no multiple of a load.
const HOSTILE_COLUMNS: usize = 100_003;
/// No index, byte by byte, so that a place that no kernel wrote to does not pass for an answer.
const UNWRITTEN: u8 = 0x81;
/// Long enough for an idle GPU to raise its clocks, and for one that waited for scores.
const WARM_UP: Duration = Duration::from_secs(1);
const WARM_AGAIN: Duration = Duration::from_millis(40);

/// A GPU and what it holds of the problem at hand.
pub struct Gpu {
    family: Family,
    stream: Arc<CudaStream>,
    scores: Buffer,
    hostile_scores: Buffer,
    indices: Buffer,
    workspace: Buffer,
    /// The scores of the last problem.
    input: Option<((DType, usize), Input)>,
    copies: Option<((DType, usize, usize), Copies)>,
    hostile: HashMap<(DType, usize), Input>,
    /// How long the last launch of a kernel took, about.
    pace: HashMap<Variant, Duration>,
    /// What came of the rows that are meant to hurt.
    proven: HashMap<Variant, Result<(), Fault>>,
    recorded: Recorded,
}

/// Launches of kernels on the problem at hand, warm and cold. They hold addresses, so they are
/// good for that problem alone and until a buffer moves.
#[derive(Default)]
struct Recorded {
    good_for: Option<(Problem, usize)>,
    all: HashMap<Variant, [Recording; 2]>,
}

/// What is launched on.
struct Place {
    copies: Copies,
    indices: u64,
    workspace: u64,
    workspace_bytes: usize,
}

impl Gpu {
    /// A meter for the members of a family, whose engine has a GPU. Its clocks are up.
    pub fn new(family: &Family) -> Result<Gpu, Failure> {
        let engine = family.engine();
        let context = engine.context().ok_or(topkit::Error::Offline { arch: engine.arch() })?;
        // SAFETY: everything is on the one stream made below, so there is nothing between streams
        // to track; tracking would put events into the graphs.
        unsafe { context.disable_event_tracking() };
        let stream = context.new_stream().map_err(refused("make a stream"))?;
        let buffer = || Buffer::new(&stream);
        let mut gpu = Gpu {
            family: family.clone(),
            scores: buffer(),
            hostile_scores: buffer(),
            indices: buffer(),
            workspace: buffer(),
            input: None,
            copies: None,
            hostile: HashMap::new(),
            pace: HashMap::new(),
            proven: HashMap::new(),
            recorded: Recorded::default(),
            stream: stream.clone(),
        };
        gpu.raise_clocks(WARM_UP)?;
        Ok(gpu)
    }

    /// Fills memory for so long.
    fn raise_clocks(&mut self, time: Duration) -> Result<(), Failure> {
        const BYTES: usize = 64 << 20;
        let stream = self.stream.clone();
        self.workspace.room(BYTES)?;
        let fill = |_| self.workspace.filled(BYTES, 1).map(drop);
        Ok(Recording::capture(&stream, 1, fill)?.warm_up(time)?)
    }

    /// Brings the scores of a problem to the GPU, unless they are there.
    fn load(&mut self, problem: &Problem) -> Result<Copies, Failure> {
        let Problem { dtype, rows, columns, .. } = *problem;
        if let Some((key, copies)) = &self.copies
            && *key == (dtype, rows, columns)
        {
            return Ok(*copies);
        }
        self.copies = None;
        if self.input.as_ref().is_none_or(|(key, _)| *key != (dtype, columns)) {
            self.input = None;
            self.input = Some(((dtype, columns), Input::usual(dtype, columns)));
            self.raise_clocks(WARM_AGAIN)?;
        }
        let bytes = rows * columns * dtype.bytes() as usize;
        let scores = self.input.as_ref().map_or(&[][..], |(_, input)| &input.bytes);
        let copies = Copies::of(&mut self.scores, scores, bytes, COLD_BYTES, LAUNCHES)?;
        self.copies = Some(((dtype, rows, columns), copies));
        Ok(copies)
    }

    /// Room for a launch of a kernel.
    fn place(
        &mut self,
        problem: &Problem,
        variant: &Variant,
        copies: Copies,
    ) -> Result<Place, Failure> {
        let plan = self.family.plan_variant(problem, variant)?;
        let bytes = problem.rows * problem.k as usize * size_of::<i32>();
        let indices = self.indices.room(bytes)?;
        let workspace = self.workspace.filled(plan.workspace_bytes, 0)?;
        Ok(Place { copies, indices, workspace, workspace_bytes: plan.workspace_bytes })
    }

    fn launch(
        &self,
        problem: &Problem,
        variant: &Variant,
        place: &Place,
        copy: usize,
    ) -> Result<(), Failure> {
        let Problem { dtype, rows, columns, k } = *problem;
        let launch = RawLaunch {
            scores: place.copies.address(copy),
            indices: place.indices,
            workspace: place.workspace,
            workspace_bytes: place.workspace_bytes,
            ..RawLaunch::new(dtype, rows, columns, k)
        };
        // SAFETY: the buffers hold the scores, indices and workspace of this shape, none overlaps
        // another, and they outlive every launch, which are waited for.
        Ok(unsafe { self.family.launch_variant(self.stream.cu_stream(), &launch, variant) }?)
    }

    /// Launches once, and has the rows of the answer judged.
    fn answer(
        &mut self,
        problem: &Problem,
        variant: &Variant,
        place: &Place,
    ) -> Result<Vec<(usize, Vec<i32>)>, Failure> {
        let (rows, k) = (problem.rows, problem.k as usize);
        self.indices.filled(rows * k * size_of::<i32>(), UNWRITTEN)?;
        let wait = || self.stream.synchronize().map_err(refused("run the kernel"));
        wait()?;
        let start = Instant::now();
        self.launch(problem, variant, place, 0)?;
        wait()?;
        self.pace.insert(*variant, start.elapsed());
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

    /// Whether a kernel is right on rows that are meant to hurt.
    fn prove(&mut self, variant: &Variant) -> Result<Result<(), Fault>, Failure> {
        let most = variant.capacity().map_or(HOSTILE_COLUMNS, |most| most as usize - 1);
        let columns = most.min(HOSTILE_COLUMNS);
        let key = (variant.dtype, columns);
        let input =
            self.hostile.remove(&key).unwrap_or_else(|| Input::hostile(variant.dtype, columns));
        let (proof, input) = self.prove_on(variant, columns, input);
        self.hostile.insert(key, input);
        proof
    }

    fn prove_on(
        &mut self,
        variant: &Variant,
        columns: usize,
        mut input: Input,
    ) -> (Result<Result<(), Fault>, Failure>, Input) {
        let rows = input.rows();
        let bytes = rows * columns * variant.dtype.bytes() as usize;
        let copies = Copies::of(&mut self.hostile_scores, &input.bytes, bytes, 0, 1);
        let copies = match copies {
            Ok(copies) => copies,
            Err(failure) => return (Err(failure), input),
        };
        // The greatest k that it serves, and one that leaves most winners of a tie out.
        for k in [64, variant.kernel.most_k().unwrap_or(4096)] {
            let problem = Problem::new(variant.dtype, rows, columns, k);
            let place = self.place(&problem, variant, copies);
            match place.and_then(|place| self.answer(&problem, variant, &place)) {
                Err(failure) => return (Err(failure), input),
                Ok(answers) => {
                    for (row, got) in answers {
                        if let Some(fault) = input.fault(row, k, &got) {
                            let wrong = format!("{problem}, made to hurt: {fault}");
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
        variant: &Variant,
    ) -> Result<Result<(), Fault>, Failure> {
        self.family.prepare_variant(problem, variant)?;
        let copies = self.load(problem)?;
        let proof = match self.proven.get(variant) {
            Some(proof) => proof.clone(),
            None => {
                let proof = self.prove(variant)?;
                self.proven.insert(*variant, proof.clone());
                proof
            }
        };
        if proof.is_err() {
            return Ok(proof);
        }
        let place = self.place(problem, variant, copies)?;
        for (row, got) in self.answer(problem, variant, &place)? {
            let input = self.input.as_mut().map(|(_, input)| input);
            if let Some(fault) = input.and_then(|input| input.fault(row, problem.k, &got)) {
                return Ok(Err(Fault::Wrong(fault)));
            }
        }
        Ok(Ok(()))
    }

    /// Records a kernel on the problem at hand.
    fn record(&mut self, problem: &Problem, variant: &Variant) -> Result<[Recording; 2], Failure> {
        let copies = self.load(problem)?;
        let place = self.place(problem, variant, copies)?;
        let stream = self.stream.clone();
        let pace = self.pace.get(variant).map_or(0.0, Duration::as_secs_f64);
        let launches = ((GRAPH.as_secs_f64() / pace) as usize).clamp(2, LAUNCHES);
        let record = |cold: bool| {
            Recording::capture(&stream, launches, |launch| {
                self.launch(problem, variant, &place, if cold { launch } else { 0 })
            })
        };
        Ok([record(false)?, record(true)?])
    }

    fn moves(&self) -> usize {
        self.scores.moves() + self.indices.moves() + self.workspace.moves()
    }

    fn is_good_for(&self, problem: &Problem) -> bool {
        self.recorded.good_for == Some((*problem, self.moves()))
    }

    fn sample(
        &mut self,
        problem: &Problem,
        variant: &Variant,
        effort: Effort,
    ) -> Result<Sample, Failure> {
        if !self.recorded.all.contains_key(variant) || !self.is_good_for(problem) {
            let recording = self.record(problem, variant)?;
            if !self.is_good_for(problem) {
                self.recorded.all.clear();
                self.recorded.good_for = Some((*problem, self.moves()));
            }
            self.recorded.all.insert(*variant, recording);
        }
        let none = || Failure::environment("nothing was recorded");
        let [warm, cold] = self.recorded.all.get(variant).ok_or_else(none)?;
        let replays = if effort == Effort::Full { FULL } else { SHORT };
        // One replay untimed, to fill the cache with what is to be in it.
        let time = |recording: &Recording| {
            recording.warm_up(Duration::ZERO)?;
            Ok::<f64, topkit::Error>(recording.time(replays)?.median)
        };
        Ok(Sample { warm: time(warm)?, cold: time(cold)? })
    }

    /// A failure of a kernel, as long as the GPU still answers.
    fn judged<T>(
        &self,
        outcome: Result<Result<T, Fault>, Failure>,
    ) -> Result<Result<T, Fault>, Failure> {
        outcome.or_else(|failure| match self.stream.synchronize() {
            Ok(()) => Ok(Err(Fault::Refused(failure.to_string()))),
            Err(_) => Err(failure),
        })
    }
}

impl Meter for Gpu {
    type Error = Failure;

    fn check(
        &mut self,
        problem: &Problem,
        variant: &Variant,
    ) -> Result<Result<(), Fault>, Failure> {
        let outcome = self.check_answer(problem, variant);
        self.judged(outcome)
    }

    fn time(
        &mut self,
        problem: &Problem,
        variant: &Variant,
        effort: Effort,
    ) -> Result<Result<Sample, Fault>, Failure> {
        let outcome = self.sample(problem, variant, effort).map(Ok);
        self.judged(outcome)
    }
}
