//! Where the rows of a ragged selection begin and end: a file with a number for each row.
//!
//! A kernel clamps starts and lengths outside the columns. In a file they are a slip, so they are
//! refused with their row.

use super::scores;
use crate::ui::exit::Failure;
use crate::ui::report::count;
use std::ops::Range;
use std::path::PathBuf;
use topkit::Score;
use topkit::host;

/// The flags.
#[derive(Debug, clap::Args)]
#[command(next_help_heading = "Ragged rows")]
pub struct Files {
    /// The length of each row: a .npy or .npz file of integers, or a text file with a line for each row.
    /// Indices count from the start of the row.
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
        let fitting =
            |number| i32::try_from(number).ok().filter(|&it| it >= 0 && it as usize <= columns);
        let needed = format!("a whole number from 0 to the {}", count(columns, "column"));
        let read = |flag: &str, file: &Option<PathBuf>| {
            let read = |path| scores::of_rows(flag, path, rows, fitting, &needed);
            file.as_deref().map(read).transpose()
        };
        let (starts, lengths) = (&self.starts, &self.lengths);
        let spans =
            Spans { starts: read("--starts", starts)?, lengths: read("--lengths", lengths)? };
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

impl Spans {
    /// The columns of a row, of so many.
    pub fn of_row(&self, row: usize, columns: usize) -> Range<usize> {
        // They were checked where they were read.
        let start = self.starts.as_ref().map_or(0, |starts| starts[row] as usize);
        let length = self.lengths.as_ref().map_or(columns - start, |lengths| lengths[row] as usize);
        start..start + length
    }

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
