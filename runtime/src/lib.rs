//! Exact top-k selection on NVIDIA GPUs.

mod compiler;

pub use compiler::{CompileError, Compiled, Compiler};
pub use topkit_codegen::*;
