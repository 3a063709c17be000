//! From a rendered text to a cubin. The [cache] finds a cubin in a [store] or calls the compiler; other
//! modules read a cubin's resources and disassemble it. It reads no settings, loads nothing onto a GPU and
//! plans nothing. Each part has its own error type.

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
