//! From a kernel spec to CUDA C, and nothing else.
//!
//! This crate is pure: it reads no file, no environment and no clock, and the same spec gives the
//! same bytes in every process. It never compiles and never launches; that is the runtime's work.

mod arch;
mod dtype;
mod embed;
mod error;
mod flatten;
mod naming;
mod render;
mod spec;

pub use arch::{Arch, ArchError};
pub use dtype::DType;
pub use error::RenderError;
pub use render::{RenderedSource, render};
pub use spec::{
    Fault, IndexType, KSet, KernelKind, Key, LaunchKind, NanPolicy, Order, RowShape, Select,
    SelectorSpec, Semantics, SpecBuilder, SpecError, Ties, Variant,
};
