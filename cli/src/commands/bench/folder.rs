//! Writes the folder of a bench. Each file replaces the old one at once, so that a reader never sees half a file.

use crate::args::document;
use crate::ui::exit::Failure;
use serde_json::Value;
use std::fs;
use std::io::Write;
use std::path::Path;
use tempfile::NamedTempFile;
use topkit_lab::bench::record::{Document, FORMAT};

/// A file to write: its name and its text.
pub type File = (String, String);

/// Writes files into a folder, which is made where it is missing.
pub fn write(folder: &Path, files: &[File]) -> Result<(), Failure> {
    let place = folder.display();
    let refused = |error: &dyn std::fmt::Display| {
        Failure::environment(format!("nothing can be written to {place}: {error}"))
    };
    fs::create_dir_all(folder).map_err(|error| refused(&error))?;
    for (name, text) in files {
        let mut file = NamedTempFile::new_in(folder).map_err(|error| refused(&error))?;
        file.write_all(text.as_bytes()).map_err(|error| refused(&error))?;
        readable(&file).map_err(|error| refused(&error))?;
        file.persist(folder.join(name)).map_err(|error| refused(&error.error))?;
    }
    Ok(())
}

/// A temporary file is its owner's alone; a report is for everyone who may read the folder.
#[cfg(unix)]
fn readable(file: &NamedTempFile) -> std::io::Result<()> {
    use std::os::unix::fs::PermissionsExt;
    file.as_file().set_permissions(fs::Permissions::from_mode(0o644))
}

#[cfg(not(unix))]
fn readable(_file: &NamedTempFile) -> std::io::Result<()> {
    Ok(())
}

/// Reads a document that an earlier bench wrote.
pub fn read(path: &Path) -> Result<Document, Failure> {
    let place = path.display();
    let text = document::read(path)?;
    let refused = |error: &dyn std::fmt::Display| {
        Failure::input(format!("{place} was not written by topkit bench: {error}"))
    };
    let value: Value = serde_json::from_str(&text).map_err(|error| refused(&error))?;
    match value["format"].as_u64() {
        Some(format) if format == u64::from(FORMAT) => {}
        Some(format) => {
            return Err(Failure::input(format!(
                "{place} has format {format}; this program reads format {FORMAT}"
            )));
        }
        None => return Err(refused(&"it names no format")),
    }
    serde_json::from_value(value).map_err(|error| refused(&error))
}
