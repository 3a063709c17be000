//! Appends records to a file, a line for each row.
//!
//! A line is written whole, in one write, as soon as it is known: a process that is killed loses no
//! measured line, and processes that write to one file do not mix their lines. `plan::measured::records`
//! reads the file. An error of the system is returned.

use crate::plan::measured::records::{FORMAT, Line, Shape};
use crate::plan::measured::{Provenance, Reading, Row};
use std::fs::{File, OpenOptions};
use std::io::{self, Read, Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};

/// A file to which rows are appended.
#[derive(Debug)]
pub struct Recorder {
    file: File,
    path: PathBuf,
    run: String,
}

impl Recorder {
    /// Opens a file, makes it if it is missing, and says where the coming rows are measured.
    ///
    /// # Errors
    /// The system refuses.
    pub fn open(path: &Path, provenance: &Provenance) -> io::Result<Recorder> {
        let mut file = OpenOptions::new().read(true).append(true).create(true).open(path)?;
        // If a dying process left a line without its end, the next line must not be joined to it.
        let length = file.seek(SeekFrom::End(0))?;
        let mut last = [b'\n'];
        if length > 0 {
            file.seek(SeekFrom::End(-1))?;
            file.read_exact(&mut last)?;
        }
        if last != [b'\n'] {
            file.write_all(b"\n")?;
        }
        let run = provenance.run();
        let mut recorder = Recorder { file, path: path.to_owned(), run: run.clone() };
        recorder.append(&Line::Run { format: FORMAT, run, provenance: provenance.clone() })?;
        Ok(recorder)
    }

    /// The file.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Adds a row.
    ///
    /// # Errors
    /// The system refuses.
    pub fn add(&mut self, row: &Row) -> io::Result<()> {
        self.append(&Line::Row {
            run: self.run.clone(),
            shape: Shape::of(&row.problem),
            k: row.problem.k,
            program: row.program.map(|id| id.to_string()),
            candidate: row.launch.name(),
            source: row.source.clone(),
            outcome: row.outcome.clone(),
        })
    }

    /// Adds the time of reading a problem's scores once.
    ///
    /// # Errors
    /// The system refuses.
    pub fn add_reading(&mut self, reading: &Reading) -> io::Result<()> {
        let (shape, read_once) = (Shape::of(&reading.problem), reading.sample);
        self.append(&Line::Reading { run: self.run.clone(), shape, read_once })
    }

    /// One write of a whole line at the end of the file, even if others write there.
    fn append(&mut self, line: &Line) -> io::Result<()> {
        let mut text = serde_json::to_string(line)?;
        text.push('\n');
        let written = self.file.write(text.as_bytes())?;
        if written == text.len() { Ok(()) } else { Err(io::ErrorKind::WriteZero.into()) }
    }
}

#[cfg(test)]
#[path = "recorder_tests.rs"]
mod tests;
