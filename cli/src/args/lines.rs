//! Text files with one line for each row or column.
//!
//! Nothing is read beyond the line that is one too many: a pipe or a device may have no end.

use crate::args::document;
use crate::ui::exit::Failure;
use crate::ui::report::count;
use std::fs::File;
use std::io::{BufRead, BufReader, Read};
use std::path::Path;
use topkit_lab::memory;

/// Bytes of a line. A longer one is no text, or a file without an end.
const LINE_BYTES: usize = 1 << 16;

/// The lines of a file that has one for each of `expected` rows or columns; `kind` names them in an error
/// about memory.
pub fn read(path: &Path, kind: &str, expected: usize, what: &str) -> Result<Vec<String>, Failure> {
    let place = path.display();
    let unread = |error| document::unread(path, &error);
    let mut file = BufReader::new(File::open(path).map_err(unread)?);
    let mut lines = Vec::new();
    let mut line = Vec::new();
    loop {
        line.clear();
        let most = LINE_BYTES as u64 + 1;
        if (&mut file).take(most).read_until(b'\n', &mut line).map_err(unread)? == 0 {
            break;
        }
        let number = lines.len() + 1;
        if number > expected {
            return Err(Failure::input(format!(
                "{place} has more than {}, but the scores have {}",
                count(expected, "line"),
                count(expected, what)
            )));
        }
        let line = line.strip_suffix(b"\n").unwrap_or(&line);
        if line.len() > LINE_BYTES {
            return Err(Failure::input(format!(
                "line {number} of {place} is longer than {LINE_BYTES} bytes; give a text file with a \
                 short line for each {what}"
            )));
        }
        let text = str::from_utf8(line).map_err(|_| {
            Failure::input(format!("cannot read {place}: line {number} is not valid UTF-8"))
        })?;
        let text = text.strip_suffix('\r').unwrap_or(text);
        memory::grow(kind, &mut lines)?;
        lines.push(memory::copied(kind, text)?);
    }
    if lines.len() < expected {
        return Err(Failure::input(format!(
            "{place} has {}, but the scores have {}",
            count(lines.len(), "line"),
            count(expected, what)
        )));
    }
    Ok(lines)
}
