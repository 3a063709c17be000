//! Matrices of scores, read from a file.
//!
//! A file is read and checked completely before the selection. Every fault is one line with the file, the
//! value found and the values allowed.

mod foreign;
mod header;
mod npy;
mod tensors;

use crate::args::document;
use crate::ui::exit::Failure;
use std::fmt::Display;
use std::fs::File;
use std::io::{self, Read};
use std::path::Path;
use topkit_lab::Matrix;

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
    let bytes = load(path, begins).map_err(|error| document::unread(path, &error))?;
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
