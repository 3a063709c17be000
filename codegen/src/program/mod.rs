//! A program: what a selector's own functions add to its kernels, as structs of CUDA C++ with a name for each
//! place of the kernel, and the fields that they are given.
//!
//! The text belongs to the selector's spec; variants carry its [`ProgramId`]. This module writes no other
//! text and renders nothing. A program that cannot be is a [`ProgramError`] with all its faults.

mod args;
mod builder;
mod id;
mod launch_args;
mod stages;

pub use args::{ArgsLayout, Field, FieldType, Scalar};
pub use builder::{ProgramBuilder, ProgramError};
pub use id::{ProgramId, UnknownProgram};
pub use launch_args::KernelArgs;

use crate::functions::{Stage, Stages};
use std::borrow::Cow;
use std::sync::Arc;

/// A checked program. [`Program::builder`] makes one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Program {
    text: Cow<'static, str>,
    source: Option<Cow<'static, str>>,
    ordinal: Option<Cow<'static, str>>,
    output: Option<Cow<'static, str>>,
    args: ArgsLayout,
    id: ProgramId,
    stages: Option<Arc<Stages>>,
}

impl Program {
    /// A builder of a program with this text, which defines the structs that the builder is told.
    ///
    /// The text comes after the types of `templates/core/` and `templates/score/` and the struct `Args`, whose
    /// members are the program's fields after `core`, and before `Config`. Its structs read the fields
    /// through `all_args`.
    pub fn builder(text: impl Into<Cow<'static, str>>) -> ProgramBuilder {
        ProgramBuilder::new(text.into())
    }

    /// What tells it from every other program.
    pub const fn id(&self) -> ProgramId {
        self.id
    }

    /// The definitions of its structs.
    pub fn text(&self) -> &str {
        &self.text
    }

    /// The struct that takes the place of the plain source of scores.
    pub fn source(&self) -> Option<&str> {
        self.source.as_deref()
    }

    /// The struct that takes the place of the order of scores.
    pub fn ordinal(&self) -> Option<&str> {
        self.ordinal.as_deref()
    }

    /// The struct that takes the place of the plain output.
    pub fn output(&self) -> Option<&str> {
        self.output.as_deref()
    }

    /// The functions that it was made of, if its text was.
    pub fn stages(&self) -> Option<&Arc<Stages>> {
        self.stages.as_ref()
    }

    /// Whether one of its functions is this stage.
    pub fn has(&self, stage: Stage) -> bool {
        self.stages.as_ref().is_some_and(|stages| stages.get(stage).is_some())
    }

    /// Where its fields are in the argument of its kernels.
    pub const fn args(&self) -> &ArgsLayout {
        &self.args
    }
}
