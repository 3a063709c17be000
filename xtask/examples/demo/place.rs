//! Where the demo selects: on the GPU, or in plain Rust where there is none.

use crate::NearestSentences;
use crate::scores::Scores;
use std::error::Error;
use std::fmt;
use topkit::host::{self, Matrix};
use topkit::{Engine, Rows};

pub enum Place {
    Gpu { engine: Engine, name: String },
    Host { why: String },
}

impl Place {
    /// The first GPU; without one, the host.
    pub fn find() -> Result<Place, topkit::Error> {
        let why = match topkit::devices() {
            Ok(devices) => match devices.into_iter().next() {
                Some(device) => {
                    return Ok(Place::Gpu { engine: Engine::new()?, name: device.name });
                }
                None => String::from("the driver sees no GPU"),
            },
            Err(topkit::Error::Driver(_)) => String::from("there is no NVIDIA driver"),
            Err(error) => error.to_string(),
        };
        Ok(Place::Host { why })
    }

    /// The k best columns of every row, in no order.
    pub fn select(&self, scores: &Scores, k: u32) -> Result<Vec<i32>, Box<dyn Error>> {
        match self {
            Place::Gpu { engine, .. } => {
                let family = NearestSentences::new(engine)?;
                let context = engine.context().ok_or("an engine on a GPU has a context")?;
                let stream = context.default_stream();
                let values = stream.clone_htod(&scores.values)?;
                let mut indices = stream.alloc_zeros::<i32>(scores.rows * k as usize)?;
                let rows = Rows::new(&values, scores.rows, scores.columns);
                family.launch(&stream, &rows, k, &mut indices)?;
                Ok(stream.clone_dtoh(&indices)?)
            }
            Place::Host { .. } => {
                let matrix = Matrix::new(&scores.values, scores.rows, scores.columns)?;
                let semantics = NearestSentences::SPEC.semantics;
                Ok(host::top_k(&matrix, k, &semantics)?.indices)
            }
        }
    }
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Place::Gpu { engine, name } => {
                write!(f, "on the GPU: {name}, compiled for {}", engine.arch())
            }
            Place::Host { why } => write!(f, "on the host, by topkit::host, since {why}"),
        }
    }
}
