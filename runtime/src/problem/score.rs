//! The Rust types that scores and indices may have.
//!
//! They connect the dtype table of the generator with typed code: the host selection and the launches.
//! The arithmetic of the selection is elsewhere. Both traits are sealed, so a type
//! outside the table does not compile.

use half::{bf16, f16};
use std::fmt::{Debug, Display};
use topkit_codegen::{DType, IndexType, NanPolicy, Select};

mod sealed {
    pub trait Sealed {}
}

/// A type that a score may have: `f32`, [`half::bf16`] or [`half::f16`].
pub trait Score: sealed::Sealed + Copy + PartialEq + Debug + Send + Sync + 'static {
    /// Its row in the dtype table.
    const DTYPE: DType;

    /// What no later arithmetic mistakes for a score: a quiet NaN. It is for places of a buffer that hold none.
    const FILL: Self;

    /// The standard value where no position was left to select: the infinity that every other number beats.
    fn worst(select: Select) -> Self {
        Self::from_f32(match select {
            Select::Largest => f32::NEG_INFINITY,
            Select::Smallest => f32::INFINITY,
        })
    }

    /// The same number as `f32`. It is exact for every score type; only the payload of a NaN may
    /// change.
    fn to_f32(self) -> f32;

    /// The nearest score to this number; ties to even, out of range to an infinity.
    fn from_f32(number: f32) -> Self;

    /// The bit pattern, in the low bits.
    fn to_bits(self) -> u32;

    /// The score of that bit pattern; bits above the type's are ignored.
    fn from_bits(bits: u32) -> Self;

    /// The place of a score in the order of scores: a greater score has a greater key, equal scores
    /// have equal keys. -0 equals +0, and every NaN equals every other and ranks by the policy.
    ///
    /// Scores of 16 bits are `f32` exactly, so one order serves every type of floats. The bit trick is
    /// the one that radix sorts of floats use: flip the sign bit of a positive number, and all bits of
    /// a negative one.
    fn ordered_key(self, nan: NanPolicy) -> u32 {
        const SIGN: u32 = 1 << 31;
        let score = self.to_f32();
        if score.is_nan() {
            return match nan {
                NanPolicy::Highest => u32::MAX,
                NanPolicy::Lowest => 0,
            };
        }
        let bits = if score == 0.0 { 0 } else { score.to_bits() };
        if bits & SIGN == 0 { bits | SIGN } else { !bits }
    }
}

/// Runs an expression with the Rust type of a dtype: `with_score!(dtype, S => select::<S>())`. The
/// caller has `half` among its dependencies.
#[doc(hidden)]
#[macro_export]
macro_rules! with_score {
    ($dtype:expr, $S:ident => $body:expr) => {
        match $dtype {
            $crate::DType::F32 => {
                type $S = f32;
                $body
            }
            $crate::DType::Bf16 => {
                type $S = ::half::bf16;
                $body
            }
            $crate::DType::F16 => {
                type $S = ::half::f16;
                $body
            }
        }
    };
}

impl sealed::Sealed for f32 {}
impl Score for f32 {
    const DTYPE: DType = DType::F32;
    const FILL: Self = f32::NAN;

    fn to_f32(self) -> f32 {
        self
    }

    fn from_f32(number: f32) -> Self {
        number
    }

    fn to_bits(self) -> u32 {
        f32::to_bits(self)
    }

    fn from_bits(bits: u32) -> Self {
        f32::from_bits(bits)
    }
}

macro_rules! half_score {
    ($($type:ident = $dtype:ident,)*) => {$(
        impl sealed::Sealed for $type {}
        impl Score for $type {
            const DTYPE: DType = DType::$dtype;
            const FILL: Self = $type::NAN;

            fn to_f32(self) -> f32 {
                $type::to_f32(self)
            }

            fn from_f32(number: f32) -> Self {
                $type::from_f32(number)
            }

            fn to_bits(self) -> u32 {
                u32::from($type::to_bits(self))
            }

            fn from_bits(bits: u32) -> Self {
                $type::from_bits(bits as u16)
            }
        }
    )*};
}

half_score! {
    bf16 = Bf16,
    f16 = F16,
}

/// A type that an index may have: `i32`, `u32` or `i64`.
pub trait IndexInt:
    sealed::Sealed + Copy + Eq + Debug + Display + Into<i64> + Send + Sync + 'static
{
    /// Its name in a spec.
    const TYPE: IndexType;

    /// The standard index where no position was left to select: -1, which is all bits set for `u32`.
    const FILL: Self;

    /// The index of a number, cut to its bits.
    fn from_i64(number: i64) -> Self;

    /// The index of a column. A row has at most 2^31 - 1 columns, so every type holds it.
    fn from_column(column: u32) -> Self;
}

macro_rules! index_int {
    ($($type:ident = $index:ident, $fill:expr;)*) => {$(
        impl sealed::Sealed for $type {}
        impl IndexInt for $type {
            const TYPE: IndexType = IndexType::$index;
            const FILL: Self = $fill;

            fn from_i64(number: i64) -> Self {
                number as $type
            }

            fn from_column(column: u32) -> Self {
                column as $type
            }
        }
    )*};
}

index_int! {
    i32 = I32, -1;
    u32 = U32, u32::MAX;
    i64 = I64, -1;
}
