//! The errors of the laboratory, by the party that can correct them.

use topkit::cudarc::driver::DriverError;

/// A measurement or a selection that cannot be made.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The request makes no sense; the message says which request would.
    #[error("{0}")]
    Input(String),
    /// This machine lacks or refused something.
    #[error("{0}")]
    Environment(String),
    /// The system does not give the memory.
    #[error(
        "{what} would take {} of memory, which the system does not give; ask for fewer or shorter rows or \
         a smaller k, or raise the limit on memory",
        crate::bytes::text(*bytes as u64)
    )]
    Memory {
        /// The purpose of the memory.
        what: String,
        /// Bytes asked for.
        bytes: usize,
    },
    /// The library's.
    #[error(transparent)]
    Topkit(#[from] topkit::Error),
    /// The host selection's.
    #[error(transparent)]
    Host(#[from] topkit::host::HostError),
    /// A spec that is not valid.
    #[error(transparent)]
    Spec(#[from] topkit::spec::SpecError),
}

/// The driver's refusal to do something, as an error.
pub fn refused(doing: &'static str) -> impl Fn(DriverError) -> Error {
    move |error| {
        let reason = topkit::machine::driver_words(error);
        Error::Environment(format!("the GPU failed to {doing}: {reason}"))
    }
}
