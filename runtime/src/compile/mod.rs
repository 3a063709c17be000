//! From a rendered text to a cubin: the [cache] that finds a cubin in a [store] or calls the
//! compiler, and the cubin's resources and machine code as text. It reads no settings, loads nothing
//! onto a GPU and plans nothing; a failure is an error of its own kind.

pub(crate) mod absent;
pub mod cache;
mod compiler;
pub(crate) mod dump;
pub(crate) mod nvrtc;
pub(crate) mod options;
pub(crate) mod overrides;
pub(crate) mod resources;
pub(crate) mod sass;
pub(crate) mod store;

pub(crate) use compiler::KeyedCompiler;
pub use compiler::{CompileError, Compiled, Compiler};
