//! The error of a search that found nothing: every place, why it failed, and the remedy.

use std::fmt;

/// Each place that was tried, and why it did not do.
pub(crate) type Tried = Vec<(String, String)>;

/// A library that could not be loaded, or a program that is not there, and every place that was
/// tried.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub struct LibraryError {
    /// The library that was searched: `libnvrtc`, `libcuda`.
    pub library: &'static str,
    /// Each place that was tried, and why it did not do.
    pub tried: Vec<(String, String)>,
    /// Whether one was found in some place, or is named by the environment, and cannot be used.
    pub unusable: bool,
    /// The variable that names it and whose value is refused, so that nothing was looked for.
    pub refused: Option<&'static str>,
    /// The remedy.
    pub remedy: String,
}

impl LibraryError {
    /// The failure, in words to go before the list of places.
    pub fn summary(&self) -> String {
        let library = self.library;
        if let Some(variable) = self.refused {
            return format!("{variable}, which is to name {library}, cannot be used:");
        }
        match self.unusable {
            true => format!("{library} was found and cannot be used; tried:"),
            false => format!("{library} was not found. Looked in:"),
        }
    }
}

impl fmt::Display for LibraryError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.summary())?;
        for (place, reason) in &self.tried {
            write!(f, "\n  - {place}: {reason}")?;
        }
        write!(f, "\n{}", self.remedy)
    }
}

/// The remedy for a variable that names a library or a program by a relative path.
pub(crate) fn refusal(variable: &str) -> String {
    format!("Set {variable} to an absolute path, or unset it to have the usual places searched.")
}
