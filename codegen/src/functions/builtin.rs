//! The functions that the language has: one table, which the checker, the evaluator and the CUDA text read.

use super::ty::Type;

/// A function of the language.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Builtin {
    Min,
    Max,
    Clamp,
    Abs,
    Sqrt,
    Exp,
    Ln,
    Tanh,
    MulAdd,
    Floor,
    Ceil,
    Trunc,
    IsNan,
    IsFinite,
    IsInfinite,
    ToBits,
    FromBits,
    ToF32,
    FromF32,
    WrappingAdd,
    WrappingSub,
    WrappingMul,
    SaturatingAdd,
    SaturatingSub,
    CountOnes,
}

/// The type of a parameter or of a result.
#[derive(Debug, Clone, Copy)]
pub(super) enum Part {
    /// The type that the function belongs to.
    Own,
    Fixed(Type),
}

impl Part {
    pub const fn of(self, own: Type) -> Type {
        match self {
            Part::Own => own,
            Part::Fixed(ty) => ty,
        }
    }
}

/// A row of the table.
pub(super) struct Row {
    pub builtin: Builtin,
    /// How Rust, and in its namespace the generated text, spells it.
    pub name: &'static str,
    /// The types that have it.
    pub of: &'static [Type],
    /// Whether it is called on a value, `x.name(..)`; else on a type, `f32::name(..)`.
    pub is_method: bool,
    /// All it is given, a value that it is called on first.
    pub params: &'static [Part],
    pub result: Part,
}

const FLOAT: &[Type] = &[Type::F32];
const HALVES: &[Type] = &[Type::Bf16, Type::F16];
const FLOATS: &[Type] = &[Type::F32, Type::Bf16, Type::F16];
const INTEGERS: &[Type] = &[Type::I32, Type::U32, Type::I64];
const NUMBERS: &[Type] = &[Type::F32, Type::I32, Type::U32, Type::I64];
const SIGNED: &[Type] = &[Type::F32, Type::I32, Type::I64];
const OWN: Part = Part::Own;
const F32: Part = Part::Fixed(Type::F32);
const U32: Part = Part::Fixed(Type::U32);
const BOOL: Part = Part::Fixed(Type::Bool);

const fn method(
    builtin: Builtin,
    name: &'static str,
    of: &'static [Type],
    params: &'static [Part],
    result: Part,
) -> Row {
    Row { builtin, name, of, is_method: true, params, result }
}

const fn of_type(
    builtin: Builtin,
    name: &'static str,
    of: &'static [Type],
    params: &'static [Part],
    result: Part,
) -> Row {
    Row { builtin, name, of, is_method: false, params, result }
}

/// Every function of the language.
pub(super) const TABLE: &[Row] = &[
    method(Builtin::Min, "min", NUMBERS, &[OWN, OWN], OWN),
    method(Builtin::Max, "max", NUMBERS, &[OWN, OWN], OWN),
    method(Builtin::Clamp, "clamp", NUMBERS, &[OWN, OWN, OWN], OWN),
    method(Builtin::Abs, "abs", SIGNED, &[OWN], OWN),
    method(Builtin::Sqrt, "sqrt", FLOAT, &[OWN], OWN),
    method(Builtin::Exp, "exp", FLOAT, &[OWN], OWN),
    method(Builtin::Ln, "ln", FLOAT, &[OWN], OWN),
    method(Builtin::Tanh, "tanh", FLOAT, &[OWN], OWN),
    method(Builtin::MulAdd, "mul_add", FLOAT, &[OWN, OWN, OWN], OWN),
    method(Builtin::Floor, "floor", FLOAT, &[OWN], OWN),
    method(Builtin::Ceil, "ceil", FLOAT, &[OWN], OWN),
    method(Builtin::Trunc, "trunc", FLOAT, &[OWN], OWN),
    method(Builtin::IsNan, "is_nan", FLOATS, &[OWN], BOOL),
    method(Builtin::IsFinite, "is_finite", FLOATS, &[OWN], BOOL),
    method(Builtin::IsInfinite, "is_infinite", FLOATS, &[OWN], BOOL),
    method(Builtin::ToBits, "to_bits", FLOAT, &[OWN], U32),
    of_type(Builtin::FromBits, "from_bits", FLOAT, &[U32], OWN),
    method(Builtin::ToF32, "to_f32", HALVES, &[OWN], F32),
    of_type(Builtin::FromF32, "from_f32", HALVES, &[F32], OWN),
    method(Builtin::WrappingAdd, "wrapping_add", INTEGERS, &[OWN, OWN], OWN),
    method(Builtin::WrappingSub, "wrapping_sub", INTEGERS, &[OWN, OWN], OWN),
    method(Builtin::WrappingMul, "wrapping_mul", INTEGERS, &[OWN, OWN], OWN),
    method(Builtin::SaturatingAdd, "saturating_add", INTEGERS, &[OWN, OWN], OWN),
    method(Builtin::SaturatingSub, "saturating_sub", INTEGERS, &[OWN, OWN], OWN),
    method(Builtin::CountOnes, "count_ones", INTEGERS, &[OWN], U32),
];

impl Builtin {
    /// Its row of the table; every function has one.
    pub fn row(self) -> &'static Row {
        TABLE.iter().find(|row| row.builtin == self).unwrap_or(&TABLE[0])
    }
}

/// The row of a type's function.
pub(super) fn find(own: Type, name: &str) -> Option<&'static Row> {
    TABLE.iter().find(|row| row.name == name && row.of.contains(&own))
}

/// The names of a type's functions, as one writes them: `.min()`, `f32::from_bits()`.
pub(super) fn names(own: Type, is_method: bool) -> impl Iterator<Item = &'static str> {
    let rows = TABLE.iter().filter(move |row| row.is_method == is_method && row.of.contains(&own));
    rows.map(|row| row.name)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_function_has_a_row_of_its_own() {
        for row in TABLE {
            let same = TABLE.iter().filter(|other| other.builtin == row.builtin).count();
            assert_eq!(same, 1, "{}", row.name);
            assert_eq!(row.builtin.row().name, row.name);
        }
    }
}
