//! Matrices of scores: read from a file, or generated.
//!
//! A file is read whole and checked before anything is selected from it. Whatever is wrong with
//! it is one line that names the file, what was found and what would do.

mod foreign;
mod generate;
mod header;
mod npy;
mod tensors;

pub use generate::{Distribution, Shape, generate};

use crate::exit::Failure;
use crate::room;
use half::{bf16, f16};
use std::fmt::Display;
use std::fs::File;
use std::io::{self, Read};
use std::path::Path;
use topkit::{DType, Score};

/// Scores in host memory, row after row.
#[derive(Debug)]
pub struct Matrix {
    /// Where they came from.
    pub source: String,
    /// Number of rows, at least 1.
    pub rows: usize,
    /// Number of columns, at least 1.
    pub columns: usize,
    /// `rows * columns` of them.
    pub scores: Scores,
}

/// Scores of one of the types that there are kernels for.
#[derive(Debug)]
pub enum Scores {
    /// IEEE 754 binary32.
    F32(Vec<f32>),
    /// bfloat16.
    Bf16(Vec<bf16>),
    /// IEEE 754 binary16.
    F16(Vec<f16>),
}

impl Scores {
    /// Their type.
    pub fn dtype(&self) -> DType {
        match self {
            Scores::F32(_) => f32::DTYPE,
            Scores::Bf16(_) => bf16::DTYPE,
            Scores::F16(_) => f16::DTYPE,
        }
    }
}

/// Reads a `.npy` or `.safetensors` file; `tensor` names one of several in the latter.
pub fn read(path: &Path, tensor: Option<&str>) -> Result<Matrix, Failure> {
    let place = path.display().to_string();
    let extension = path.extension().and_then(|extension| extension.to_str());
    let extension = extension.map(str::to_ascii_lowercase);
    let (parse, begins): (Parser, Begins) = match extension.as_deref() {
        Some("npy") => (npy::parse, npy::begins),
        Some("safetensors") => (tensors::parse, tensors::begins),
        _ => return Err(Failure::input(format!("{place} is neither .npy nor .safetensors"))),
    };
    let bytes = load(path, begins).map_err(|error| room::unread(path, &error))?;
    parse(&place, &bytes, tensor)
}

type Parser = fn(&str, &[u8], Option<&str>) -> Result<Matrix, Failure>;
type Begins = fn(&[u8]) -> bool;

/// The bytes of a file, or the first of them where these show another kind of file: it may have no end.
fn load(path: &Path, begins: Begins) -> io::Result<Vec<u8>> {
    const FIRST: usize = 16;
    let mut file = File::open(path)?;
    let size = usize::try_from(file.metadata()?.len()).unwrap_or(usize::MAX);
    let mut bytes = Vec::new();
    bytes.try_reserve_exact(size.max(FIRST))?;
    (&mut file).take(FIRST as u64).read_to_end(&mut bytes)?;
    if begins(&bytes) {
        file.read_to_end(&mut bytes)?;
    }
    Ok(bytes)
}

/// The rows and columns of an array of one or two dimensions; one is a single row.
fn shape<N: Copy + Display>(source: &str, dimensions: &[N]) -> Result<(usize, usize), Failure>
where
    usize: TryFrom<N>,
{
    let size = |dimension: N| {
        usize::try_from(dimension).map_err(|_| {
            Failure::input(format!("{source} has a dimension of {dimension}, too many to address"))
        })
    };
    let (rows, columns) = match *dimensions {
        [columns] => (1, size(columns)?),
        [rows, columns] => (size(rows)?, size(columns)?),
        _ => {
            let written: Vec<_> = dimensions.iter().map(N::to_string).collect();
            return Err(Failure::input(format!(
                "{source} has the shape [{}]; one row [columns] or a matrix [rows, columns] is \
                 needed",
                written.join(", ")
            )));
        }
    };
    if rows == 0 || columns == 0 {
        let message = format!("{source} is {rows} x {columns}: there is nothing to select from");
        return Err(Failure::input(message));
    }
    Ok((rows, columns))
}

/// Bytes that a matrix takes, or why it cannot be.
fn size(source: &str, rows: usize, columns: usize, dtype: DType) -> Result<usize, Failure> {
    rows.checked_mul(columns)
        .and_then(|scores| scores.checked_mul(dtype.bytes() as usize))
        .filter(|&bytes| bytes <= isize::MAX as usize)
        .ok_or_else(|| {
            Failure::input(format!("{source} is {rows} x {columns}, more than memory can hold"))
        })
}
