//! The functions of the language on values.

use super::{Arithmetic, Run, Stop};
use crate::functions::builtin::Builtin;
use crate::functions::tree::Place;
use crate::functions::ty::Type;
use crate::functions::value::{Value, bf16_of_f32, f16_of_f32};

impl Run<'_> {
    /// `own` is the type of the result.
    pub(super) fn builtin(
        &self,
        builtin: Builtin,
        own: Type,
        values: &[Value],
        place: Place,
    ) -> Result<Value, Stop> {
        if let (Builtin::FromBits, [Value::U32(bits)]) = (builtin, values) {
            return Ok(Value::F32(f32::from_bits(*bits)));
        }
        let floats: Vec<f32> = values.iter().filter_map(|value| value.as_float()).collect();
        if floats.len() == values.len() {
            return self.float(builtin, own, &floats, place);
        }
        let integers: Vec<i128> = values.iter().filter_map(|value| value.as_integer()).collect();
        let name = builtin.row().name;
        let ends = own.ends();
        let value = match (builtin, &integers[..]) {
            (Builtin::Min, [a, b]) => *a.min(b),
            (Builtin::Max, [a, b]) => *a.max(b),
            (Builtin::Clamp, [_, least, greatest]) if least > greatest && self.is_checked() => {
                return Err(Stop::new(place, format!("`clamp` from {least} to {greatest}")));
            }
            (Builtin::Clamp, [value, least, greatest]) => clamp(*value, *least, *greatest),
            (Builtin::Abs, [value]) => return self.fits(own, value.abs(), name, place),
            (Builtin::WrappingAdd, [a, b]) => a + b,
            (Builtin::WrappingSub, [a, b]) => a - b,
            (Builtin::WrappingMul, [a, b]) => a * b,
            (Builtin::SaturatingAdd, [a, b]) => (a + b).clamp(ends.0, ends.1),
            (Builtin::SaturatingSub, [a, b]) => (a - b).clamp(ends.0, ends.1),
            (Builtin::CountOnes, [value]) => {
                let bits = match values {
                    [Value::I64(_)] => *value as u64,
                    _ => u64::from(*value as u32),
                };
                i128::from(bits.count_ones())
            }
            _ => return Err(Stop::new(place, format!("`{name}` does not take these values"))),
        };
        Ok(Value::integer(own, value))
    }

    fn is_checked(&self) -> bool {
        self.arithmetic == Arithmetic::Checked
    }

    fn float(
        &self,
        builtin: Builtin,
        own: Type,
        floats: &[f32],
        place: Place,
    ) -> Result<Value, Stop> {
        let value = match (builtin, floats) {
            (Builtin::Min, [a, b]) => least(*a, *b),
            (Builtin::Max, [a, b]) => -least(-*a, -*b),
            (Builtin::Clamp, [_, least, greatest])
                if is_no_range(*least, *greatest) && self.is_checked() =>
            {
                return Err(Stop::new(place, format!("`clamp` from {least:?} to {greatest:?}")));
            }
            (Builtin::Clamp, [value, least, greatest]) => clamp(*value, *least, *greatest),
            (Builtin::Abs, [value]) => value.abs(),
            (Builtin::Sqrt, [value]) => value.sqrt(),
            (Builtin::Exp, [value]) => value.exp(),
            (Builtin::Ln, [value]) => value.ln(),
            (Builtin::Tanh, [value]) => value.tanh(),
            (Builtin::MulAdd, [a, b, c]) => a.mul_add(*b, *c),
            (Builtin::Floor, [value]) => value.floor(),
            (Builtin::Ceil, [value]) => value.ceil(),
            (Builtin::Trunc, [value]) => value.trunc(),
            (Builtin::ToF32, [value]) => *value,
            (Builtin::FromF32, [value]) => {
                return Ok(match own {
                    Type::Bf16 => Value::Bf16(bf16_of_f32(*value)),
                    _ => Value::F16(f16_of_f32(*value)),
                });
            }
            (Builtin::IsNan, [value]) => return Ok(Value::Bool(value.is_nan())),
            (Builtin::IsFinite, [value]) => return Ok(Value::Bool(value.is_finite())),
            (Builtin::IsInfinite, [value]) => return Ok(Value::Bool(value.is_infinite())),
            (Builtin::ToBits, [value]) => return Ok(Value::U32(value.to_bits())),
            _ => {
                let name = builtin.row().name;
                return Err(Stop::new(place, format!("`{name}` does not take these values")));
            }
        };
        Ok(Value::F32(value))
    }
}

/// The lesser number; of a number and a NaN the number. Rust leaves open which of two zeros it is: here it is -0.
fn least(a: f32, b: f32) -> f32 {
    let a_is_less = if a == b { a.is_sign_negative() } else { a < b };
    if a_is_less || b.is_nan() { a } else { b }
}

/// Whether Rust's `clamp` refuses these ends.
fn is_no_range(least: f32, greatest: f32) -> bool {
    least > greatest || least.is_nan() || greatest.is_nan()
}

fn clamp<T: PartialOrd>(value: T, least: T, greatest: T) -> T {
    if value < least {
        least
    } else if value > greatest {
        greatest
    } else {
        value
    }
}
