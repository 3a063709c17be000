//! The report of a command, for people and for programs, and the layout of its text.

use crate::ui::exit::{Exit, Failure};
use serde_json::Value;
use std::io::{self, Write};
use std::process::ExitCode;

pub use topkit_lab::bytes::text as bytes;

/// The outcome of a command.
#[derive(Debug)]
pub struct Report {
    /// For people; whole lines.
    pub text: String,
    /// The same for programs.
    pub json: Value,
    /// How the program ends.
    pub exit: Exit,
}

impl Report {
    /// A command that was carried out.
    pub fn done(text: String, json: Value) -> Report {
        Report { text, json, exit: Exit::Done }
    }

    /// Prints one of the two.
    pub fn print(&self, json: bool) -> ExitCode {
        let written = if json { write(&format!("{:#}\n", self.json)) } else { write(&self.text) };
        match written {
            Ok(()) => self.exit.into(),
            Err(error) => {
                Failure::environment(format!("the output cannot be written: {error}")).print(false)
            }
        }
    }
}

/// Writes to stdout. A reader that has seen enough, such as `head`, is no error.
pub fn write(text: &str) -> io::Result<()> {
    let mut stdout = io::stdout().lock();
    match stdout.write_all(text.as_bytes()).and_then(|()| stdout.flush()) {
        Err(error) if error.kind() == io::ErrorKind::BrokenPipe => Ok(()),
        written => written,
    }
}

/// Columns side by side, each as wide as its widest cell. `align` has `l` or `r` for each.
pub fn table(align: &str, rows: &[Vec<String>]) -> String {
    let width = |column: usize| {
        rows.iter().filter_map(|row| row.get(column)).map(|cell| cell.chars().count()).max()
    };
    let columns: Vec<_> =
        align.chars().enumerate().map(|(i, a)| (a, width(i).unwrap_or(0))).collect();
    let mut text = String::new();
    for row in rows {
        let cells = row.iter().zip(&columns).map(|(cell, &(align, width))| match align {
            'r' => format!("{cell:>width$}"),
            _ => format!("{cell:<width$}"),
        });
        text += cells.collect::<Vec<_>>().join("  ").trim_end();
        text += "\n";
    }
    text
}

/// A label before each text; further lines of a text align with its first.
pub fn labelled(entries: &[(String, String)]) -> String {
    let width = entries.iter().map(|(label, _)| label.chars().count()).max().unwrap_or(0);
    let mut lines = String::new();
    for (label, text) in entries {
        for (i, line) in text.lines().enumerate() {
            let label = if i == 0 { label.as_str() } else { "" };
            lines += format!("{label:<width$}  {line}").trim_end();
            lines += "\n";
        }
    }
    lines
}

/// A number of things, with its noun: `1 row`, `3 rows`.
pub fn count(number: usize, noun: &str) -> String {
    format!("{number} {noun}{}", if number == 1 { "" } else { "s" })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn columns_line_up_and_lines_end_without_blanks() {
        let rows = [vec!["a".to_owned(), "10".into()], vec!["long".into(), "9".into()]];
        assert_eq!(table("lr", &rows), "a     10\nlong   9\n");
        assert_eq!(table("rl", &rows), "   a  10\nlong  9\n");
        let entries = [("x".to_owned(), "1\n2".to_owned()), ("long".into(), "3".into())];
        assert_eq!(labelled(&entries), "x     1\n      2\nlong  3\n");
    }
}
