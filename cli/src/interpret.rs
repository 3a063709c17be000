//! One selection of `topkit run` by the interpreter: the generated kernel itself, on the CPU, every
//! access checked. It does not check the answer. A fault of the kernel ends the command with its
//! message and how to see it again.

use crate::exit::Failure;
use crate::form;
use crate::member::Wish;
use crate::outcome::Outcome;
use indicatif::ProgressBar;
use serde_json::json;
use std::time::Instant;
use topkit::interpret::{Fault, Interpreter, Question, Word};
use topkit::{Arch, Explanation, KernelSpec, Limits, Problem, Score};

/// Accesses a score after which a kernel is taken to spin: far more than all passes over a row.
const STEPS: u64 = 256;
/// The same for a small matrix.
const LEAST_STEPS: u64 = 200_000_000;

/// Selects by the kernel of the plan, or by the one that was asked for, under the schedule of the
/// interpreter's seed.
pub fn select<S: Score + Word>(
    interpreter: &Interpreter,
    seed: u64,
    spec: &KernelSpec,
    problem: Problem,
    scores: &[S],
    wish: &Wish,
    progress: &ProgressBar,
) -> Result<Outcome, Failure> {
    // What the interpreter models.
    let limits = Limits::of_arch(Arch::of_device(9, 0));
    let explanation = Explanation::of(spec, &problem, &limits)?;
    let member = wish.member(spec, &explanation)?;
    let variant = member.plan.variant;
    progress.set_message("compiling the kernel as C++");
    let start = Instant::now();
    let steps = (scores.len() as u64).saturating_mul(STEPS).max(LEAST_STEPS);
    let kernel = interpreter.clone().steps(steps).load(&form::source(&variant, None)?)?;
    let ready = start.elapsed().as_secs_f64();
    // On fewer multiprocessors than the explanation's.
    let plan = kernel.plan(&problem).map_err(Failure::input)?;

    progress.set_message("interpreting the kernel, every access checked");
    let start = Instant::now();
    let question = Question::new(scores, problem.rows, problem.columns, problem.k);
    let folder = kernel.folder().map(|folder| folder.display().to_string()).unwrap_or_default();
    let indices = kernel.select::<S, i32>(&question).map_err(|fault| match fault {
        Fault::Launch { .. } => Failure::input(fault),
        _ => Failure::check(format!(
            "the kernel is wrong: {fault}\n{variant}; the same command with --schedule-seed {seed} \
             shows it again; the text is in {folder}"
        )),
    })?;
    let seconds = start.elapsed().as_secs_f64();

    let mut kernel_json = member.json();
    kernel_json["grid"] = json!(plan.grid);
    kernel_json["workspace_bytes"] = json!(plan.workspace_bytes);
    kernel_json["folder"] = json!(folder);
    kernel_json["ready_seconds"] = json!(ready);
    let text = [
        ("ran on", "the interpreter: the generated kernel on the CPU, every access checked".into()),
        ("kernel", format!("{}\ncompiled as C++ in {ready:.2} s", member.text)),
        ("faults", format!("none, with --schedule-seed {seed}; another seed is another schedule")),
        ("time", format!("{seconds:.2} s of the interpreter; it says nothing of a GPU's time")),
    ];
    Ok(Outcome {
        indices,
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
