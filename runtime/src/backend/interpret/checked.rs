//! Operations of a selector's own functions that have no value in Rust: faults, with the words of the evaluator.
//!
//! The templates tell of each (`templates/ptx/checked.cuh`). A GPU goes on with a value that the language says; so does
//! an interpreter that is told to.

use super::machine::{Checked, Class, Machine, Then};
use topkit_codegen::Type;

/// As `Operation` of `templates/host/checked.h` counts them.
const OPERATIONS: [&str; 11] = ["+", "-", "*", "/", "%", "<<", ">>", "-", "abs", "clamp", "index"];
const TYPES: [Type; 4] = [Type::I32, Type::U32, Type::I64, Type::F32];

impl Machine {
    /// An operation on two values of a type.
    pub fn no_value(&mut self, operation: u64, ty: u64, a: u64, b: u64, pc: u32) -> Checked {
        if self.limits.device_arithmetic {
            return Ok(Then::GoOn);
        }
        let name = OPERATIONS.get(operation as usize).copied().unwrap_or_default();
        let ty = TYPES.get(ty as usize).copied().unwrap_or(Type::I32);
        let [x, y] = [a, b].map(|word| i128::from(word as i64));
        let overflows = |exact: i128| format!("`{name}` overflows: {exact} is no `{ty}`");
        let (class, what) = match operation {
            0 => (Class::Arithmetic, overflows(x + y)),
            1 => (Class::Arithmetic, overflows(x - y)),
            2 => (Class::Arithmetic, overflows(x * y)),
            3 | 4 if y == 0 => (Class::Arithmetic, format!("`{name}` by zero")),
            5 | 6 => {
                let width = if ty == Type::I64 { 64 } else { 32 };
                (Class::Arithmetic, format!("`{name}` by {y}, and `{ty}` has {width} bits"))
            }
            // The one quotient that is too large, and what has no sign to lose.
            3 | 4 | 7 | 8 => (Class::Arithmetic, overflows(-x)),
            9 if ty == Type::F32 => {
                let [least, greatest] = [a, b].map(|word| f32::from_bits(word as u32));
                (Class::Arithmetic, format!("`clamp` from {least:?} to {greatest:?}"))
            }
            9 => (Class::Arithmetic, format!("`clamp` from {x} to {y}")),
            _ => {
                let what = format!("the index is {x}, and the slice has {y} elements");
                (Class::OutOfBounds, what)
            }
        };
        self.trouble(class, pc, what)
    }
}
