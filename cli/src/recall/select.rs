//! The top k of a matrix at the place that was chosen, checked: a wrong selection has no recall.

use crate::exit::Failure;
use crate::gpu::Session;
use crate::interpret;
use crate::member::Wish;
use crate::place::Place;
use crate::spec::{self, Axes};
use indicatif::ProgressBar;
use serde_json::{Value, json};
use topkit::cudarc::driver::DeviceRepr;
use topkit::interpret::Word;
use topkit::{Problem, Score, Select, host};

use super::measure::NAN;

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
    let axes = Axes { vec_size: Vec::new(), bins: Vec::new(), threads: Vec::new() };
    let spec = spec::for_problem(&problem, Select::Largest, NAN, &axes)?;
    let semantics = spec.semantics;
    let input = host::Matrix::new(scores, rows, columns).map_err(Failure::input)?;
    let indices = match place {
        Place::Gpu(engine) => {
            let family = engine.family(spec)?;
            let plan = family.prepare(&problem)?;
            let mut session = Session::start(&family, plan, scores)?;
            session.launch()?;
            session.indices()?
        }
        Place::Interpreter(interpreter, seed) => {
            let wish = Wish::default();
            interpret::select(interpreter, *seed, &spec, problem, scores, &wish, progress)?.indices
        }
        // It is what the others are checked with.
        Place::Host(_) => {
            return Ok(host::top_k(&input, k, &semantics).map_err(Failure::input)?.indices);
        }
    };
    host::check(&input, k, &semantics, &indices)
        .map_err(|fault| Failure::check(format!("the answer for {problem} is wrong: {fault}")))?;
    Ok(indices)
}

/// Where it runs, for people and for programs.
pub fn ran_on(place: &Place) -> (String, Value) {
    match place {
        Place::Gpu(engine) => {
            let device = engine.device().map_or("GPU", |device| device.name.as_str());
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
