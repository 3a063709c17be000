//! The fill that a launch gives: an index of the index type, and a value of the scores' type.

use crate::args::given::ids;
use crate::ui::exit::Failure;
use topkit::spec::IndexType;
use topkit::{DType, Score, with_score};

/// An index that the type holds.
pub fn index(fill: i64, index: IndexType) -> Result<i64, Failure> {
    let range = ids::range(index);
    if range.contains(&i128::from(fill)) {
        return Ok(fill);
    }
    Err(Failure::input(format!(
        "--index-fill {fill} is no {index}, which holds {} to {}; give another, or --index i64",
        range.start(),
        range.end()
    )))
}

/// The bits of the nearest score. A finite number that becomes none is refused, and so is an integer that the scores
/// do not have.
pub fn value(text: &str, dtype: DType) -> Result<u64, Failure> {
    let refused = |why: &str| Failure::input(format!("--value-fill {text} is {why}"));
    let number: f64 =
        text.parse().map_err(|_| refused("no number; inf and nan are numbers here"))?;
    with_score!(dtype, S => nearest::<S>(number)).map_err(|why| refused(&why))
}

/// The bits of the nearest score to a number, or what is wrong with it.
fn nearest<S: Score>(number: f64) -> Result<u64, String> {
    let dtype = S::DTYPE;
    let score = match dtype {
        DType::F64 => S::from_bits(number.to_bits()),
        // Integers of 32 bits are more than f32 tells.
        _ if dtype.is_integer() => S::from_bits(number as i64 as u64),
        _ => S::from_f32(number as f32),
    };
    let found = score.to_f64();
    if dtype.is_integer() && found != number {
        return Err(format!("no {dtype}, the type of the scores"));
    }
    if number.is_finite() && !found.is_finite() {
        return Err(format!("beyond the finite scores of {dtype}"));
    }
    if number.is_infinite() && !found.is_infinite() {
        return Err(format!("no score: {dtype} has no infinities"));
    }
    Ok(score.to_bits())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_value_is_the_nearest_score_or_refused() {
        for (text, dtype, bits) in [
            ("-1e30", DType::F32, u64::from((-1e30f32).to_bits())),
            ("-inf", DType::Bf16, 0xff80),
            ("0.1", DType::F64, 0.1f64.to_bits()),
            ("-2147483648", DType::I32, 0x8000_0000),
            ("4294967295", DType::U32, 0xffff_ffff),
            ("-3", DType::I8, 0xfd),
        ] {
            assert_eq!(value(text, dtype).unwrap(), bits, "{text} {dtype}");
        }
        assert!(value("nan", DType::F16).is_ok());
        for (text, dtype, words) in [
            ("low", DType::F32, "no number"),
            ("1e39", DType::F32, "beyond the finite scores of f32"),
            ("1e6", DType::F8E4m3, "beyond the finite scores of f8_e4m3"),
            ("-inf", DType::F8E4m3, "f8_e4m3 has no infinities"),
            ("0.5", DType::I32, "no i32"),
            ("-1", DType::U8, "no u8"),
            ("nan", DType::I16, "no i16"),
            ("inf", DType::U32, "no u32"),
        ] {
            let error = value(text, dtype).unwrap_err().to_string();
            assert!(error.starts_with(&format!("--value-fill {text} is ")), "{error}");
            assert!(error.contains(words), "{error}");
        }
        assert_eq!(index(-7, IndexType::I32).unwrap(), -7);
        let error = index(-1, IndexType::U32).unwrap_err().to_string();
        assert!(
            error.contains("--index-fill -1 is no u32, which holds 0 to 4294967295"),
            "{error}"
        );
    }
}
