//! Tuning on the GPU of an engine: the search with everything that it needs, from records to records.
//!
//! [`Engine::tune`] is the front of it. It prepares nothing for a launch: plans use the records. Rows
//! are written as soon as they are known, so a process that dies loses no measured row. It refuses to
//! begin while a stream is being captured, since it allocates and waits.

use super::compare::{Comparison, Pair, compare_pairs};
use super::gpu::Gpu;
use super::meaning::{self, proved};
use super::recorder::Recorder;
use super::refusal::refusal;
use super::search::{Clock, Event, Order, Summary, search};
use crate::backend::cuda::capture::is_forbidden_by_a_capture;
use crate::compile::cache::Compiling;
use crate::engine::Engine;
use crate::error::Error;
use crate::plan::accepts;
use crate::plan::measured::{Provenance, Records, source_digest};
use crate::problem::Problem;
use crate::select::selector::Selector;
use cudarc::driver::CudaContext;
use std::io;
use std::ops::ControlFlow;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::thread;
use std::time::Duration;
use topkit_codegen::{KSet, SelectorSpec, Variant};

/// The problems and the selector to tune, and the file of the records.
#[derive(Debug, Clone, Copy)]
#[non_exhaustive]
pub struct Tuning<'a> {
    /// The selector. Its variants are measured with the default semantics, because others cost each kernel the same,
    /// and each is proved with another order of scores too.
    pub spec: &'a SelectorSpec,
    /// The problems, dense and ragged ones.
    pub problems: &'a [Problem],
    /// The time that it may take.
    pub budget: Duration,
    /// The file of the records.
    pub records: &'a Path,
}

impl<'a> Tuning<'a> {
    /// The problems of a selector, in that time, into that file.
    pub fn new(
        spec: &'a SelectorSpec,
        problems: &'a [Problem],
        budget: Duration,
        records: &'a Path,
    ) -> Tuning<'a> {
        Tuning { spec, problems, budget, records }
    }
}

/// Why there is no tuning, or no more of it.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum TuneError {
    /// It would have broken a capture.
    #[error(
        "a stream of this context is being captured; tuning allocates and waits, which a capture forbids: tune before the capture begins or after it has ended"
    )]
    Capturing,
    /// Times would be kept of kernels that are not the library's.
    #[error(
        "edited sources replace kernels here, and their times would be kept as those of the generated ones; tune without them"
    )]
    Edited,
    /// The answers of a program cannot be checked.
    #[error(
        "the selector {selector} has a program, and a tuning does not know its answers; tune the selector without it"
    )]
    Program {
        /// The selector.
        selector: String,
    },
    /// There is no folder for the records.
    #[error(
        "what is measured has no place to be kept, since nothing is kept on disk here; set `Config::cache_dir`, or TOPKIT_CACHE_DIR"
    )]
    NoRecords,
    /// The records cannot be read or written.
    #[error("the records in {} cannot be {doing}: {reason}", path.display())]
    Records {
        /// The file.
        path: PathBuf,
        /// `read` or `written`.
        doing: &'static str,
        /// The system's own words.
        reason: io::Error,
    },
    /// A problem is larger than can be measured.
    #[error("{problem} is too large to be measured: its scores or its winners exceed {} GB", MOST >> 30)]
    TooLarge {
        /// The problem.
        problem: Problem,
    },
    /// It cannot begin.
    #[error(transparent)]
    Engine(Box<Error>),
    /// The GPU stopped answering; or it lacked something for a problem, such as memory, and the other
    /// problems were measured.
    #[error("{reason}; what was measured before is in {}", path.display())]
    Stopped {
        /// The file of the records.
        path: PathBuf,
        /// The cause.
        reason: Box<Error>,
    },
}

impl From<Error> for TuneError {
    fn from(error: Error) -> TuneError {
        TuneError::Engine(Box::new(error))
    }
}

/// The most bytes of scores or winners of a problem.
const MOST: usize = 1 << 40;

impl Engine {
    /// Measures which variant of a selector is fastest for each of some problems, and keeps the times in
    /// [`Toolchain::records`](crate::Toolchain::records), for selectors made later. Variants are checked
    /// before they are timed. A variant that any process measured before is not measured again.
    ///
    /// It ends when all is measured, when the budget is spent, or when `tell` breaks; everything
    /// measured by then is kept. `tell` is called for every problem that begins and for every row. Run
    /// nothing else on the GPU meanwhile, and capture no stream. It compiles even where the settings
    /// deny unexpected compiles, because these are expected.
    ///
    /// ```no_run
    /// use std::ops::ControlFlow;
    /// use std::time::Duration;
    /// use topkit::{DType, Engine, SelectorSpec, Problem, tune::Event};
    ///
    /// # fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// let engine = Engine::new()?;
    /// let spec = SelectorSpec::builder("Indexer").dtype([DType::Bf16]).k([2048]).build()?;
    /// let problems = [1, 8, 32].map(|rows| Problem::new(DType::Bf16, rows, 131_072, 2048));
    /// let summary = engine.tune(&spec, &problems, Duration::from_secs(30), &mut |event| {
    ///     if let Event::Problem(place, problem) = event {
    ///         println!("{place}: {problem}");
    ///     }
    ///     ControlFlow::Continue(())
    /// })?;
    /// println!("{} left", summary.left);
    /// let selector = engine.selector(spec)?; // its plans use the new times
    /// # let _ = selector;
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    /// A stream of the engine's context is being captured, the selector does not serve a problem,
    /// nothing is kept on disk, the records cannot be read or written, the engine has no compiler, edited sources replace its kernels, or the GPU stops answering.
    pub fn tune(
        &self,
        spec: &SelectorSpec,
        problems: &[Problem],
        budget: Duration,
        tell: &mut dyn FnMut(Event<'_>) -> ControlFlow<()>,
    ) -> Result<Summary, TuneError> {
        let records = self.records().ok_or(TuneError::NoRecords)?;
        let problems: Vec<Problem> =
            problems.iter().map(|problem| problem.of_selector(spec)).collect();
        tune(self, &Tuning { spec, problems: &problems, budget, records: &records }, tell)
    }
}

/// Tunes, as [`Engine::tune`] does, for the records of any file.
///
/// # Errors
/// As for [`Engine::tune`].
pub fn tune(
    engine: &Engine,
    tuning: &Tuning<'_>,
    tell: &mut dyn FnMut(Event<'_>) -> ControlFlow<()>,
) -> Result<Summary, TuneError> {
    let Tuning { problems, records: path, .. } = *tuning;
    // The budget is for all of it, the first compile included.
    let clock = Clock::of(tuning.budget);
    let problems = sound(tuning.spec, problems)?;
    let here = place(engine)?;
    let known = Records::read(path).map_err(|error| refused(path, "read", error))?;
    let known = known.usable(Some(&here), source_digest);
    let (known, readings) = (seconds(known.rows), seconds(known.readings));
    let mut recorder =
        Recorder::open(path, &here).map_err(|error| refused(path, "written", error))?;
    let setup = Setup::new(engine, tuning.spec)?;
    let mut gpu = setup.gpu()?;
    let order = Order {
        spec: setup.selectors[0].spec(),
        problems: &problems,
        limits: engine.limits(),
        known: &known,
        readings: &readings,
        compile: &|variant| setup.compile(variant),
        threads: thread::available_parallelism().map_or(1, usize::from),
        clock,
    };
    let mut unwritten = None;
    let outcome = search(&order, &mut gpu, &mut |event| {
        let written = match &event {
            Event::Row(row) => recorder.add(row),
            Event::Reading(reading) => recorder.add_reading(reading),
            _ => Ok(()),
        };
        if let Err(error) = written {
            unwritten = Some(refused(path, "written", error));
            return ControlFlow::Break(());
        }
        tell(event)
    });
    engine.read_records_again();
    match unwritten {
        Some(error) => Err(error),
        None => outcome.map_err(|reason| stopped(path, reason)),
    }
}

/// Measures, in pairs, the plans by the records against the plans by the shipped table alone, or by
/// rules if none ships. It writes nothing. `tell` is called with each problem and its place before it is
/// measured; if it breaks, the comparison ends.
///
/// # Errors
/// As for [`Engine::tune`].
pub fn compare(
    engine: &Engine,
    tuning: &Tuning<'_>,
    tell: &mut dyn FnMut(usize, &Problem) -> ControlFlow<()>,
) -> Result<Vec<Comparison>, TuneError> {
    let clock = Clock::of(tuning.budget);
    let problems = sound(tuning.spec, tuning.problems)?;
    place(engine)?;
    let path = tuning.records;
    // A fault in the records is a warning to plans and an error here, where the records are the purpose.
    Records::read(path).map_err(|error| refused(path, "read", error))?;
    let setup = Setup::new(engine, tuning.spec)?;
    let tables = [engine.table(path), engine.shipped()].map(|table| table.map(Arc::new));
    let planners = tables.map(|table| {
        setup
            .selectors
            .each_ref()
            .map(|selector| engine.planner_by(Arc::new(selector.spec().clone()), table.clone()))
    });
    let mut pairs = Vec::new();
    for problem in problems {
        let ragged = usize::from(problem.ragged);
        let [tuned, shipped] = planners
            .each_ref()
            .map(|planners| planners[ragged].plan(&problem).map(|plan| plan.launch()));
        let [tuned, shipped] = [tuned.map_err(Error::from)?, shipped.map_err(Error::from)?];
        pairs.push(Pair { problem, tuned, shipped });
    }
    let mut gpu = setup.gpu()?;
    compare_pairs(&pairs, &mut gpu, &|variant| setup.compile(variant), clock, tell)
        .map_err(|reason| stopped(path, reason))
}

/// The problems that can be measured; problems without scores cannot.
fn sound(spec: &SelectorSpec, problems: &[Problem]) -> Result<Vec<Problem>, TuneError> {
    if spec.program.is_some() {
        return Err(TuneError::Program { selector: spec.name.to_string() });
    }
    let mut sound = Vec::new();
    for &problem in problems {
        accepts(spec, &problem).map_err(Error::from)?;
        if problem.rows == 0 || problem.columns == 0 {
            continue;
        }
        // Each is below 2^32, and k counts as many bytes as the widest index.
        let wide = (problem.columns + 32).max(problem.k as usize) * 8;
        if wide.checked_mul(problem.rows).is_none_or(|bytes| bytes > MOST) {
            return Err(TuneError::TooLarge { problem });
        }
        // A width that no load has is the next smaller one.
        let widest = problem.dense_aligned().vec_size;
        let vec_size = 1 << problem.vec_size.clamp(1, widest).ilog2();
        sound.push(Problem { vec_size, ..problem });
    }
    Ok(sound)
}

/// Where times are taken, unless a capture forbids taking any.
fn place(engine: &Engine) -> Result<Provenance, TuneError> {
    if engine.has_edits() {
        return Err(TuneError::Edited);
    }
    let nvrtc = engine.nvrtc()?;
    refuse_capture(engine.context())?;
    Ok(engine.provenance_by(nvrtc))
}

/// A stream that was made not to wait for the default stream cannot be asked about here: where one
/// is being captured, the first call that it forbids says so.
fn refuse_capture(context: &CudaContext) -> Result<(), TuneError> {
    match is_forbidden_by_a_capture(context)? {
        false => Ok(()),
        true => Err(TuneError::Capturing),
    }
}

/// The kernels that are measured.
struct Setup {
    engine: Engine,
    /// Of dense rows and of ragged ones.
    selectors: [Selector; 2],
    /// The same with every other order of scores, in which kernels are proved.
    others: Vec<Selector>,
}

impl Setup {
    fn new(engine: &Engine, spec: &SelectorSpec) -> Result<Setup, TuneError> {
        let selector = |semantics| {
            let k = KSet::Range { first: 1, last: i32::MAX as u32 };
            engine.selector(SelectorSpec { k, semantics, ..spec.clone() })
        };
        let mut selectors = meaning::all().map(selector).collect::<Result<Vec<_>, _>>()?;
        let others = selectors.split_off(2);
        let selectors =
            selectors.try_into().expect("two meanings are timed, of dense and ragged rows");
        Ok(Setup { engine: engine.clone(), selectors, others })
    }

    /// Compiles a kernel as it is timed and as it is proved; the inner error is a refusal, in words.
    fn compile(&self, variant: &Variant) -> Result<Result<(), String>, Error> {
        for variant in proved(variant) {
            let spec = SelectorSpec::of(&variant);
            // A tuning expects compiles.
            if let Err(failure) = self.engine.artifact(&spec, &variant, Compiling::Allowed) {
                return refusal(failure).map(Err);
            }
        }
        Ok(Ok(()))
    }

    fn gpu(&self) -> Result<Gpu, TuneError> {
        let selectors = [&self.selectors[..], &self.others].concat();
        Gpu::new(&self.engine, selectors).map_err(|error| match &error {
            // The driver's name for the fault is all there is to tell it by.
            Error::Cuda { reason, .. } if reason.contains("STREAM_CAPTURE") => TuneError::Capturing,
            _ => error.into(),
        })
    }
}

fn refused(path: &Path, doing: &'static str, reason: io::Error) -> TuneError {
    TuneError::Records { path: path.to_owned(), doing, reason }
}

fn stopped(path: &Path, reason: Error) -> TuneError {
    TuneError::Stopped { path: path.to_owned(), reason: Box::new(reason) }
}

/// The second of each pair.
fn seconds<A, B>(pairs: Vec<(A, B)>) -> Vec<B> {
    pairs.into_iter().map(|(_, second)| second).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use topkit_codegen::{DType, Program};

    fn spec() -> SelectorSpec {
        SelectorSpec::builder("Test").dtype([DType::F32]).k([64]).build().unwrap()
    }

    #[test]
    fn what_cannot_be_measured_is_refused_or_left_out() {
        let problem = Problem::new(DType::F32, 8, 4096, 64);
        let of = |problem| sound(&spec(), &[problem]);
        assert_eq!(of(problem).unwrap(), [problem]);
        assert_eq!(of(Problem { rows: 0, ..problem }).unwrap(), []);
        assert_eq!(of(Problem { columns: 0, ..problem }).unwrap(), []);
        for (vec_size, due) in [(0, 1), (3, 2), (100, 4)] {
            assert_eq!(of(Problem { vec_size, ..problem }).unwrap()[0].vec_size, due);
        }
        let program = Program::builder("struct Own {};").source("Own").build().unwrap();
        let own = SelectorSpec { program: Some(program), ..spec() };
        assert!(matches!(sound(&own, &[problem]), Err(TuneError::Program { .. })));
        let refused = |problem| of(problem).unwrap_err().to_string();
        assert!(refused(Problem { k: 65, ..problem }).contains("serves k of"));
        let huge = Problem { rows: i32::MAX as usize, columns: i32::MAX as usize, ..problem };
        assert!(refused(huge).contains("too large to be measured"), "{}", refused(huge));
    }
}
