//! NumPy's `.npy`, as numpy reads it: either byte order, C or Fortran order, any number of dimensions; and the
//! types of ml_dtypes, which numpy loads without their names.
//!
//! A type that no kernel takes is refused with the remedy and its loss. Only a file that ends too early or
//! is not an `.npy` file is called damaged. An unknown entry of the header is refused by its name.

use super::array::{Array, Element};
use super::header::{self, Header};
use super::stored::Stored;
use crate::ui::exit::Failure;
use py_literal::Value;

/// Whether a file begins as one of NumPy's.
pub fn begins(bytes: &[u8]) -> bool {
    bytes.starts_with(header::MAGIC)
}

/// Reads the header; `source` names the array.
pub fn parse(source: String, bytes: &[u8]) -> Result<Array<'_>, Failure> {
    let (Header { descr, fortran, shape }, data) =
        header::read(bytes).map_err(|fault| Failure::input(format!("{source} {fault}")))?;
    let written = header::short(&descr);
    let (element, big) = element(&descr)
        .map_err(|hint| Failure::input(format!("{source} holds {written}: {hint}")))?;
    let size = |&size: &u64| {
        usize::try_from(size).map_err(|_| {
            Failure::input(format!("{source} has a dimension of {size}, too many to address"))
        })
    };
    let shape = shape.iter().map(size).collect::<Result<_, _>>()?;
    Ok(Array { source, written, element, big, fortran, shape, data })
}

/// The type of numpy's `dtype(descr)`, and whether its first byte is the highest; or the remedy.
fn element(descr: &Value) -> Result<(Element, bool), &'static str> {
    const OTHER: &str = "these are no numbers that can be ranked as they are; save one number a \
                         score, as with astype('<f4')";
    let Value::String(text) = descr else { return Err(OTHER) };
    let (big, name) = match text.strip_prefix(['<', '>', '=', '|']) {
        Some(name) if text.starts_with(['<', '>']) => (text.starts_with('>'), name),
        // The order of the machine, as names without one have.
        Some(name) => (cfg!(target_endian = "big"), name),
        None => (cfg!(target_endian = "big"), text.as_str()),
    };
    if let Some(stored) = Stored::from_npy(name) {
        return Ok((Element::Of(stored), big));
    }
    Err(match (name, name.strip_prefix('V').map(str::parse)) {
        (_, Some(Ok(bytes @ 1..))) => return Ok((Element::Raw(bytes), big)),
        ("f12" | "f16" | "g" | "longdouble", _) => {
            "these are floats of this machine's C compiler alone; save it with astype('<f8'), which \
             rounds them"
        }
        ("O" | "O4" | "O8" | "object", _) => {
            "these are objects of Python as a pickle, which can run code and is not read; save one \
             number a score, as with astype('<f4')"
        }
        (name, _) if name.starts_with(['c', 'F', 'D', 'G']) => {
            "complex numbers have no order; save numpy.abs(x) or x.real, which drops the rest of each"
        }
        _ => OTHER,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(text: &str) -> Result<(String, bool), &'static str> {
        element(&Value::String(text.to_owned())).map(|(element, big)| match element {
            Element::Of(stored) => (stored.name().to_owned(), big),
            Element::Raw(bytes) => (format!("raw {bytes}"), big),
        })
    }

    #[test]
    fn types_are_what_numpy_takes_them_for() {
        for (names, due) in [
            (&["<f4", "=f4", "|f4", "f4", "f", "<f", "float32", "single"][..], "f32"),
            (&["<f2", "=f2", "f2", "e", "float16", "half"], "f16"),
            (&["bfloat16", "<bfloat16"], "bf16"),
            (&["<f8", "d", "float64", "double"], "f64"),
            (&["|i1", "b", "int8"], "i8"),
            (&["|u1", "B"], "u8"),
            (&["<i2", "h"], "i16"),
            (&["<u2", "uint16"], "u16"),
            (&["<i4", "i4", "i"], "i32"),
            (&["<i8", "l", "q", "int"], "i64"),
            (&["<u8", "L", "Q"], "u64"),
            (&["|b1", "?", "bool"], "bool"),
            (&["<f1", "float8_e5m2"], "f8_e5m2"),
            (&["float8_e4m3fn"], "f8_e4m3"),
            (&["<V2", "|V2"], "raw 2"),
            (&["<V1", "|V1"], "raw 1"),
        ] {
            for name in names {
                assert_eq!(of(name), Ok((due.to_owned(), false)), "{name}");
            }
        }
        for (name, due) in [(">f4", "f32"), (">e", "f16"), (">u8", "u64"), (">V2", "raw 2")] {
            assert_eq!(of(name), Ok((due.to_owned(), true)), "{name}");
        }
        for (name, words) in [
            ("<f16", "astype('<f8')"),
            ("<c8", "no order"),
            ("D", "no order"),
            ("|O", "pickle"),
            ("<U3", "no numbers"),
            ("<M8[ns]", "no numbers"),
            ("|V0", "no numbers"),
            ("V-1", "no numbers"),
            ("f3", "no numbers"),
            ("", "no numbers"),
        ] {
            assert!(of(name).unwrap_err().contains(words), "{name}");
        }
        assert!(element(&Value::List(Vec::new())).is_err());
    }
}
