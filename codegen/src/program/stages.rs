//! The program of a user's functions: their text, and a field for each of their arguments.

use super::{FieldType, Program, ProgramError, Scalar};
use crate::functions::{ArgKind, Stage, Stages, Type};
use std::sync::Arc;

/// The struct of the text through which a kernel calls the functions.
const STRUCT: &str = "Stages";

impl Program {
    /// The program of these functions.
    ///
    /// # Errors
    /// An argument has a name that the argument of a kernel cannot have, or they are too many.
    pub fn of_stages(stages: Stages) -> Result<Program, ProgramError> {
        let mut program = Program::builder(stages.cuda()).source(STRUCT);
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
        Ok(Program { stages: Some(Arc::new(stages)), ..program.build()? })
    }
}

/// How a value is stored: a `bool` is a byte, and a float of 16 bits its bits.
const fn scalar(ty: Type) -> Scalar {
    match ty {
        Type::F32 => Scalar::F32,
        Type::I32 => Scalar::I32,
        Type::U32 => Scalar::U32,
        Type::I64 => Scalar::I64,
        Type::Bool => Scalar::U8,
        Type::Bf16 | Type::F16 => Scalar::U16,
    }
}
