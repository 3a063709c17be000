//! What a user holds and calls: a selector, rows, outputs and a workspace, and their launch.

pub(crate) mod rows;
pub(crate) mod selector;
mod substitute;
mod typed;
pub(crate) mod warmup;
pub(crate) mod workspace;
