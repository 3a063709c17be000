//! Collects the lines of the text, indented, each with the line of the source that it is of.

use crate::functions::tree::Place;
use std::fmt::Write;

pub(super) struct Writer<'a> {
    out: String,
    depth: usize,
    /// The file of the source and its first line there, if compilers are to name its lines.
    file: Option<(&'a str, usize)>,
    /// The line that a compiler would give the next one.
    next: Option<usize>,
}

impl<'a> Writer<'a> {
    pub fn new(file: Option<(&'a str, usize)>) -> Writer<'a> {
        Writer { out: String::new(), depth: 0, file, next: None }
    }

    pub fn line(&mut self, text: &str, place: Option<Place>) {
        if let (Some((file, first)), Some(place)) = (self.file, place) {
            let line = (first + place.line).saturating_sub(1);
            if self.next != Some(line) {
                let file = file.replace('\\', "\\\\").replace('"', "\\\"");
                // Writing to a String cannot fail.
                let _ = writeln!(self.out, "#line {line} \"{file}\"");
                self.next = Some(line);
            }
        }
        let indent = "    ".repeat(self.depth);
        // As above.
        let _ = writeln!(self.out, "{indent}{text}");
        self.next = self.next.map(|line| line + 1);
    }

    /// A line, after which the lines are further in.
    pub fn open(&mut self, text: &str, place: Option<Place>) {
        self.line(text, place);
        self.depth += 1;
    }

    pub fn close(&mut self, text: &str) {
        self.depth = self.depth.saturating_sub(1);
        self.line(text, None);
    }

    /// Ends a part and begins the next of the same statement, as `} else {`.
    pub fn between(&mut self, text: &str) {
        self.close(text);
        self.depth += 1;
    }

    pub fn blank(&mut self) {
        self.out.push('\n');
        self.next = self.next.map(|line| line + 1);
    }

    pub fn text(self) -> String {
        self.out
    }
}
