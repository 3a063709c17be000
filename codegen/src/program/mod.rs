//! A program: what a selector's own functions add to its kernels, as structs of CUDA C++ with a name for each
//! place of the kernel, and the fields that they are given.
//!
//! The text belongs to the selector's spec; variants carry its [`ProgramId`]. This module writes no other
//! text and renders nothing. A program that cannot be is a [`ProgramError`] with all its faults.

mod args;
mod builder;
mod declared;
mod id;
mod launch_args;
mod stages;

pub use args::{ArgsLayout, Field, FieldType, Scalar};
pub use builder::{ProgramBuilder, ProgramError};
pub use declared::Declared;
pub use id::{ProgramId, UnknownProgram};
pub use launch_args::KernelArgs;

use crate::functions::{Stage, Stages};
use std::borrow::Cow;
use std::fmt;
use std::sync::Arc;

/// A checked program. [`Program::builder`] makes one. Cheap to clone.
#[derive(Clone)]
pub struct Program {
    made: Made,
}

/// Where its parts are.
#[derive(Clone)]
enum Made {
    /// Of a builder.
    Here(Arc<Parts>),
    /// Of a declaration, which a constant can name: made when it is first asked for.
    By(fn() -> &'static Program),
}

#[derive(Debug, PartialEq, Eq)]
struct Parts {
    text: Cow<'static, str>,
    source: Option<Cow<'static, str>>,
    ordinal: Option<Cow<'static, str>>,
    output: Option<Cow<'static, str>>,
    args: ArgsLayout,
    id: ProgramId,
    stages: Option<Stages>,
    /// Why a declaration could not be read.
    fault: Option<String>,
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

    fn of(parts: Parts) -> Program {
        Program { made: Made::Here(Arc::new(parts)) }
    }

    fn parts(&self) -> &Parts {
        match &self.made {
            Made::Here(parts) => parts,
            Made::By(program) => program().parts(),
        }
    }

    /// What tells it from every other program.
    pub fn id(&self) -> ProgramId {
        self.parts().id
    }

    /// The definitions of its structs.
    pub fn text(&self) -> &str {
        &self.parts().text
    }

    /// The struct that takes the place of the plain source of scores.
    pub fn source(&self) -> Option<&str> {
        self.parts().source.as_deref()
    }

    /// The struct that takes the place of the order of scores.
    pub fn ordinal(&self) -> Option<&str> {
        self.parts().ordinal.as_deref()
    }

    /// The struct that takes the place of the plain output.
    pub fn output(&self) -> Option<&str> {
        self.parts().output.as_deref()
    }

    /// The functions that it was made of, if its text was.
    pub fn stages(&self) -> Option<&Stages> {
        self.parts().stages.as_ref()
    }

    /// Whether one of its functions is this stage.
    pub fn has(&self, stage: Stage) -> bool {
        self.stages().is_some_and(|stages| stages.get(stage).is_some())
    }

    /// Where its fields are in the argument of its kernels.
    pub fn args(&self) -> &ArgsLayout {
        &self.parts().args
    }

    /// Why its declaration cannot be read.
    pub(crate) fn fault(&self) -> Option<&str> {
        self.parts().fault.as_deref()
    }
}

impl PartialEq for Program {
    fn eq(&self, other: &Program) -> bool {
        self.parts() == other.parts()
    }
}

impl Eq for Program {}

impl fmt::Debug for Program {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(self.parts(), f)
    }
}
