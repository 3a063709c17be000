//! A selector's own functions on the host: the evaluator runs them as a GPU would, with what a launch passes.
//!
//! It reads slices that `cpu` has made of addresses, and cannot fail: on a GPU every operation has a value.

use topkit_codegen::{
    ArgKind, Arithmetic, Function, Functions, Inputs, Stage, Stages, Type, Value,
};

/// What a launch passes for an argument.
pub(super) enum Given<'a> {
    /// A value.
    Scalar(Value),
    /// The bytes of the elements of a slice.
    Slice(&'a [u8]),
}

/// The functions and what they are given.
pub(super) struct Own<'a> {
    stages: &'a Stages,
    given: Vec<Given<'a>>,
}

impl<'a> Own<'a> {
    /// `given` has a part for each argument, in their order.
    pub fn new(stages: &'a Stages, given: Vec<Given<'a>>) -> Own<'a> {
        Own { stages, given }
    }

    /// The bytes of a value as launches store it.
    pub const fn width(ty: Type) -> usize {
        match ty {
            Type::Bool => 1,
            Type::Bf16 | Type::F16 => 2,
            Type::F32 | Type::I32 | Type::U32 => 4,
            Type::I64 => 8,
        }
    }

    /// A stored value.
    pub fn stored(ty: Type, bytes: &[u8]) -> Value {
        let bits = bytes.iter().rev().fold(0, |bits, byte| bits << 8 | u64::from(*byte));
        match ty {
            Type::Bool => Value::Bool(bits != 0),
            ty => Value::from_bits(ty, bits),
        }
    }

    /// What a stage gives, if there is one.
    fn run(&self, stage: Stage, x: f32, row: usize, column: usize) -> Option<Value> {
        let function: &Function = self.stages.get(stage)?;
        let values = function.params().map(|(name, _)| match name {
            "x" => Value::F32(x),
            "row" => Value::I32(row as i32),
            _ => Value::I32(column as i32),
        });
        let values: Vec<Value> = values.collect();
        let functions: &Functions = self.stages.functions();
        functions.evaluate(function, &values, self, Arithmetic::Device).ok()
    }

    /// Where a row starts and how long it is; without a function as the launch says.
    pub fn span(&self, row: usize, columns: usize, start: i32, length: i32) -> (i32, i32) {
        let integer = |stage| match self.run(stage, 0.0, row, 0) {
            Some(Value::I32(value)) => Some(value),
            _ => None,
        };
        let own_start = integer(Stage::RowStart);
        // A row that starts elsewhere ends with the matrix.
        let length = if own_start.is_some() { columns as i32 } else { length };
        (own_start.unwrap_or(start), integer(Stage::RowLen).unwrap_or(length))
    }

    /// Whether the functions tell the columns of a row.
    pub fn has_spans(&self) -> bool {
        [Stage::RowStart, Stage::RowLen].iter().any(|stage| self.stages.get(*stage).is_some())
    }

    pub fn keeps(&self, row: usize, column: usize) -> bool {
        self.run(Stage::Keep, 0.0, row, column) != Some(Value::Bool(false))
    }

    /// The score of an element, if a function makes it.
    pub fn score(&self, element: f32, row: usize, column: usize) -> Option<f32> {
        match self.run(Stage::Score, element, row, column) {
            Some(Value::F32(score)) => Some(score),
            _ => None,
        }
    }

    /// What is written for a winner, if a function makes it.
    pub fn emit(&self, row: usize, column: usize) -> Option<i64> {
        match self.run(Stage::Emit, 0.0, row, column)? {
            Value::I32(value) => Some(value.into()),
            Value::U32(value) => Some(value.into()),
            Value::I64(value) => Some(value),
            _ => None,
        }
    }

    fn slice(&self, arg: usize) -> (Type, &'a [u8]) {
        let ty = match self.stages.functions().args().get(arg).map(|arg| arg.kind) {
            Some(ArgKind::Slice(ty) | ArgKind::Scalar(ty)) => ty,
            None => Type::I32,
        };
        match self.given.get(arg) {
            Some(Given::Slice(bytes)) => (ty, bytes),
            _ => (ty, &[]),
        }
    }
}

impl Inputs for Own<'_> {
    fn scalar(&self, arg: usize) -> Value {
        match self.given.get(arg) {
            Some(Given::Scalar(value)) => *value,
            _ => Value::Bool(false),
        }
    }

    fn length(&self, arg: usize) -> i64 {
        let (ty, bytes) = self.slice(arg);
        (bytes.len() / Own::width(ty)) as i64
    }

    fn element(&self, arg: usize, index: i64) -> Value {
        let (ty, bytes) = self.slice(arg);
        let width = Own::width(ty);
        let start = index as usize * width;
        Own::stored(ty, bytes.get(start..start + width).unwrap_or_default())
    }
}
