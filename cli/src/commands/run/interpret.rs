//! One selection of `topkit run` by the interpreter: the generated kernel on the CPU, with every access
//! checked. It does not check the answer. A fault of the kernel ends the command with the fault's message
//! and the command that reproduces it.

use super::outcome::Outcome;
use super::selection::into_host;
use crate::args::given::Given;
use crate::args::variant::{Chosen, Wish};
use crate::commands::form;
use crate::ui::exit::Failure;
use indicatif::ProgressBar;
use serde_json::json;
use std::time::Instant;
use topkit::host::{Rows, Selection};
use topkit::interpret::{Fault, Interpreter, Kernel, Word};
use topkit::spec::IndexType;
use topkit::{Arch, Explanation, IndexInt, Plan, Problem, Score, SelectorSpec, machine::Limits};

/// Accesses a score, and a place of the answer, after which a kernel is taken to spin: far more than
/// all passes over a row.
const STEPS: u64 = 256;
/// The same for a small matrix.
const LEAST_STEPS: u64 = 200_000_000;

/// A kernel that is ready to select, before there are scores.
pub struct Ready {
    kernel: Kernel,
    chosen: Chosen,
    plan: Plan,
    seed: u64,
    /// Seconds that the compile took.
    seconds: f64,
}

/// Takes the kernel of the plan, or the requested one, and compiles it. A kernel that cannot be
/// interpreted here, for lack of memory too, is refused before any score is made.
pub fn ready(
    interpreter: &Interpreter,
    seed: u64,
    spec: &SelectorSpec,
    problem: &Problem,
    wish: &Wish,
    progress: &ProgressBar,
) -> Result<Ready, Failure> {
    // The architecture that the interpreter models.
    let limits = Limits::of_arch(Arch::of_device(9, 0));
    let explanation = Explanation::of(spec, problem, &limits)?;
    let chosen = wish.choose(spec, &explanation)?;
    progress.set_message("compiling the kernel as C++");
    let start = Instant::now();
    let places = (problem.columns as u64).saturating_add(u64::from(problem.k));
    let places = places.saturating_mul(problem.rows as u64);
    let steps = places.saturating_mul(STEPS).max(LEAST_STEPS);
    let source = form::source(&chosen.plan.variant, None)?;
    let kernel = interpreter.clone().steps(steps).load(&source)?;
    let seconds = start.elapsed().as_secs_f64();
    // On fewer multiprocessors than the explanation's.
    let plan = kernel.plan(problem).map_err(Failure::input)?;
    // The plan is made, so only memory can be lacking.
    kernel.fits(problem).map_err(Failure::environment)?;
    Ok(Ready { kernel, chosen, plan, seed, seconds })
}

impl Ready {
    /// Selects under the schedule of the seed.
    pub fn select<S: Score + Word>(
        &self,
        scores: &[S],
        given: &Given,
        progress: &ProgressBar,
    ) -> Result<Outcome<S>, Failure> {
        let Ready { kernel, chosen, plan, seed, seconds: ready } = self;
        progress.set_message("interpreting the kernel, every access checked");
        let start = Instant::now();
        let answer = match plan.variant.semantics.index {
            IndexType::I32 => self.answer::<S, i32>(scores, given),
            IndexType::U32 => self.answer::<S, u32>(scores, given),
            IndexType::I64 => self.answer::<S, i64>(scores, given),
        }?;
        let seconds = start.elapsed().as_secs_f64();
        let folder = folder(kernel);
        let mut kernel_json = chosen.json();
        kernel_json["grid"] = json!(plan.grid);
        kernel_json["workspace_bytes"] = json!(plan.workspace_bytes);
        kernel_json["folder"] = json!(folder);
        kernel_json["ready_seconds"] = json!(ready);
        let place = "the interpreter: the generated kernel on the CPU, every access checked";
        let faults = format!("none, with --schedule-seed {seed}; another seed is another schedule");
        let text = [
            ("ran on", place.to_owned()),
            ("kernel", format!("{}\ncompiled as C++ in {ready:.2} s", chosen.text)),
            ("faults", faults),
            ("time", format!("{seconds:.2} s of the interpreter; it says nothing of a GPU's time")),
        ];
        Ok(Outcome {
            answer,
            text: text.map(|(label, text)| (label.to_owned(), text)).to_vec(),
            json: json!({
                "ran_on": { "place": "interpreter", "schedule_seed": seed },
                "kernel": kernel_json,
                "time": {
                    "method": "wall clock of the interpreter, not a GPU's time",
                    "microseconds": seconds * 1e6,
                },
            }),
        })
    }

    fn answer<S: Score + Word, I: IndexInt + Word>(
        &self,
        scores: &[S],
        given: &Given,
    ) -> Result<Selection<i64, S>, Failure> {
        let Ready { kernel, plan, seed, .. } = self;
        let Plan { problem, variant, .. } = plan;
        let rows = given.rows_of(Rows::host(scores, problem.rows, problem.columns));
        let failed = |fault| match fault {
            // The plan fits the scores, so the machine lacks memory or a stack.
            Fault::Launch { .. } => Failure::environment(fault),
            _ => Failure::check(format!(
                "the kernel is wrong: {fault}\n{variant}; the same command with --schedule-seed {seed} \
                 shows it again; the text is in {}",
                folder(kernel)
            )),
        };
        into_host::<S, I>(given, &variant.semantics, problem, |output| {
            kernel.select_into(&rows, problem.k, output).map_err(failed)
        })
    }
}

/// Where the text of a kernel is.
fn folder(kernel: &Kernel) -> String {
    kernel.folder().map(|folder| folder.display().to_string()).unwrap_or_default()
}
