//! The interpreter: compiles the text of a kernel as C++ and runs it, with every access checked.
//!
//! `topkit::interpret` (`interpret.rs`) says what it models and what it does not. [`Gpu`] is its backend, for
//! the launch path of the library; [`Kernel::select`] selects by one kernel, without a plan.

#[cfg(not(target_os = "linux"))]
compile_error!("the feature `interpret` of topkit needs Linux: it loads ELF objects");

mod async_copy;
mod barrier;
mod checked;
mod clock;
mod compile;
mod deadlock;
mod fibers;
mod gpu;
mod hooks;
mod launch;
mod lines;
mod machine;
mod mbarrier;
mod memory;
mod object;
mod order;
mod purity;
mod random;
mod room;
mod schedule;
mod select;
mod shadow;
mod slice;
mod space;
mod stream;
mod warp;
mod watched;

pub use gpu::Gpu;
pub use launch::{Interpreter, Kernel, Launch, Report};
pub use memory::{Buffer, Memory, Word};
pub use slice::{Interpreted, Slice};
pub use stream::{Context, Graph, Stream};
