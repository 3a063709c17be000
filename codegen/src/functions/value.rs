//! Values as the evaluator has them, and the conversions between floats of 16 and of 32 bits.

use super::ty::Type;

/// A value. Floats are told apart by their bits, so a NaN equals itself.
#[derive(Debug, Clone, Copy)]
pub enum Value {
    /// A 32-bit float.
    F32(f32),
    /// A 32-bit signed integer.
    I32(i32),
    /// A 32-bit unsigned integer.
    U32(u32),
    /// A 64-bit signed integer.
    I64(i64),
    /// A truth value.
    Bool(bool),
    /// The bits of a bf16.
    Bf16(u16),
    /// The bits of an f16.
    F16(u16),
}

impl PartialEq for Value {
    fn eq(&self, other: &Value) -> bool {
        (self.ty(), self.bits()) == (other.ty(), other.bits())
    }
}

impl Eq for Value {}

impl Value {
    /// Its type.
    pub const fn ty(self) -> Type {
        match self {
            Value::F32(_) => Type::F32,
            Value::I32(_) => Type::I32,
            Value::U32(_) => Type::U32,
            Value::I64(_) => Type::I64,
            Value::Bool(_) => Type::Bool,
            Value::Bf16(_) => Type::Bf16,
            Value::F16(_) => Type::F16,
        }
    }

    /// Its bits, in the lowest ones of a word; an integer with a sign is extended.
    pub const fn bits(self) -> u64 {
        match self {
            Value::F32(value) => value.to_bits() as u64,
            Value::I32(value) => value as i64 as u64,
            Value::U32(value) => value as u64,
            Value::I64(value) => value as u64,
            Value::Bool(value) => value as u64,
            Value::Bf16(bits) | Value::F16(bits) => bits as u64,
        }
    }

    /// The value of a type with these bits.
    pub const fn from_bits(ty: Type, bits: u64) -> Value {
        match ty {
            Type::F32 => Value::F32(f32::from_bits(bits as u32)),
            Type::I32 => Value::I32(bits as i32),
            Type::U32 => Value::U32(bits as u32),
            Type::I64 => Value::I64(bits as i64),
            Type::Bool => Value::Bool(bits & 1 != 0),
            Type::Bf16 => Value::Bf16(bits as u16),
            Type::F16 => Value::F16(bits as u16),
        }
    }

    /// The integer of a type, of which the lowest bits are taken.
    pub(super) const fn integer(ty: Type, value: i128) -> Value {
        Value::from_bits(ty, value as u64)
    }

    /// As an integer; `bool` counts as 0 and 1. None for floats.
    pub(super) const fn as_integer(self) -> Option<i128> {
        match self {
            Value::I32(value) => Some(value as i128),
            Value::U32(value) => Some(value as i128),
            Value::I64(value) => Some(value as i128),
            Value::Bool(value) => Some(value as i128),
            _ => None,
        }
    }

    /// As a float, which a float of 16 bits is exactly. None for others.
    pub(super) fn as_float(self) -> Option<f32> {
        match self {
            Value::F32(value) => Some(value),
            Value::Bf16(bits) => Some(bf16_to_f32(bits)),
            Value::F16(bits) => Some(f16_to_f32(bits)),
            _ => None,
        }
    }
}

/// The upper half of a float, rounded to nearest, ties to even. A NaN stays one, and keeps its upper bits.
pub(super) fn bf16_of_f32(value: f32) -> u16 {
    let bits = value.to_bits();
    if value.is_nan() {
        return (bits >> 16) as u16 | 0x40;
    }
    let odd = bits >> 16 & 1;
    (bits.wrapping_add(0x7FFF + odd) >> 16) as u16
}

pub(super) fn bf16_to_f32(bits: u16) -> f32 {
    f32::from_bits(u32::from(bits) << 16)
}

/// Rounded to nearest, ties to even; an infinity from 65520 on. A NaN stays one, and keeps its upper bits.
pub(super) fn f16_of_f32(value: f32) -> u16 {
    let bits = value.to_bits();
    let sign = (bits >> 16 & 0x8000) as u16;
    let magnitude = bits & 0x7FFF_FFFF;
    if magnitude > 0x7F80_0000 {
        return sign | 0x7E00 | (magnitude >> 13 & 0x3FF) as u16;
    }
    if magnitude >= 0x477F_F000 {
        return sign | 0x7C00;
    }
    // Below 2^-14 a half has a fixed step of 2^-24, and rounding is left to a sum.
    let half = if magnitude < 0x3880_0000 {
        (f32::from_bits(magnitude) + 0.5).to_bits() - 0.5f32.to_bits()
    } else {
        let odd = magnitude >> 13 & 1;
        (magnitude - 0x3800_0000 + 0xFFF + odd) >> 13
    };
    sign | half as u16
}

pub(super) fn f16_to_f32(bits: u16) -> f32 {
    let sign = u32::from(bits & 0x8000) << 16;
    let magnitude = u32::from(bits & 0x7FFF);
    let value = match magnitude {
        0x7C01.. => f32::from_bits(magnitude << 13 | 0x7FC0_0000),
        0x7C00 => f32::INFINITY,
        0x400.. => f32::from_bits((magnitude << 13) + 0x3800_0000),
        // A subnormal half is this many times 2^-24.
        _ => magnitude as f32 * f32::from_bits(0x3380_0000),
    };
    f32::from_bits(value.to_bits() | sign)
}
