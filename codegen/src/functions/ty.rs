//! The types of the language: those that a user writes, and what else an expression can be.

use std::fmt;

/// A type of a value.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Type {
    /// 32-bit float.
    F32,
    /// 32-bit signed integer.
    I32,
    /// 32-bit unsigned integer.
    U32,
    /// 64-bit signed integer.
    I64,
    /// `true` or `false`.
    Bool,
    /// The upper half of an `f32`.
    Bf16,
    /// 16-bit float.
    F16,
}

impl Type {
    /// All of them, in the order in which messages list them.
    pub const ALL: [Type; 7] =
        [Type::F32, Type::I32, Type::U32, Type::I64, Type::Bool, Type::Bf16, Type::F16];

    /// How Rust spells it.
    pub const fn name(self) -> &'static str {
        match self {
            Type::F32 => "f32",
            Type::I32 => "i32",
            Type::U32 => "u32",
            Type::I64 => "i64",
            Type::Bool => "bool",
            Type::Bf16 => "bf16",
            Type::F16 => "f16",
        }
    }

    /// The type of that name.
    pub fn from_name(name: &str) -> Option<Type> {
        Type::ALL.into_iter().find(|ty| ty.name() == name)
    }

    /// How the generated text spells it.
    pub(super) const fn cuda_name(self) -> &'static str {
        match self {
            Type::F32 => "float",
            Type::Bf16 => "rust::bf16",
            Type::F16 => "rust::f16",
            other => other.name(),
        }
    }

    /// Whether it is one of the integers.
    pub const fn is_integer(self) -> bool {
        matches!(self, Type::I32 | Type::U32 | Type::I64)
    }

    /// Whether numbers of it have a sign.
    pub const fn is_signed(self) -> bool {
        matches!(self, Type::F32 | Type::I32 | Type::I64)
    }

    /// Whether it is a float of 16 bits, which is converted and compared, and not calculated with.
    pub const fn is_half(self) -> bool {
        matches!(self, Type::Bf16 | Type::F16)
    }

    /// The least and the greatest integer of it; those of `bool` count as 0 and 1.
    pub const fn ends(self) -> (i128, i128) {
        match self {
            Type::I32 => (i32::MIN as i128, i32::MAX as i128),
            Type::U32 => (0, u32::MAX as i128),
            Type::I64 => (i64::MIN as i128, i64::MAX as i128),
            _ => (0, 1),
        }
    }
}

impl fmt::Display for Type {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// What an expression is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Ty {
    /// A value of this type.
    Value(Type),
    /// Nothing: a statement.
    Unit,
    /// It never ends here: it returns, or leaves the pass of a loop.
    Never,
    /// A number whose type is not known yet; none is left after the check.
    Open(usize),
    /// It has a fault that was reported, and suits every place.
    Faulty,
}

impl Ty {
    /// The type of its value.
    pub(super) const fn value(self) -> Option<Type> {
        match self {
            Ty::Value(ty) => Some(ty),
            _ => None,
        }
    }

    /// How the generated text declares it.
    pub(super) const fn cuda_name(self) -> &'static str {
        match self {
            Ty::Value(ty) => ty.cuda_name(),
            _ => "void",
        }
    }
}

impl From<Type> for Ty {
    fn from(ty: Type) -> Ty {
        Ty::Value(ty)
    }
}
