//! Memory for whatever has a size that the user gives: asked for before it is filled, and refused in
//! words with [`Failure::environment`] where the system does not give it.
//!
//! A system that promises more memory than it has may still end the process later; this module does
//! not look at what the machine has left.

use crate::exit::Failure;
use crate::report;
use std::fs::File;
use std::io::{self, Read};
use std::path::Path;

/// The most that a text to be understood as a whole may have: far more than a spec or a run of a bench.
const DOCUMENT_BYTES: u64 = 1 << 26;

/// An empty vector with room for so many elements.
pub fn reserved<T>(what: &str, len: usize) -> Result<Vec<T>, Failure> {
    let mut room = Vec::new();
    room.try_reserve_exact(len).map_err(|_| lacking(what, len.saturating_mul(size_of::<T>())))?;
    Ok(room)
}

/// Room for one element more.
pub fn grow<T>(what: &str, all: &mut Vec<T>) -> Result<(), Failure> {
    all.try_reserve(1).map_err(|_| lacking(what, 2 * all.len() * size_of::<T>()))
}

/// A copy of a text.
pub fn text(what: &str, text: &str) -> Result<String, Failure> {
    let mut copy = String::new();
    copy.try_reserve_exact(text.len()).map_err(|_| lacking(what, text.len()))?;
    copy.push_str(text);
    Ok(copy)
}

/// So many copies of one element.
pub fn filled<T: Clone>(what: &str, element: T, len: usize) -> Result<Vec<T>, Failure> {
    let mut room = reserved(what, len)?;
    room.resize(len, element);
    Ok(room)
}

/// Refuses what takes so many bytes, in pieces that a library asks for, if the system does not give as
/// many at once.
pub fn check(what: &str, bytes: usize) -> Result<(), Failure> {
    reserved::<u8>(what, bytes).map(drop)
}

fn lacking(what: &str, bytes: usize) -> Failure {
    Failure::environment(format!(
        "{what} would take {} of memory, which the system does not give; ask for fewer or shorter \
         rows or a smaller k, or raise the limit on memory",
        report::bytes(bytes as u64)
    ))
}

/// A text, which is read no further than a text of its kind goes: a pipe or a device may have no end.
pub fn document(path: &Path) -> Result<String, Failure> {
    let mut text = String::new();
    let file = File::open(path);
    file.and_then(|file| file.take(DOCUMENT_BYTES + 1).read_to_string(&mut text))
        .map_err(|error| unread(path, &error))?;
    if text.len() as u64 > DOCUMENT_BYTES {
        return Err(Failure::input(format!(
            "{} is longer than {DOCUMENT_BYTES} bytes; give the file that was meant",
            path.display()
        )));
    }
    Ok(text)
}

/// A file that cannot be read: memory that is lacking is no fault of the input.
pub fn unread(path: &Path, error: &io::Error) -> Failure {
    let message = format!("cannot read {}: {error}", path.display());
    match error.kind() {
        io::ErrorKind::OutOfMemory => Failure::environment(format!(
            "{message}; give a smaller file, or raise the limit on memory"
        )),
        _ => Failure::input(message),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::exit::Exit;

    #[test]
    fn memory_that_is_lacking_has_one_exit_code() {
        let refused = filled("the scores", 0u16, usize::MAX / 4).unwrap_err();
        assert_eq!(refused.exit(), Exit::Environment);
        assert!(refused.to_string().starts_with("the scores would take "), "{refused}");
        assert_eq!(check("an answer", usize::MAX).unwrap_err().exit(), Exit::Environment);
        assert_eq!(filled("the scores", 7, 3).unwrap(), [7; 3]);
        let path = Path::new("a.npy");
        let kinds = [io::ErrorKind::OutOfMemory, io::ErrorKind::NotFound];
        let exits = kinds.map(|kind| unread(path, &kind.into()).exit());
        assert_eq!(exits, [Exit::Environment, Exit::BadInput]);
        let pack = |kind: io::ErrorKind| topkit::cache::pack::PackError::Io {
            action: "read",
            path: path.to_owned(),
            kind,
            reason: kind.to_string(),
        };
        let exits = kinds.map(|kind| Failure::from(pack(kind)).exit());
        assert_eq!(exits, [Exit::Environment, Exit::BadInput]);
        let records = |kind: io::ErrorKind| topkit::tune::TuneError::Records {
            path: path.to_owned(),
            doing: "read",
            reason: kind.into(),
        };
        let exits = kinds.map(|kind| Failure::from(records(kind)).exit());
        assert_eq!(exits, [Exit::Environment, Exit::BadInput]);
        let memory = topkit::host::HostError::Memory { what: "indices", bytes: 8 };
        assert_eq!(Failure::from(memory).exit(), Exit::Environment);
        assert_eq!(Failure::from(topkit::host::HostError::ZeroK).exit(), Exit::BadInput);
    }
}
