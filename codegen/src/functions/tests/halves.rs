//! Floats of 16 bits: every one of them, and the numbers between two.

use crate::functions::value::{bf16_of_f32, bf16_to_f32, f16_of_f32, f16_to_f32};

/// Finite floats of 16 bits are told by their parts: a sign, an exponent and a fraction.
fn number(bits: u16, fraction_bits: u32, bias: i32) -> f64 {
    let sign = if bits >> 15 == 1 { -1.0 } else { 1.0 };
    let magnitude = u32::from(bits & 0x7FFF);
    let (exponent, fraction) = (magnitude >> fraction_bits, magnitude % (1 << fraction_bits));
    let (exponent, whole) = if exponent == 0 { (1, 0) } else { (exponent, 1 << fraction_bits) };
    let power = exponent as i32 - bias - fraction_bits as i32;
    sign * f64::from(whole + fraction) * 2f64.powi(power)
}

#[test]
fn every_half_is_its_number_and_converts_back() {
    for bits in 0..=u16::MAX {
        let magnitude = bits & 0x7FFF;
        let (half, brain) = (f16_to_f32(bits), bf16_to_f32(bits));
        assert_eq!(half.is_nan(), magnitude > 0x7C00, "{bits:#x}");
        assert_eq!(brain.is_nan(), magnitude > 0x7F80, "{bits:#x}");
        if magnitude < 0x7C00 {
            assert_eq!(f64::from(half), number(bits, 10, 15), "{bits:#x}");
        }
        if magnitude < 0x7F80 {
            assert_eq!(f64::from(brain), number(bits, 7, 127), "{bits:#x}");
        }
        if !half.is_nan() {
            assert_eq!(f16_of_f32(half), bits);
        }
        if !brain.is_nan() {
            assert_eq!(bf16_of_f32(brain), bits);
        }
        assert_eq!(f16_to_f32(f16_of_f32(half)).is_nan(), half.is_nan());
        assert_eq!(bf16_to_f32(bf16_of_f32(brain)).is_nan(), brain.is_nan());
    }
}

/// The mean of two neighbours goes to the even one, and what is on either side of it to the nearer.
#[test]
fn numbers_between_two_halves_go_to_the_nearest() {
    type Half = (fn(f32) -> u16, fn(u16) -> f32, u16);
    let kinds: [Half; 2] = [(f16_of_f32, f16_to_f32, 0x7BFF), (bf16_of_f32, bf16_to_f32, 0x7F7F)];
    for (of, to, greatest) in kinds {
        for bits in 0..greatest {
            let mean = ((f64::from(to(bits)) + f64::from(to(bits + 1))) / 2.0) as f32;
            let even = bits + (bits & 1);
            assert_eq!(of(mean), even, "{bits:#x}");
            assert_eq!(of(-mean), even | 0x8000, "{bits:#x}");
            assert_eq!(of(mean.next_down()), bits, "{bits:#x}");
            assert_eq!(of(mean.next_up()), bits + 1, "{bits:#x}");
        }
        let infinity = greatest + 1;
        assert_eq!(of(f32::INFINITY), infinity);
        assert_eq!(of(f32::MAX), infinity);
    }
    assert_eq!((f16_of_f32(65519.996), f16_of_f32(65520.0)), (0x7BFF, 0x7C00));
}
