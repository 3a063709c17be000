//! What a user holds and calls: a selector, rows, outputs and a workspace, and their launch.

mod launch;
pub(crate) mod rows;
pub(crate) mod selector;
mod substitute;
pub(crate) mod warmup;
pub(crate) mod workspace;
mod workspaces;
