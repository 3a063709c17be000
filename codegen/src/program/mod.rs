//! What a selector's own functions add to its kernels: the argument that they are given.

mod args;
mod launch_args;

pub use args::{ArgsLayout, Field, FieldType, Scalar};
pub use launch_args::KernelArgs;
