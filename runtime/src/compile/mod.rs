//! From a rendered text to a cubin: the compiler, the cubin's resources and machine code, and in
//! [`store`] where cubins are kept. It loads nothing onto a GPU and picks no kernel.

pub(crate) mod absent;
mod compiler;
pub(crate) mod dump;
pub(crate) mod nvrtc;
pub(crate) mod options;
pub(crate) mod overrides;
pub(crate) mod resources;
pub(crate) mod sass;
pub mod store;

pub use compiler::{CompileError, Compiled, Compiler};
