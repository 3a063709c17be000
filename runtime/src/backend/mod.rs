//! Where a kernel's text or machine code runs: on a GPU ([`cuda`]), or on the CPU under watch
//! ([`interpret`]). [`host`] is the contract in plain Rust, by which both are checked.

pub(crate) mod cuda;
pub mod host;
#[cfg(feature = "interpret")]
pub mod interpret;
pub(crate) mod launch;
