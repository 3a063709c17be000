//! Where the rows of a ragged selection begin and end: a file with a number for each row.
//!
//! A kernel clamps starts and lengths outside the columns. In a file they are a slip, so they are
//! refused with their row.

use super::{lines, scores};
use crate::ui::exit::Failure;
use crate::ui::report::count;
use std::path::{Path, PathBuf};
use topkit::Score;
use topkit::host;

/// The flags.
#[derive(Debug, clap::Args)]
#[command(next_help_heading = "Ragged rows")]
pub struct Files {
    /// The length of each row: a .npy file of integers, or a text file with a line for each row. Indices
    /// count from the start of the row.
    #[arg(long, value_name = "FILE")]
    lengths: Option<PathBuf>,
    /// The first column of each row, in a file as for --lengths. Without --lengths a row goes up to the
    /// last column.
    #[arg(long, value_name = "FILE")]
    starts: Option<PathBuf>,
}

/// The starts and the lengths of rows.
#[derive(Debug, Default)]
pub struct Spans {
    pub starts: Option<Vec<i32>>,
    pub lengths: Option<Vec<i32>>,
}

impl Files {
    /// Whether rows are ragged.
    pub fn are_given(&self) -> bool {
        self.lengths.is_some() || self.starts.is_some()
    }

    /// Reads them, and checks that every row ends within the columns.
    pub fn read(&self, rows: usize, columns: usize) -> Result<Spans, Failure> {
        let read = |file: &Option<PathBuf>| {
            file.as_deref().map(|path| numbers(path, rows, columns)).transpose()
        };
        let spans = Spans { starts: read(&self.starts)?, lengths: read(&self.lengths)? };
        if let (Some(starts), Some(lengths)) = (&spans.starts, &spans.lengths) {
            let beyond =
                |(&start, &length): (&i32, &i32)| start as usize + length as usize > columns;
            if let Some(row) = starts.iter().zip(lengths).position(beyond) {
                let (start, length) = (starts[row], lengths[row]);
                return Err(Failure::input(format!(
                    "row {row} starts at column {start} and has the length {length}, but the scores \
                     have {columns} columns"
                )));
            }
        }
        Ok(spans)
    }
}

/// A number from 0 to the columns for each row.
fn numbers(path: &Path, rows: usize, columns: usize) -> Result<Vec<i32>, Failure> {
    let place = path.display();
    let is_npy = path.extension().is_some_and(|extension| extension.eq_ignore_ascii_case("npy"));
    let outside = |row: usize, number: &dyn std::fmt::Display| {
        Failure::input(format!(
            "{place} has {number} for row {row}; a whole number from 0 to the {} is needed",
            count(columns, "column")
        ))
    };
    let fits = |number: &i32| *number as usize <= columns && *number >= 0;
    if is_npy {
        let whole = scores::whole(path, rows, &count(rows, "row"))?;
        let number = |(row, number): (usize, i128)| {
            let fitting = i32::try_from(number).ok().filter(fits);
            fitting.ok_or_else(|| outside(row, &number))
        };
        return whole.into_iter().enumerate().map(number).collect();
    }
    let number = |(row, line): (usize, String)| {
        let fitting = line.trim().parse().ok().filter(fits);
        fitting.ok_or_else(|| outside(row, &format_args!("`{}`", line.trim())))
    };
    lines::read(path, "the numbers of rows", rows, "row")?
        .into_iter()
        .enumerate()
        .map(number)
        .collect()
}

impl Spans {
    /// Rows of the host with these starts and lengths.
    pub fn of<'a, S: Score>(&'a self, rows: host::Rows<'a, S>) -> host::Rows<'a, S> {
        let rows = match &self.starts {
            Some(starts) => rows.starts(starts),
            None => rows,
        };
        match &self.lengths {
            Some(lengths) => rows.lengths(lengths),
            None => rows,
        }
    }
}
