//! NumPy's `.npy`: f32 and f16 of either byte order, in C or Fortran order, as numpy reads them.
//!
//! A type that no kernel takes is refused with the remedy and its loss. Only a file that ends too early or
//! is not an `.npy` file is called damaged. An unknown entry of the header is refused by its name.

use super::foreign::Foreign;
use super::header::{self, Header};
use super::shape;
use crate::ui::exit::Failure;
use py_literal::Value;
use topkit::{DType, Score, with_score};
use topkit_lab::memory;
use topkit_lab::{Matrix, Scores, Shape};

/// Whether a file begins as one of NumPy's.
pub fn begins(bytes: &[u8]) -> bool {
    bytes.starts_with(header::MAGIC)
}

/// Reads the whole file.
pub fn parse(place: &str, bytes: &[u8], tensor: Option<&str>) -> Result<Matrix, Failure> {
    if tensor.is_some() {
        return Err(Failure::input(format!(
            "{place} holds one array without a name; leave out --tensor"
        )));
    }
    let (Header { descr, fortran, shape: sizes }, data) =
        header::read(bytes).map_err(|fault| Failure::input(format!("{place} {fault}")))?;
    let element = element(&descr).map_err(|foreign| {
        let descr = header::short(&descr);
        Failure::input(format!(
            "{place} holds {descr}, not f32 ('<f4') or f16 ('<f2'): {}",
            foreign.hint()
        ))
    })?;
    let (rows, columns) = shape(place, &sizes)?;
    let (needed, found) = (Shape { rows, columns }.bytes(place, element.dtype)?, data.len());
    let takes = format!("{rows} x {columns} {} take {needed} bytes", element.dtype);
    if found < needed {
        return Err(Failure::input(format!(
            "{place} is truncated: {takes}, but {found} follow its header"
        )));
    }
    if found > needed {
        return Err(Failure::input(format!(
            "{place} holds more than one array: {takes}, and {} more follow; save the array to \
             select from in a file of its own",
            found - needed
        )));
    }
    let layout = Layout { rows, columns, fortran, big: element.big };
    let scores = with_score!(element.dtype, S => Scores::new(decode::<S>(data, layout)?));
    Ok(Matrix { source: place.to_owned(), rows, columns, scores })
}

/// A type of ours, as it is stored in the file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Element {
    dtype: DType,
    big: bool,
}

/// The type of numpy's `dtype(descr)`.
fn element(descr: &Value) -> Result<Element, Foreign> {
    let Value::String(text) = descr else { return Err(Foreign::Other) };
    let (big, name) = match text.strip_prefix(['<', '>', '=', '|']) {
        Some(name) if text.starts_with(['<', '>']) => (text.starts_with('>'), name),
        // The order of the machine, as names without one have.
        Some(name) => (cfg!(target_endian = "big"), name),
        None => (cfg!(target_endian = "big"), text.as_str()),
    };
    let bits = |name: &str| name.trim_start_matches(char::is_alphabetic).parse::<u32>().ok();
    let served = DType::ALL.into_iter().find(|dtype| dtype.npy_names().contains(&name));
    if let Some(dtype) = served {
        return Ok(Element { dtype, big });
    }
    Err(match name {
        "f1" => Foreign::Unreadable,
        "f8" | "d" | "float64" | "double" | "float" | "f12" | "f16" | "g" | "longdouble" => {
            Foreign::Wide
        }
        "b1" | "?" | "bool" => Foreign::Bool,
        "b" | "B" => Foreign::Whole(8),
        "h" | "H" => Foreign::Whole(16),
        "i" | "I" => Foreign::Whole(32),
        "l" | "L" | "q" | "Q" | "int" | "uint" => Foreign::Whole(64),
        _ => match (name.chars().next(), bits(name)) {
            (Some('i' | 'u'), Some(bits)) if name.contains("int") => Foreign::Whole(bits),
            (Some('i' | 'u'), Some(bytes @ (1 | 2 | 4 | 8))) => Foreign::Whole(8 * bytes),
            (Some('V'), Some(bytes)) => Foreign::Raw(bytes),
            (Some('c' | 'F' | 'D' | 'G'), _) => Foreign::Complex,
            _ => Foreign::Other,
        },
    })
}

/// How the scores are stored in the file.
#[derive(Clone, Copy)]
struct Layout {
    rows: usize,
    columns: usize,
    /// Column after column.
    fortran: bool,
    big: bool,
}

/// The scores, row after row; the data is as long as the layout says.
fn decode<S: Score>(data: &[u8], layout: Layout) -> Result<Vec<S>, Failure> {
    let Layout { rows, columns, fortran, big } = layout;
    let elements = data.chunks_exact(S::DTYPE.bytes() as usize);
    let mut scores = memory::reserved("the decoded scores", elements.len())?;
    let more = |bits: u32, byte: &u8| bits << 8 | u32::from(*byte);
    let read = |bytes: &[u8]| {
        let bytes = bytes.iter();
        S::from_bits(if big { bytes.fold(0, more) } else { bytes.rev().fold(0, more) })
    };
    if !fortran {
        scores.extend(elements.map(read));
        return Ok(scores);
    }
    let row = |row: usize| elements.clone().skip(row).step_by(rows).take(columns);
    scores.extend((0..rows).flat_map(row).map(read));
    Ok(scores)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn types_are_what_numpy_takes_them_for() {
        let of = |text: &str| element(&Value::String(text.to_owned()));
        for name in ["<f4", "=f4", "|f4", "f4", "f", "<f", "float32", "single"] {
            assert_eq!(of(name), Ok(Element { dtype: DType::F32, big: false }), "{name}");
        }
        for name in ["<f2", "=f2", "f2", "e", "float16", "half"] {
            assert_eq!(of(name), Ok(Element { dtype: DType::F16, big: false }), "{name}");
        }
        assert_eq!(of(">f4"), Ok(Element { dtype: DType::F32, big: true }));
        assert_eq!(of(">e"), Ok(Element { dtype: DType::F16, big: true }));
        for (name, foreign) in [
            ("<f1", Foreign::Unreadable),
            (">f8", Foreign::Wide),
            ("<f16", Foreign::Wide),
            ("|b1", Foreign::Bool),
            ("|i1", Foreign::Whole(8)),
            ("<u2", Foreign::Whole(16)),
            ("uint16", Foreign::Whole(16)),
            ("i4", Foreign::Whole(32)),
            (">u8", Foreign::Whole(64)),
            ("|V1", Foreign::Raw(1)),
            ("<V2", Foreign::Raw(2)),
            ("<c8", Foreign::Complex),
            ("<U3", Foreign::Other),
            ("|O", Foreign::Other),
            ("<M8[ns]", Foreign::Other),
            ("f3", Foreign::Other),
            ("", Foreign::Other),
        ] {
            assert_eq!(of(name), Err(foreign), "{name}");
        }
        assert_eq!(element(&Value::List(Vec::new())), Err(Foreign::Other));
    }
}
