//! The 8-bit floats of OCP's specification (OFP8 1.0), as the scores of a selection.
//!
//! They hold bits, and convert from and to `f32`; there is no arithmetic. A type of our own needs no feature of
//! the driver's bindings and fits every other crate's 8-bit float, whose bits it takes.

use half::f16;
use std::fmt;

/// 4 exponent bits and no infinity: `float8_e4m3fn` of ml_dtypes and torch, `F8_E4M3` of safetensors. The one
/// magnitude that is NaN is 0x7f; the greatest number is 448.
#[derive(Clone, Copy, Default)]
#[repr(transparent)]
pub struct F8E4M3(u8);

/// 5 exponent bits, the upper half of an `f16`: `float8_e5m2`.
#[derive(Clone, Copy, Default)]
#[repr(transparent)]
pub struct F8E5M2(u8);

macro_rules! float8 {
    ($($name:ident: $mantissa:literal bits, bias $bias:literal, from $beyond:literal on $end:literal;)*) => {$(
        impl $name {
            /// A quiet NaN.
            pub const NAN: $name = $name(0x7f);

            /// The number of these bits.
            pub const fn from_bits(bits: u8) -> $name {
                $name(bits)
            }

            /// Its bits.
            pub const fn to_bits(self) -> u8 {
                self.0
            }

            /// The nearest number, ties to even. A number out of range becomes an infinity where the type has
            /// one, and else NaN, as in ml_dtypes and torch.
            pub fn from_f32(number: f32) -> $name {
                let sign = (number.to_bits() >> 24) as u8 & 0x80;
                if number.is_nan() {
                    return $name(sign | 0x7f);
                }
                let magnitude = rounded(number.abs(), $mantissa, $bias);
                let magnitude = if magnitude >= $beyond { $end } else { magnitude as u8 };
                $name(sign | magnitude)
            }

            /// Whether it is NaN.
            pub fn is_nan(self) -> bool {
                self.to_f32().is_nan()
            }
        }

        impl PartialEq for $name {
            fn eq(&self, other: &$name) -> bool {
                self.to_f32() == other.to_f32()
            }
        }

        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                fmt::Debug::fmt(&self.to_f32(), f)
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                fmt::Display::fmt(&self.to_f32(), f)
            }
        }
    )*};
}

float8! {
    F8E4M3: 3 bits, bias 7, from 0x7f on 0x7f;
    F8E5M2: 2 bits, bias 15, from 0x7c on 0x7c;
}

impl F8E4M3 {
    /// The same number.
    pub fn to_f32(self) -> f32 {
        let magnitude = self.0 & 0x7f;
        let (exponent, mantissa) = (magnitude >> 3, f32::from(magnitude & 7));
        let number = match (magnitude, exponent) {
            (0x7f, _) => f32::NAN,
            (_, 0) => mantissa * 2.0f32.powi(-9),
            _ => (8.0 + mantissa) * 2.0f32.powi(i32::from(exponent) - 10),
        };
        if self.0 & 0x80 == 0 { number } else { -number }
    }
}

impl F8E5M2 {
    /// The same number.
    pub fn to_f32(self) -> f32 {
        f16::from_bits(u16::from(self.0) << 8).to_f32()
    }
}

/// A number that is not negative, rounded to so many bits of mantissa: its bits in a format of any range.
fn rounded(number: f32, mantissa: u32, bias: i32) -> u32 {
    const STORED: u32 = f32::MANTISSA_DIGITS - 1;
    let bits = number.to_bits();
    let exponent = (bits >> STORED) as i32 - 127;
    let least = 1 - bias; // below it are subnormals
    let dropped = STORED - mantissa + least.saturating_sub(exponent).max(0) as u32;
    if dropped > STORED + 1 {
        return 0;
    }
    let significand = bits & ((1 << STORED) - 1) | 1 << STORED;
    let (kept, rest) = (significand >> dropped, significand & ((1 << dropped) - 1));
    let half = 1 << (dropped - 1);
    let up = rest > half || (rest == half && kept & 1 == 1);
    kept + u32::from(up) + ((exponent.max(least) - least) as u32) * (1 << mantissa)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_those_of_the_specification() {
        let of = |bits| F8E4M3::from_bits(bits).to_f32();
        assert_eq!(
            [of(0), of(1), of(0x08), of(0x38), of(0x7e)],
            [0.0, 0.001953125, 0.015625, 1.0, 448.0]
        );
        assert!(of(0x7f).is_nan() && of(0xff).is_nan() && of(0x80).is_sign_negative());
        let of = |bits| F8E5M2::from_bits(bits).to_f32();
        let [least, most] = [1.0 / 65536.0, 57344.0];
        assert_eq!(
            [of(1), of(0x3c), of(0x7b), of(0x7c), of(0xfc)],
            [least, 1.0, most, f32::INFINITY, f32::NEG_INFINITY]
        );
        assert!((0x7d..=0x7f).all(|bits| of(bits).is_nan() && of(bits | 0x80).is_nan()));
    }

    /// Each number reads back, and between two neighbours the middle goes to the even one.
    #[test]
    fn rounding_is_to_the_nearest_and_to_even() {
        fn check(of: fn(u8) -> f32, to: fn(f32) -> u8, most: u8) {
            for bits in 0..=most {
                for sign in [0, 0x80] {
                    assert_eq!(to(of(bits | sign)), bits | sign);
                }
                if bits < most {
                    let (low, high) = (of(bits), of(bits + 1));
                    let middle = low + (high - low) / 2.0;
                    assert_eq!(to(middle), bits + bits % 2, "{middle}");
                    assert_eq!(to(f32::from_bits(middle.to_bits() - 1)), bits);
                    assert_eq!(to(f32::from_bits(middle.to_bits() + 1)), bits + 1);
                }
            }
            assert_eq!([to(f32::MIN_POSITIVE), to(f32::from_bits(1))], [0, 0]);
        }
        check(|bits| F8E4M3::from_bits(bits).to_f32(), |n| F8E4M3::from_f32(n).to_bits(), 0x7e);
        check(|bits| F8E5M2::from_bits(bits).to_f32(), |n| F8E5M2::from_f32(n).to_bits(), 0x7b);
        for (number, e4m3, e5m2) in [
            (464.0, 0x7e, 0x5f),
            (464.1, 0x7f, 0x5f),
            (1e9, 0x7f, 0x7c),
            (61439.0, 0x7f, 0x7b),
            (61440.0, 0x7f, 0x7c),
            (f32::INFINITY, 0x7f, 0x7c),
        ] {
            for (sign, number) in [(0, number), (0x80, -number)] {
                assert_eq!(F8E4M3::from_f32(number).to_bits(), sign | e4m3, "{number}");
                assert_eq!(F8E5M2::from_f32(number).to_bits(), sign | e5m2, "{number}");
            }
        }
        assert!(F8E4M3::from_f32(f32::NAN).is_nan() && F8E5M2::from_f32(f32::NAN).is_nan());
    }
}
