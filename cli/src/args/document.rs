//! Reads input files that are parsed as a whole, such as the spec of a pack or the document of a bench.

use crate::ui::exit::Failure;
use std::fs::File;
use std::io::{self, Read};
use std::path::Path;

/// The most that such a text may have: far more than a spec or a run of a bench.
const DOCUMENT_BYTES: u64 = 1 << 26;

/// Reads a text up to the limit of its kind: a pipe or a device may have no end.
pub fn read(path: &Path) -> Result<String, Failure> {
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
    use crate::ui::exit::Exit;

    #[test]
    fn memory_that_is_lacking_has_one_exit_code() {
        let refused = topkit_lab::memory::check("an answer", usize::MAX).unwrap_err();
        assert_eq!(Failure::from(refused).exit(), Exit::Environment);
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
