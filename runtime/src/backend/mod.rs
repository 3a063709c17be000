//! Runs kernels: machine code on a GPU ([`cuda`]), or the text on the CPU with every access checked
//! ([`interpret`]). [`host`] is the contract in plain Rust; tests compare both with it.

pub(crate) mod cuda;
pub mod host;
#[cfg(feature = "interpret")]
pub mod interpret;
pub(crate) mod launch;
