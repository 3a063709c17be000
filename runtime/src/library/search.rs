//! Opens a library by name or by file, and collects the places that did not do.
//!
//! `nvrtc` and `driver` say which names and folders to open.

use super::error::{LibraryError, Tried};
use super::loader::{LEADS_HERE, LoaderPath};
use libloading::Library;
use std::error::Error as _;
use std::ffi::OsString;
use std::fmt;
use std::path::{Path, PathBuf};

/// A loaded library and where it came from.
#[derive(Debug)]
pub(crate) struct Found {
    pub(crate) library: Library,
    /// The file, or the name by which the system loader found it.
    pub(crate) path: String,
    /// The folder, where it was not the system loader that found it.
    pub(super) folder: Option<PathBuf>,
    /// A library that must stay loaded with it.
    pub(super) companion: Option<Library>,
}

/// A search under way.
pub(super) struct Search {
    pub(super) library: &'static str,
    pub(super) tried: Tried,
    pub(super) unusable: bool,
    pub(super) refused: Option<&'static str>,
    pub(super) remedy: String,
    pub(super) loader: LoaderPath,
}

impl Search {
    pub(super) fn of(
        library: &'static str,
        remedy: &str,
        value: &impl Fn(&str) -> Option<OsString>,
    ) -> Search {
        let (tried, remedy) = (Vec::new(), remedy.to_owned());
        let loader = LoaderPath::of(value("LD_LIBRARY_PATH"));
        Search { library, tried, unusable: false, refused: None, remedy, loader }
    }

    pub(super) fn failed(self) -> LibraryError {
        let Search { library, tried, unusable, refused, remedy, loader: _ } = self;
        LibraryError { library, tried, unusable, refused, remedy }
    }

    pub(super) fn miss(&mut self, place: &str, reason: impl fmt::Display) -> Option<Found> {
        self.tried.push((place.to_owned(), reason.to_string()));
        None
    }

    /// By the first of these names that the system loader knows, unless it would look in the working
    /// directory: then in the loader's folders, each as `look` does.
    pub(super) fn names(
        &mut self,
        names: &[&str],
        look: impl Fn(&mut Search, &str, &Path) -> Option<Found>,
    ) -> Option<Found> {
        if !self.loader.leads_here() {
            return names.iter().find_map(|name| self.name(name));
        }
        self.miss("system loader", LEADS_HERE);
        let folders = self.loader.folders();
        folders.iter().find_map(|(place, folder)| look(self, place, folder))
    }

    /// By name, through the system loader.
    pub(super) fn name(&mut self, name: &str) -> Option<Found> {
        match open(Path::new(name)) {
            Ok(library) => {
                Some(Found { library, path: name.to_owned(), folder: None, companion: None })
            }
            Err(error) => {
                let (place, reason) = (format!("system loader, {name}"), loader_words(&error));
                // The loader names a missing library by its bare name (glibc, musl); a library that does
                // not load, by its path or by the name of the library that it lacks.
                if reason.starts_with(&format!("{name}:"))
                    || reason.contains(&format!(" {name}: No such file"))
                {
                    return self.miss(&place, "not known to it");
                }
                self.unusable = true;
                self.miss(&place, format!("it did not load: {reason}"))
            }
        }
    }

    /// One file.
    pub(super) fn file(&mut self, place: &str, path: &Path) -> Option<Found> {
        if !path.is_file() {
            return self.miss(place, "no such file");
        }
        match open(path) {
            Ok(library) => Some(Found {
                library,
                path: path.display().to_string(),
                folder: path.parent().map(Path::to_owned),
                companion: None,
            }),
            Err(error) => {
                self.unusable = true;
                let (path, reason) = (path.display(), loader_words(&error));
                self.miss(place, format!("{path} did not load: {reason}"))
            }
        }
    }
}

pub(super) fn open(path: &Path) -> Result<Library, libloading::Error> {
    // SAFETY: loading runs the library's initialisers; the names opened here are NVIDIA's own
    // libraries, or the file that the user names as one.
    unsafe { Library::new(path) }
}

/// The message of the system's loader, which the error itself leaves out.
pub(crate) fn loader_words(error: &libloading::Error) -> String {
    error.source().map_or_else(|| error.to_string(), ToString::to_string)
}
