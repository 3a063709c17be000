//! Selects the top k of a matrix on the chosen engine and checks them: a wrong selection has no recall.

use crate::args::given::Given;
use crate::args::place::Place;
use crate::args::spec::{self, Axes};
use crate::args::variant::Wish;
use crate::commands::run::gpu::{self, Session};
use crate::commands::run::interpret;
use crate::ui::exit::Failure;
use indicatif::ProgressBar;
use serde_json::{Value, json};
use topkit::cudarc::driver::DeviceRepr;
use topkit::host::HostError;
use topkit::interpret::Word;
use topkit::{Problem, Score, SelectorSpec, host, spec::Semantics};

use topkit_lab::check;
use topkit_lab::recall::NAN;

/// Refuses a selection that cannot run there, before any score is made.
pub fn check(place: &Place, problem: &Problem, progress: &ProgressBar) -> Result<(), Failure> {
    let spec = spec(problem)?;
    let columns = problem.columns;
    if columns > i32::MAX as usize {
        return Err(HostError::Columns { columns }.into());
    }
    match place {
        Place::Gpu(engine) => {
            let plan = engine.selector(spec)?.plan(problem)?;
            gpu::fits(engine, &plan, &Given::default())
        }
        Place::Interpreter(interpreter, seed) => {
            interpret::ready(interpreter, *seed, &spec, problem, &Wish::default(), progress)
                .map(drop)
        }
        Place::Host(_) => Ok(()),
    }
}

fn spec(problem: &Problem) -> Result<SelectorSpec, Failure> {
    let (axes, semantics) = (Axes::default(), Semantics { nan: NAN, ..Semantics::DEFAULT });
    Ok(spec::for_problem(problem, &semantics, &axes)?)
}

/// Selects the largest.
pub fn select<S: Score + DeviceRepr + Word>(
    place: &Place,
    scores: &[S],
    columns: usize,
    k: u32,
    progress: &ProgressBar,
) -> Result<Vec<i32>, Failure> {
    let rows = scores.len() / columns;
    let problem = Problem::new(S::DTYPE, rows, columns, k);
    let spec = spec(&problem)?;
    let semantics = spec.semantics;
    let indices = match place {
        Place::Gpu(engine) => {
            let selector = engine.selector(spec)?;
            let plan = selector.prepare(&problem)?;
            let given = Given::default();
            let mut session = Session::<S, i32>::start(&selector, plan, scores, &given)?;
            session.launch()?;
            session.indices()?
        }
        Place::Interpreter(interpreter, seed) => {
            let wish = Wish::default();
            let ready = interpret::ready(interpreter, *seed, &spec, &problem, &wish, progress)?;
            let answer = ready.select(scores, &Given::default(), progress)?.answer;
            // Of the default index type.
            answer.indices.into_iter().map(|index| index as i32).collect()
        }
        // The host is the reference for the other places.
        Place::Host(_) => {
            let input = host::Rows::host(scores, rows, columns);
            return Ok(host::top_k(&input, k, &semantics)?.indices);
        }
    };
    let input = host::Rows::host(scores, rows, columns);
    match check::fault(&input, k, &semantics, &indices)? {
        None => Ok(indices),
        Some(fault) => Err(Failure::check(format!("the answer for {problem} is wrong: {fault}"))),
    }
}

/// Where it runs, for people and for programs.
pub fn ran_on(place: &Place) -> (String, Value) {
    match place {
        Place::Gpu(engine) => {
            let device = &engine.device().name;
            let arch = engine.arch().to_string();
            let json = json!({ "place": "gpu", "device": device, "arch": arch });
            (format!("{device}, {arch}"), json)
        }
        Place::Interpreter(_, seed) => {
            let json = json!({ "place": "interpreter", "schedule_seed": seed });
            ("the interpreter: the generated kernels on the CPU".to_owned(), json)
        }
        Place::Host(why) => {
            (format!("the host, in plain Rust: {why}"), json!({ "place": "host", "why": why }))
        }
    }
}
