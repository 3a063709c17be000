//! Where the demo selects: on the GPU; without one, the generated kernel on the CPU, by the
//! interpreter; without a C++ compiler for that, in plain Rust. Each says why.

use crate::NearestSentences;
use crate::scores::Scores;
use std::error::Error;
use std::fmt;
use topkit::host;
use topkit::interpret::Interpreter;
use topkit::{Engine, Rows, inspect::RenderedSource};

pub enum Place {
    Gpu { engine: Engine, name: String },
    Interpreter { interpreter: Interpreter, why: String },
    Host { why: String },
}

impl Place {
    /// The best that this machine has.
    pub fn find() -> Result<Place, topkit::Error> {
        let why = match topkit::machine::devices() {
            Ok(devices) => match devices.into_iter().next() {
                Some(device) => {
                    return Ok(Place::Gpu { engine: Engine::new()?, name: device.name });
                }
                None => String::from("the driver sees no GPU"),
            },
            Err(topkit::Error::Driver(_)) => String::from("there is no NVIDIA driver"),
            Err(error) => error.to_string(),
        };
        Ok(match Interpreter::new() {
            Ok(interpreter) => Place::Interpreter { interpreter, why },
            Err(error) => Place::Host { why: format!("{why}, and {error}") },
        })
    }

    /// The k best columns of every row, in no order; the kernel is that of the source.
    pub fn select(
        &self,
        scores: &Scores,
        k: u32,
        source: &RenderedSource,
    ) -> Result<Vec<i32>, Box<dyn Error>> {
        match self {
            Place::Gpu { engine, .. } => {
                let selector = NearestSentences::new(engine)?;
                let stream = engine.stream();
                let values = stream.clone_htod(&scores.values)?;
                let mut indices = stream.alloc_zeros::<i32>(scores.rows * k as usize)?;
                let rows = Rows::new(&values, scores.rows, scores.columns);
                selector.launch(&stream, &rows, k, &mut indices)?;
                Ok(stream.clone_dtoh(&indices)?)
            }
            Place::Interpreter { interpreter, .. } => {
                let rows = Rows::host(&scores.values, scores.rows, scores.columns);
                Ok(interpreter.load(source)?.select(&rows, k)?)
            }
            Place::Host { .. } => {
                let matrix = Rows::host(&scores.values, scores.rows, scores.columns);
                let semantics = NearestSentences::SPEC.semantics;
                Ok(host::top_k(&matrix, k, &semantics)?.indices)
            }
        }
    }

    /// What a right answer shows.
    pub fn shows(&self) -> &'static str {
        match self {
            Place::Gpu { .. } => "by the oracle topkit::host",
            Place::Interpreter { .. } => {
                "by the oracle topkit::host\n          \
                 and no race, no access out of bounds, no barrier missed"
            }
            Place::Host { .. } => "by a check of its own; the generated kernel was not run",
        }
    }
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Place::Gpu { engine, name } => {
                write!(f, "by the kernel on the GPU: {name}, compiled for {}", engine.arch())
            }
            Place::Interpreter { why, .. } => {
                write!(f, "by the kernel above, on the CPU with every access checked: {why}")
            }
            Place::Host { why } => write!(f, "in plain Rust, by topkit::host: {why}"),
        }
    }
}
