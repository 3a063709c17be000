//! Whether the CUDA driver is on this machine, asked before a call of the bindings can panic.
//!
//! It loads the driver's library, as `library.rs` finds it, and starts nothing.

use crate::error::Error;
use crate::library;

/// Loads the library of the CUDA driver, for programs that call the driver by themselves: the
/// bindings panic where it is missing. Whether there is a GPU, [`devices`](crate::devices) tells.
///
/// # Errors
/// There is no driver; the error names each place that was looked in.
pub fn probe_driver() -> Result<(), Error> {
    Ok(library::driver()?)
}
