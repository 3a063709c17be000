//! Finds the shared libraries that the runtime loads, NVRTC and the CUDA driver, and the folders of
//! disassemblers.
//!
//! A search is a list of places, tried in order. It runs no program, never looks in the working
//! directory, and keeps the system's loader from looking there ([`loader`]). It takes the first that
//! loads, whatever its version, and never panics. When nothing is found, the error names every place
//! that was tried, with the loader's own words where a library is there and does not load, and the
//! command that installs the library. Nothing of the other rooms is used here.

pub(crate) mod environment;

mod driver;
mod error;
mod folders;
mod loader;
mod mapped;
mod nvrtc;
mod python;
mod search;

pub use driver::probe_driver;
pub use error::LibraryError;
pub(crate) use error::{Tried, refusal};
pub(crate) use folders::cuda_folders;
pub(crate) use loader::{LEADS_HERE, LoaderPath};
pub(crate) use mapped::file_at;
pub(crate) use nvrtc::nvrtc;
pub(crate) use python::python_wheels;
pub(crate) use search::Found;
#[cfg(feature = "interpret")]
pub(crate) use search::loader_words;
