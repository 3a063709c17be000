//! Generates the CUDA C of a selector's spec.
//!
//! This crate is pure: it reads no file, no environment and no clock, and the same spec gives the same bytes in
//! every process. It never compiles and never launches a kernel; the crate `topkit` does.

mod arch;
mod builder;
mod check;
mod config;
mod dtype;
mod embed;
mod error;
mod flatten;
mod functions;
mod kernels;
mod keys;
mod layout;
mod naming;
mod program;
mod render;
mod selector;
mod space;
mod variant;

pub use arch::{Arch, ArchError};
pub use builder::SpecBuilder;
pub use check::{Fault, SpecError};
pub use dtype::DType;
pub use error::RenderError;
#[doc(hidden)]
pub use functions::{
    Arg, ArgKind, Arithmetic, Function, FunctionFault, Functions, FunctionsError, Inputs, NoInputs,
    Origin, Place, Stage, Stages, Stop, Type, Value,
};
pub use kernels::{KernelKind, LaunchKind, Sizes};
pub use keys::{
    Fill, Ids, IndexType, Key, KeyKind, LaunchWord, Mask, NanPolicy, Order, RowShape, Select,
    SemanticKey, Semantics, Ties, TuningKey,
};
pub use naming::UnknownName;
#[doc(hidden)]
pub use program::{
    ArgsLayout, Declared, Field, FieldType, KernelArgs, Program, ProgramBuilder, ProgramError,
    ProgramId, Scalar, UnknownProgram,
};
pub use render::{RenderedSource, render};
pub use selector::{KSet, SelectorSpec};
pub use variant::Variant;
