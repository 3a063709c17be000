//! The input of commands: flags that several commands have, their grammars, and files with scores or text.
//!
//! Every fault is one line with the value found and the values allowed. Nothing here runs a kernel.

pub mod document;
pub mod given;
pub mod kernel;
pub mod lines;
pub mod place;
pub mod scores;
pub mod spans;
pub mod spec;
pub mod variant;
pub mod workload;
