//! From an address in a kernel's object to the line of the template, by its debug information.
//!
//! Where that is missing or damaged the line is unknown; a fault is reported all the same.

use crate::error::Line;
use std::cell::RefCell;
use std::collections::HashMap;
use std::path::Path;

/// The folder of the shim, whose lines are never the answer.
pub(super) const SHIM: &str = "host/";

/// The operations of a selector's own functions, whose lines are the answer where nobody called them.
const OPERATIONS: [&str; 2] =
    ["templates/functions/arithmetic.cuh", "templates/functions/values.cuh"];

pub(super) struct Lines {
    loader: Option<addr2line::Loader>,
    /// As the compiler saw it; it stands before every relative file name.
    folder: String,
    known: RefCell<HashMap<u32, Line>>,
}

impl Lines {
    pub fn open(object: &Path) -> Lines {
        let loader = addr2line::Loader::new(object)
            .inspect_err(|error| {
                tracing::warn!("{} has no readable lines: {error}", object.display())
            })
            .ok();
        Lines { loader, folder: super::object::COMPILED_IN.to_owned(), known: RefCell::default() }
    }

    /// The line of a return address, relative to the start of the image.
    pub fn of(&self, pc: u32) -> Line {
        self.known
            .borrow_mut()
            .entry(pc)
            .or_insert_with(|| self.look_up(pc).unwrap_or_default())
            .clone()
    }

    fn look_up(&self, pc: u32) -> Option<Line> {
        // The call is just before the address to which it returns.
        let mut frames = self.loader.as_ref()?.find_frames(u64::from(pc).checked_sub(1)?).ok()?;
        let mut operation = None;
        while let Ok(Some(frame)) = frames.next() {
            let Some(location) = frame.location else { continue };
            let (Some(file), Some(line)) = (location.file, location.line) else { continue };
            let file = file.strip_prefix(&self.folder).unwrap_or(file).trim_start_matches("./");
            let found = || Line { file: file.to_owned(), line };
            if OPERATIONS.contains(&file) {
                operation.get_or_insert_with(found);
            } else if !file.starts_with(SHIM) {
                return Some(found());
            }
        }
        operation
    }
}
