//! Whole numbers beside the scores, from the file that a flag names: a number for each row, or for each column of
//! each row.
//!
//! A file is `.npy`, or `.npz` with one array or the name of one behind a colon. A number for each row may be a line
//! of a text file, too. An error begins with the flag and the file.

use super::array::{Array, Whole};
use super::{load, npy, npz};
use crate::args::lines;
use crate::ui::exit::Failure;
use crate::ui::report::count;
use std::fmt::Display;
use std::path::{Path, PathBuf};

/// The end of an archive before the name of a member.
const NAMED: &str = ".npz:";

/// A matrix of numbers.
#[derive(Debug)]
pub struct Table<T> {
    /// How an error calls it.
    pub source: String,
    pub numbers: Vec<T>,
    /// Numbers from row to row: 0 where all rows have the same.
    pub stride: usize,
}

/// The shape of a table: so many rows, or one for all, of so many numbers.
#[derive(Debug, Clone, Copy)]
pub struct Shape {
    pub rows: usize,
    pub width: usize,
    /// A row may have more numbers.
    pub wider: bool,
}

/// Reads a table of numbers. `read` gets the row and the place in it.
pub fn table<T: Default>(
    flag: &str,
    path: &Path,
    kind: Whole,
    shape: Shape,
    mut read: impl FnMut(&str, [usize; 2], i128) -> Result<T, Failure>,
) -> Result<Table<T>, Failure> {
    let (source, bytes) = bytes(flag, path)?;
    let array = npy::parse(source, &bytes)?;
    let Shape { rows, width, wider } = shape;
    let fits = |found: usize| found == width || wider && found > width;
    let of_rows = array.shape.split_last().filter(|(last, _)| fits(**last));
    let of_rows = of_rows.and_then(|(_, leading)| product(leading));
    if !of_rows.is_some_and(|found| found == rows || found == 1) {
        let (source, found) = (&array.source, &array.shape);
        let more = if wider { ", or more columns" } else { "" };
        return Err(Failure::input(format!(
            "{source} has the shape {found:?}; [{rows}, {width}] is expected{more}, or [{width}] for all \
             rows at once"
        )));
    }
    let width = array.shape.last().copied().unwrap_or(width);
    let stride = if of_rows == Some(1) { 0 } else { width };
    let source = &array.source;
    let numbers = array.whole(kind, |at, number| read(source, [at / width, at % width], number))?;
    Ok(Table { source: source.clone(), numbers, stride })
}

/// Reads a number for each row: from an array of any shape with so many integers, or from a text file with a line for
/// each row. `fitting` takes a number, or `needed` says what it takes.
pub fn of_rows<T: Default>(
    flag: &str,
    path: &Path,
    rows: usize,
    fitting: impl Fn(i128) -> Option<T>,
    needed: &dyn Display,
) -> Result<Vec<T>, Failure> {
    let source = source(flag, path);
    let wrong = |source: &str, row: usize, number: &dyn Display| {
        Failure::input(format!("{source} has {number} for row {row}; {needed} is needed"))
    };
    if is_array(path) {
        let (source, bytes) = bytes(flag, path)?;
        let array = npy::parse(source, &bytes)?;
        let Array { source, shape, .. } = &array;
        if product(shape) != Some(rows) {
            return Err(Failure::input(format!(
                "{source} has the shape {shape:?}, but the scores have {}",
                count(rows, "row")
            )));
        }
        let number = |row, number| fitting(number).ok_or_else(|| wrong(source, row, &number));
        return array.whole(Whole::Integers, number);
    }
    let number = |(row, line): (usize, String)| {
        let fitting = line.trim().parse().ok().and_then(&fitting);
        fitting.ok_or_else(|| wrong(&source, row, &format_args!("`{}`", line.trim())))
    };
    lines::read(path, "the numbers of rows", rows, "row")?
        .into_iter()
        .enumerate()
        .map(number)
        .collect()
}

fn product(sizes: &[usize]) -> Option<usize> {
    sizes.iter().try_fold(1usize, |product, &size| product.checked_mul(size))
}

fn source(flag: &str, path: &Path) -> String {
    format!("{flag} {}", path.display())
}

/// Whether a file is one of NumPy's by its name.
fn is_array(path: &Path) -> bool {
    let ends = |end| path.extension().is_some_and(|extension| extension.eq_ignore_ascii_case(end));
    ends("npy") || ends("npz") || member(path).is_some()
}

/// The archive and the member that `FILE.npz:NAME` names.
fn member(path: &Path) -> Option<(PathBuf, &str)> {
    let text = path.to_str()?;
    let at = text.to_ascii_lowercase().rfind(NAMED)? + NAMED.len();
    Some((PathBuf::from(&text[..at - 1]), &text[at..]))
}

/// The bytes of a `.npy` file, and how to call it.
fn bytes(flag: &str, path: &Path) -> Result<(String, Vec<u8>), Failure> {
    const NAMING: &str = "FILE.npz:NAME";
    let named = |failure: Failure| failure.of(flag);
    let ends = |end| path.extension().is_some_and(|extension| extension.eq_ignore_ascii_case(end));
    let (source, bytes) = match member(path) {
        _ if ends("npy") => (path.display().to_string(), load(path, npy::begins).map_err(named)?),
        _ if ends("npz") => npz::member(path, None, NAMING).map_err(named)?,
        Some((archive, name)) => npz::member(&archive, Some(name), NAMING).map_err(named)?,
        None => {
            let source = source(flag, path);
            return Err(Failure::input(format!("{source} is not .npy, .npz or .npz:NAME")));
        }
    };
    Ok((format!("{flag} {source}"), bytes))
}
