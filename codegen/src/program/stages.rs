//! The program of a user's functions: their text, and a field for each of their arguments.

use super::{FieldType, Parts, Program, ProgramError, Scalar};
use crate::functions::{ArgKind, Stage, Stages, Type};

/// The struct of the text through which a kernel calls the functions.
const STRUCT: &str = "Stages";

impl Program {
    /// The program of these functions.
    ///
    /// # Errors
    /// An argument has a name that the argument of a kernel cannot have, or they are too many.
    pub fn of_stages(stages: Stages) -> Result<Program, ProgramError> {
        // The lines of the source do not tell programs apart.
        let mut program = Program::builder(stages.cuda(false)).source(STRUCT);
        for arg in stages.functions().args() {
            let field = match arg.kind {
                ArgKind::Scalar(ty) => FieldType::Scalar(scalar(ty)),
                ArgKind::Slice(ty) => FieldType::Slice(scalar(ty)),
            };
            program = program.field(arg.name.clone(), field);
        }
        if stages.get(Stage::Score).is_some() {
            // Scores are f32, whatever the elements are.
            program = program.key_bytes(4);
        }
        let text = stages.cuda(true).into();
        Ok(Program::of(Parts { text, ..program.parts(Some(stages))? }))
    }
}

/// How a value is stored.
const fn scalar(ty: Type) -> Scalar {
    match ty {
        Type::F32 => Scalar::F32,
        Type::I32 => Scalar::I32,
        Type::U32 => Scalar::U32,
        Type::I64 => Scalar::I64,
        Type::Bool => Scalar::Bool,
        Type::Bf16 => Scalar::Bf16,
        Type::F16 => Scalar::F16,
    }
}
