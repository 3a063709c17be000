//! Matrices of scores, read from a file, and whole numbers for rows or columns.
//!
//! A file is read and checked completely before the selection. Every fault is one line with the file, the
//! value found and the values allowed. Nothing is converted unless it is asked for, and [`Told`] has what a
//! reader of the answer must know of how the file was read.

mod array;
mod header;
mod npy;
mod npz;
mod stored;
mod tensors;
mod whole;

pub use array::Whole;
pub use whole::{Shape, Table, of_rows, table};

use crate::args::document;
use crate::ui::exit::Failure;
use serde_json::{Value, json};
use std::fs::File;
use std::io::{self, Read as _};
use std::path::Path;
use stored::Stored;
use topkit::DType;
use topkit_lab::Matrix;

/// How to read a file.
#[derive(Debug, Default)]
pub struct Reading {
    /// The array of a file that has several.
    pub tensor: Option<String>,
    /// The type of the scores, whatever the file says.
    pub view: Option<Stored>,
    /// The type to convert to.
    pub dtype: Option<DType>,
}

/// The flags of a file of scores, beside `--dtype`.
#[derive(Debug, clap::Args)]
pub struct Flags {
    /// The array of a .npz or .safetensors file; needed when it holds several.
    #[arg(long, value_name = "NAME", requires = "file")]
    tensor: Option<String>,
    /// What the bytes of a score are, where the file names another type of the same size: bf16 where it
    /// says u16, f8_e4m3 where it says raw bytes. Without it: what the file says.
    #[arg(long, value_name = "TYPE", requires = "file", value_parser = Stored::from_name)]
    view: Option<Stored>,
}

impl Flags {
    /// The same for a file whose scores are converted, or not.
    pub fn reading(&self, dtype: Option<DType>) -> Reading {
        Reading { tensor: self.tensor.clone(), view: self.view, dtype }
    }
}

/// A matrix of a file.
#[derive(Debug)]
pub struct Read {
    pub matrix: Matrix,
    pub told: Told,
}

/// How the scores of a file were read.
#[derive(Debug)]
pub struct Told {
    /// Their type in the file.
    stored: &'static str,
    /// The shape of the array.
    shape: Vec<usize>,
    /// How many of them the conversion rounded, if there was one.
    rounded: Option<usize>,
    /// For people; empty where there is nothing to say.
    notes: Vec<String>,
}

impl Told {
    /// The notes, a line each.
    pub fn text(&self) -> Option<String> {
        (!self.notes.is_empty()).then(|| self.notes.join("\n"))
    }

    /// Adds the facts to the document of the scores.
    pub fn add_to(&self, scores: &mut Value) {
        scores["stored"] = json!(self.stored);
        scores["shape"] = json!(self.shape);
        scores["rounded"] = json!(self.rounded);
    }
}

/// Reads a `.npy`, `.npz` or `.safetensors` file.
pub fn read(path: &Path, reading: &Reading) -> Result<Read, Failure> {
    let place = path.display().to_string();
    let extension = path.extension().and_then(|extension| extension.to_str());
    let extension = extension.map(str::to_ascii_lowercase);
    match extension.as_deref() {
        Some("npy") => {
            if reading.tensor.is_some() {
                return Err(Failure::input(format!(
                    "{place} holds one array without a name; leave out --tensor"
                )));
            }
            npy::parse(place, &load(path, npy::begins)?)?.scores(reading)
        }
        Some("npz") => {
            let (source, bytes) = npz::member(path, reading.tensor.as_deref(), "--tensor")?;
            npy::parse(source, &bytes)?.scores(reading)
        }
        Some("safetensors") => tensors::read(&place, &load(path, tensors::begins)?, reading),
        _ => Err(Failure::input(format!("{place} is not .npy, .npz or .safetensors"))),
    }
}

/// The bytes of a file, or the first of them where these show another kind of file: it may have no end.
fn load(path: &Path, begins: fn(&[u8]) -> bool) -> Result<Vec<u8>, Failure> {
    const FIRST: usize = 16;
    let read = || -> io::Result<Vec<u8>> {
        let mut file = File::open(path)?;
        let size = usize::try_from(file.metadata()?.len()).unwrap_or(usize::MAX);
        let mut bytes = Vec::new();
        bytes.try_reserve_exact(size.max(FIRST))?;
        (&mut file).take(FIRST as u64).read_to_end(&mut bytes)?;
        if begins(&bytes) {
            file.read_to_end(&mut bytes)?;
        }
        Ok(bytes)
    };
    read().map_err(|error| document::unread(path, &error))
}
