//! The types of the numbers in files: those of kernels, and others, which are converted to f32 only where that
//! is asked for.
//!
//! The table of dtypes decides: a type that has a dtype is read as it is stored. [`OTHERS`] has more types, with
//! their numbers. A hint says what a conversion loses; [`Number::to_f32`] says for each score whether it was
//! rounded.

use half::f16;
use topkit::{DType, Score, with_score};

/// A type of numbers in a file.
#[derive(Debug, Clone, Copy)]
pub enum Stored {
    /// A type of kernels.
    Score(DType),
    /// A type that no kernel takes.
    Other(&'static Other),
}

/// A type of numbers beside the dtypes.
#[derive(Debug)]
pub struct Other {
    name: &'static str,
    /// Names of NumPy and ml_dtypes without the sign of the byte order.
    npy: &'static [&'static str],
    safetensors: &'static str,
    bytes: usize,
    number: fn(u64) -> Number,
    loss: Loss,
}

/// A number as it is stored.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Number {
    /// Any float; f64 holds all of them.
    Float(f64),
    /// Any integer.
    Whole(i128),
}

/// What a conversion to f32 loses.
#[derive(Debug, Clone, Copy)]
enum Loss {
    /// f32 holds every number.
    None,
    /// Integers of more than 24 bits are rounded.
    Large,
    /// Most numbers are rounded.
    Most,
}

/// A row of the table.
const fn other(
    name: &'static str,
    npy: &'static [&'static str],
    safetensors: &'static str,
    bytes: usize,
    number: fn(u64) -> Number,
    loss: Loss,
) -> Other {
    Other { name, npy, safetensors, bytes, number, loss }
}

const WIDE: &[&str] = &["f8", "d", "float64", "double", "float"];
const I64: &[&str] = &["i8", "q", "l", "int64", "longlong", "long", "int"];
const U64: &[&str] = &["u8", "Q", "L", "uint64", "ulonglong", "ulong", "uint"];
const I32: &[&str] = &["i4", "i", "int32", "intc"];
const U32: &[&str] = &["u4", "I", "uint32", "uintc"];
const I16: &[&str] = &["i2", "h", "int16", "short"];
const U16: &[&str] = &["u2", "H", "uint16", "ushort"];
const I8: &[&str] = &["i1", "b", "int8", "byte"];
const U8: &[&str] = &["u1", "B", "uint8", "ubyte"];

/// The types beside f32, bf16 and f16. Of a type with a dtype, its row has the numbers alone.
#[rustfmt::skip]
static OTHERS: [Other; 12] = [
    other("f64", WIDE, "F64", 8, |bits| Number::Float(f64::from_bits(bits)), Loss::Most),
    other("i64", I64, "I64", 8, |bits| whole(bits as i64), Loss::Large),
    other("u64", U64, "U64", 8, whole::<u64>, Loss::Large),
    other("i32", I32, "I32", 4, |bits| whole(bits as i32), Loss::Large),
    other("u32", U32, "U32", 4, whole::<u64>, Loss::Large),
    other("i16", I16, "I16", 2, |bits| whole(bits as i16), Loss::None),
    other("u16", U16, "U16", 2, whole::<u64>, Loss::None),
    other("i8", I8, "I8", 1, |bits| whole(bits as i8), Loss::None),
    other("u8", U8, "U8", 1, whole::<u64>, Loss::None),
    other("bool", &["b1", "?", "bool"], "BOOL", 1, |bits| whole(u8::from(bits != 0)), Loss::None),
    other("f8_e4m3", &["float8_e4m3fn"], "F8_E4M3", 1, e4m3, Loss::None),
    other("f8_e5m2", &["f1", "float8_e5m2"], "F8_E5M2", 1, e5m2, Loss::None),
];

fn whole<N: Into<i128>>(number: N) -> Number {
    Number::Whole(number.into())
}

/// The fp8 without infinities: all bits but the sign set is NaN.
fn e4m3(bits: u64) -> Number {
    const SIGN: u64 = 0x80;
    // Exponent and mantissa in the places of an f32's; the factor makes up for the other bias.
    let bias = f32::from_bits((127 + 127 - 7) << 23);
    let size = match bits & !SIGN {
        0x7f => f32::NAN,
        size => f32::from_bits((size as u32) << 20) * bias,
    };
    Number::Float(f64::from(if bits & SIGN == 0 { size } else { -size }))
}

/// The fp8 that is the upper half of an f16.
fn e5m2(bits: u64) -> Number {
    Number::Float(f16::from_bits((bits as u16) << 8).to_f64())
}

impl Number {
    /// The nearest f32, and whether it is another number.
    pub fn to_f32(self) -> (f32, bool) {
        match self {
            Number::Float(number) => {
                let near = number as f32;
                (near, !number.is_nan() && f64::from(near) != number)
            }
            // The greatest, 2^64, is a number of both types.
            Number::Whole(number) => (number as f32, number as f32 as i128 != number),
        }
    }
}

impl Stored {
    fn all() -> impl Iterator<Item = Stored> {
        let scores = DType::ALL.into_iter().map(Stored::Score);
        let others = OTHERS.iter().map(Stored::Other);
        let others = others.filter(|other| DType::from_name(other.name()).is_none());
        scores.chain(others)
    }

    /// The type that topkit calls so.
    pub fn from_name(name: &str) -> Result<Stored, String> {
        Stored::all().find(|stored| stored.name() == name).ok_or_else(|| {
            let names: Vec<_> = Stored::all().map(Stored::name).collect();
            format!("it can be {}", names.join(", "))
        })
    }

    /// The type that NumPy or ml_dtypes calls so, without the sign of the byte order.
    pub fn from_npy(name: &str) -> Option<Stored> {
        Stored::all().find(|stored| match stored {
            Stored::Score(dtype) => dtype.npy_names().contains(&name),
            Stored::Other(other) => other.npy.contains(&name),
        })
    }

    /// The type that the header of a `.safetensors` file calls so.
    pub fn from_safetensors(name: &str) -> Option<Stored> {
        Stored::all().find(|stored| match stored {
            Stored::Score(dtype) => dtype.safetensors_name() == name,
            Stored::Other(other) => other.safetensors == name,
        })
    }

    /// Its name in topkit.
    pub fn name(self) -> &'static str {
        match self {
            Stored::Score(dtype) => dtype.name(),
            Stored::Other(other) => other.name,
        }
    }

    /// Bytes of a number.
    pub fn bytes(self) -> usize {
        match self {
            Stored::Score(dtype) => dtype.bytes() as usize,
            Stored::Other(other) => other.bytes,
        }
    }

    /// Whether its numbers are integers.
    pub fn is_whole(self) -> bool {
        self.name().starts_with(['i', 'u'])
    }

    /// The number of these bits.
    pub fn number(self, bits: u64) -> Number {
        match (OTHERS.iter().find(|other| other.name == self.name()), self) {
            (Some(other), _) | (None, Stored::Other(other)) => (other.number)(bits),
            (None, Stored::Score(dtype)) => {
                let number = with_score!(dtype, S => S::from_bits(bits as _).to_f32());
                Number::Float(f64::from(number))
            }
        }
    }
}

impl Other {
    /// The remedies for scores of this type, and what each loses.
    pub fn hint(&'static self) -> String {
        let loss = match self.loss {
            Loss::None => "keeps every score",
            Loss::Large => {
                "keeps numbers up to 16777216 and rounds larger ones: different numbers may become \
                 ties, and the selection is exact for the rounded ones alone"
            }
            Loss::Most => {
                "rounds: scores that f32 cannot tell apart become ties, beyond 3.4e38 they become \
                 infinite, and the selection is exact for the rounded scores alone"
            }
        };
        let convert = format!("--dtype f32 converts it, which {loss}");
        match (Stored::Other(self).is_whole(), views(self.bytes)) {
            (true, Some(views)) => format!(
                "if these are numbers, {convert}; if they are the bits of floats, that would rank \
                 bit patterns: name their type, as in {views}"
            ),
            _ => convert,
        }
    }
}

/// How to name the floats of so many bytes.
pub fn views(bytes: usize) -> Option<&'static str> {
    match bytes {
        1 => Some("--view f8_e4m3 or --view f8_e5m2"),
        2 => Some("--view bf16 or --view f16"),
        4 => Some("--view f32"),
        8 => Some("--view f64"),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn number(name: &str, bits: u64) -> Number {
        Stored::from_name(name).unwrap().number(bits)
    }

    /// Against the values of ml_dtypes 0.6.0.
    #[test]
    fn fp8_is_widened_exactly() {
        for (bits, value) in [
            (0x00, 0.0),
            (0x01, 0.001953125),
            (0x07, 0.013671875),
            (0x08, 0.015625),
            (0x38, 1.0),
            (0x7e, 448.0),
            (0xfe, -448.0),
            (0x81, -0.001953125),
        ] {
            assert_eq!(number("f8_e4m3", bits), Number::Float(value), "{bits:#x}");
        }
        for (bits, value) in [
            (0x01, 0.0000152587890625),
            (0x3c, 1.0),
            (0x7b, 57344.0),
            (0x7c, f64::INFINITY),
            (0xfc, f64::NEG_INFINITY),
        ] {
            assert_eq!(number("f8_e5m2", bits), Number::Float(value), "{bits:#x}");
        }
        let nan = |name, bits| matches!(number(name, bits), Number::Float(value) if value.is_nan());
        assert!(nan("f8_e4m3", 0x7f) && nan("f8_e4m3", 0xff) && nan("f8_e5m2", 0x7d));
        let Number::Float(zero) = number("f8_e4m3", 0x80) else { panic!("a float") };
        assert!(zero == 0.0 && zero.is_sign_negative());
    }

    #[test]
    fn a_rounded_score_is_known() {
        for (number, due) in [
            (Number::Float(0.5), (0.5, false)),
            (Number::Float(0.1), (0.1, true)),
            (Number::Float(1e300), (f32::INFINITY, true)),
            (Number::Float(f64::INFINITY), (f32::INFINITY, false)),
            (Number::Whole(16_777_216), (16_777_216.0, false)),
            (Number::Whole(16_777_217), (16_777_216.0, true)),
            (Number::Whole(i128::from(u64::MAX)), (18_446_744_073_709_551_616.0, true)),
            (number("i64", u64::MAX), (-1.0, false)),
            (number("i8", 0x80), (-128.0, false)),
            (number("u32", 0xffff_ffff), (4_294_967_296.0, true)),
            (number("bool", 2), (1.0, false)),
        ] {
            assert_eq!(number.to_f32(), due, "{number:?}");
        }
        assert!(!Number::Float(f64::NAN).to_f32().1);
    }

    #[test]
    fn every_name_is_of_one_type() {
        let all: Vec<_> = Stored::all().collect();
        for one in &all {
            assert_eq!(Stored::from_name(one.name()).unwrap().name(), one.name());
        }
        for other in &OTHERS {
            for name in other.npy {
                assert_eq!(Stored::from_npy(name).unwrap().name(), other.name, "{name}");
            }
            let found = Stored::from_safetensors(other.safetensors);
            assert_eq!(found.unwrap().name(), other.name);
        }
        assert_eq!(Stored::from_npy("bfloat16").unwrap().name(), "bf16");
        assert!(Stored::from_name("f128").unwrap_err().contains("f32, bf16, f16"));
    }
}
