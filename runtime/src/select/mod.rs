//! The calls of a user: selectors, rows, outputs, workspaces, launches and warm-up.
//!
//! `engine` makes kernels and `plan` chooses them. A failure is a [`crate::Error`] of its call.

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
