//! The calls of a user: selectors, rows, outputs, workspaces, launches, warm-up and the coverage of packs.
//!
//! `engine` makes kernels and `plan` chooses them. A failure is a [`crate::Error`] of its call.

mod coverage;
pub(crate) mod host;
#[cfg(feature = "interpret")]
pub(crate) mod interpreted;
mod launch;
mod launcher;
mod memo;
mod owners;
pub(crate) mod selector;
mod substitute;
pub(crate) mod warmup;
pub(crate) mod workspace;
mod workspaces;
