//! Operators and casts on values.

use super::{Arithmetic, Run, Stop};
use crate::functions::tree::{Binary, Place, Unary};
use crate::functions::ty::Type;
use crate::functions::value::Value;

impl Run<'_> {
    pub(super) fn unary(&self, operator: Unary, value: Value, place: Place) -> Result<Value, Stop> {
        match (operator, value) {
            (Unary::Negate, Value::F32(value)) => Ok(Value::F32(-value)),
            (Unary::Not, Value::Bool(value)) => Ok(Value::Bool(!value)),
            (operator, value) => {
                let integer = value.as_integer().unwrap_or_default();
                match operator {
                    Unary::Negate => self.fits(value.ty(), -integer, "-", place),
                    Unary::Not => Ok(Value::integer(value.ty(), !integer)),
                }
            }
        }
    }

    pub(super) fn binary(
        &self,
        operator: Binary,
        left: Value,
        right: Value,
        place: Place,
    ) -> Result<Value, Stop> {
        if let (Some(a), Some(b)) = (left.as_float(), right.as_float()) {
            return Ok(floats(operator, a, b));
        }
        let (ty, symbol) = (left.ty(), operator.symbol());
        let (a, b) =
            (left.as_integer().unwrap_or_default(), right.as_integer().unwrap_or_default());
        let checked = self.arithmetic == Arithmetic::Checked;
        let exact = match operator {
            Binary::Add => a + b,
            Binary::Sub => a - b,
            Binary::Mul => a * b,
            Binary::Div | Binary::Rem if b == 0 => {
                if checked {
                    return Err(Stop::new(place, format!("`{symbol}` by zero")));
                }
                if operator == Binary::Div { 0 } else { a }
            }
            Binary::Div => a / b,
            // Rust divides, and the quotient is out of range.
            Binary::Rem if checked && a / b > ty.ends().1 => a / b,
            Binary::Rem => a % b,
            Binary::And => a & b,
            Binary::Or => a | b,
            Binary::Xor => a ^ b,
            Binary::Shl | Binary::Shr => {
                let width = if ty == Type::I64 { 64 } else { 32 };
                if checked && !(0..width).contains(&b) {
                    let text = format!("`{symbol}` by {b}, and `{ty}` has {width} bits");
                    return Err(Stop::new(place, text));
                }
                let amount = (b & (width - 1)) as u32;
                let shifted = if operator == Binary::Shl { a << amount } else { a >> amount };
                return Ok(Value::integer(ty, shifted));
            }
            Binary::Equal => return Ok(Value::Bool(a == b)),
            Binary::NotEqual => return Ok(Value::Bool(a != b)),
            Binary::Less => return Ok(Value::Bool(a < b)),
            Binary::LessEqual => return Ok(Value::Bool(a <= b)),
            Binary::Greater => return Ok(Value::Bool(a > b)),
            Binary::GreaterEqual => return Ok(Value::Bool(a >= b)),
            Binary::Both => return Ok(Value::Bool(a & b != 0)),
            Binary::Either => return Ok(Value::Bool(a | b != 0)),
        };
        self.fits(ty, exact, symbol, place)
    }

    /// An exact result as a value of a type.
    pub(super) fn fits(
        &self,
        ty: Type,
        exact: i128,
        what: &str,
        place: Place,
    ) -> Result<Value, Stop> {
        let (least, greatest) = ty.ends();
        let fits = (least..=greatest).contains(&exact);
        if !fits && self.arithmetic == Arithmetic::Checked {
            let text = format!("`{what}` overflows: {exact} is no `{ty}`");
            return Err(Stop::new(place, text));
        }
        Ok(Value::integer(ty, exact))
    }
}

fn floats(operator: Binary, a: f32, b: f32) -> Value {
    match operator {
        Binary::Add => Value::F32(a + b),
        Binary::Sub => Value::F32(a - b),
        Binary::Mul => Value::F32(a * b),
        Binary::Div => Value::F32(a / b),
        Binary::Rem => Value::F32(a % b),
        Binary::Equal => Value::Bool(a == b),
        Binary::Less => Value::Bool(a < b),
        Binary::LessEqual => Value::Bool(a <= b),
        Binary::Greater => Value::Bool(a > b),
        Binary::GreaterEqual => Value::Bool(a >= b),
        // The others take no floats.
        _ => Value::Bool(a != b),
    }
}

/// What `as` gives.
pub(super) fn cast(value: Value, to: Type) -> Value {
    match (value, to) {
        (Value::F32(value), Type::I32) => Value::I32(value as i32),
        (Value::F32(value), Type::U32) => Value::U32(value as u32),
        (Value::F32(value), Type::I64) => Value::I64(value as i64),
        (Value::I32(value), Type::F32) => Value::F32(value as f32),
        (Value::U32(value), Type::F32) => Value::F32(value as f32),
        (Value::I64(value), Type::F32) => Value::F32(value as f32),
        (value, to) => match value.as_integer() {
            Some(integer) => Value::integer(to, integer),
            None => value,
        },
    }
}
