//! The Rust types that scores and indices may have.
//!
//! They connect the dtype table of the generator with typed code: the host selection and the launches.
//! The arithmetic of the selection is elsewhere. Both traits are sealed, so a type
//! outside the table does not compile.

use super::{F8E4M3, F8E5M2};
use half::{bf16, f16};
use std::fmt::{Debug, Display};
use topkit_codegen::{DType, IndexType, NanPolicy, Select};

mod sealed {
    pub trait Sealed {}
}

/// A type that a score may have: `f64`, `f32`, [`half::bf16`], [`half::f16`], [`F8E4M3`], [`F8E5M2`], `i32`,
/// `u32`, `i16`, `i8` or `u8`.
pub trait Score: sealed::Sealed + Copy + PartialEq + Debug + Send + Sync + 'static {
    /// Its row in the dtype table.
    const DTYPE: DType;

    /// What no later arithmetic mistakes for a score: a quiet NaN. It is for places of a buffer that hold none. An
    /// integer has no NaN, and its fill is 0.
    const FILL: Self;

    /// The standard value where no position was left to select: the infinity that every other number beats, or
    /// without infinities the least number or the greatest.
    fn worst(select: Select) -> Self {
        // It has no infinities, and beyond its greatest number is NaN.
        let greatest = if Self::DTYPE == DType::F8E4m3 { 448.0 } else { f32::INFINITY };
        Self::from_f32(match select {
            Select::Largest => -greatest,
            Select::Smallest => greatest,
        })
    }

    /// The same number. It is exact for every score type; only the payload of a NaN may change.
    fn to_f64(self) -> f64;

    /// The nearest `f32`: the same number, except for integers of 32 bits beyond 2^24 and most of `f64`.
    fn to_f32(self) -> f32 {
        self.to_f64() as f32
    }

    /// The nearest score to this number; ties to even. A number out of range becomes an infinity, the
    /// greatest or the least integer, or NaN in `F8E4M3`; a NaN becomes 0 where scores are integers.
    fn from_f32(number: f32) -> Self;

    /// The bit pattern, in the low bits.
    fn to_bits(self) -> u64;

    /// The score of that bit pattern; bits above the type's are ignored.
    fn from_bits(bits: u64) -> Self;

    /// The place of a score in the order of scores: a greater score has a greater key, equal scores
    /// have equal keys. -0 equals +0, and every NaN equals every other and ranks by the policy.
    ///
    /// Every float is an `f64` exactly, so one order serves them all. The bit trick is
    /// the one that radix sorts of floats use: flip the sign bit of a positive number, and all bits of
    /// a negative one.
    fn ordered_key(self, nan: NanPolicy) -> u64 {
        const SIGN: u64 = 1 << 63;
        let score = self.to_f64();
        if score.is_nan() {
            return match nan {
                NanPolicy::Highest => u64::MAX,
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
            $crate::DType::I32 => {
                type $S = i32;
                $body
            }
            $crate::DType::U32 => {
                type $S = u32;
                $body
            }
            $crate::DType::I16 => {
                type $S = i16;
                $body
            }
            $crate::DType::I8 => {
                type $S = i8;
                $body
            }
            $crate::DType::U8 => {
                type $S = u8;
                $body
            }
            $crate::DType::F8E4m3 => {
                type $S = $crate::F8E4M3;
                $body
            }
            $crate::DType::F8E5m2 => {
                type $S = $crate::F8E5M2;
                $body
            }
            $crate::DType::F64 => {
                type $S = f64;
                $body
            }
        }
    };
}

impl sealed::Sealed for f32 {}
impl Score for f32 {
    const DTYPE: DType = DType::F32;
    const FILL: Self = f32::NAN;

    fn to_f64(self) -> f64 {
        f64::from(self)
    }

    fn to_f32(self) -> f32 {
        self
    }

    fn from_f32(number: f32) -> Self {
        number
    }

    fn to_bits(self) -> u64 {
        u64::from(f32::to_bits(self))
    }

    fn from_bits(bits: u64) -> Self {
        f32::from_bits(bits as u32)
    }
}

impl sealed::Sealed for f64 {}
impl Score for f64 {
    const DTYPE: DType = DType::F64;
    const FILL: Self = f64::NAN;

    fn to_f64(self) -> f64 {
        self
    }

    fn from_f32(number: f32) -> Self {
        f64::from(number)
    }

    fn to_bits(self) -> u64 {
        f64::to_bits(self)
    }

    fn from_bits(bits: u64) -> Self {
        f64::from_bits(bits)
    }
}

macro_rules! narrow_float {
    ($($type:ident = $dtype:ident,)*) => {$(
        impl sealed::Sealed for $type {}
        impl Score for $type {
            const DTYPE: DType = DType::$dtype;
            const FILL: Self = $type::NAN;

            fn to_f64(self) -> f64 {
                f64::from($type::to_f32(self))
            }

            fn to_f32(self) -> f32 {
                $type::to_f32(self)
            }

            fn from_f32(number: f32) -> Self {
                $type::from_f32(number)
            }

            fn to_bits(self) -> u64 {
                u64::from($type::to_bits(self))
            }

            fn from_bits(bits: u64) -> Self {
                $type::from_bits(bits as _)
            }
        }
    )*};
}

narrow_float! {
    bf16 = Bf16,
    f16 = F16,
    F8E4M3 = F8E4m3,
    F8E5M2 = F8E5m2,
}

// `i32` and `u32` are indices too.
impl sealed::Sealed for i16 {}
impl sealed::Sealed for i8 {}
impl sealed::Sealed for u8 {}

macro_rules! integer {
    ($($type:ident = $dtype:ident, $unsigned:ident;)*) => {$(
        impl Score for $type {
            const DTYPE: DType = DType::$dtype;
            const FILL: Self = 0;

            fn to_f64(self) -> f64 {
                f64::from(self)
            }

            fn from_f32(number: f32) -> Self {
                number.round_ties_even() as $type
            }

            fn to_bits(self) -> u64 {
                u64::from(self as $unsigned)
            }

            fn from_bits(bits: u64) -> Self {
                bits as $type
            }

            fn ordered_key(self, _: NanPolicy) -> u64 {
                (i64::from(self) - i64::from($type::MIN)) as u64
            }
        }
    )*};
}

integer! {
    i32 = I32, u32;
    u32 = U32, u32;
    i16 = I16, u16;
    i8 = I8, u8;
    u8 = U8, u8;
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
