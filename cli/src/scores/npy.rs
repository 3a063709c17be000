//! NumPy's `.npy`: f32 and f16, little-endian, in C order.

use super::{Matrix, Scores, shape, size};
use crate::exit::Failure;
use npyz::{Deserialize, NpyFile, NpyHeader, Order};
use topkit::DType;

/// Reads the whole file.
pub fn parse(place: &str, bytes: &[u8], tensor: Option<&str>) -> Result<Matrix, Failure> {
    if tensor.is_some() {
        return Err(Failure::input(format!(
            "{place} holds one array without a name; leave out --tensor"
        )));
    }
    let mut data = bytes;
    let header = NpyHeader::from_reader(&mut data).map_err(|error| {
        Failure::input(format!("{place} is no whole .npy file: {}", brief(&error)))
    })?;
    let dtype = dtype(place, &header.dtype().descr())?;
    let (rows, columns) = shape(place, header.shape())?;
    if header.order() == Order::Fortran && rows > 1 {
        return Err(Failure::input(format!(
            "{place} is in Fortran order; save it with numpy.ascontiguousarray"
        )));
    }
    let (needed, found) = (size(place, rows, columns, dtype)?, data.len());
    if found != needed {
        let what = if found < needed { "truncated" } else { "damaged" };
        return Err(Failure::input(format!(
            "{place} is {what}: {rows} x {columns} {dtype} take {needed} bytes, but {found} follow \
             its header"
        )));
    }
    let scores = match dtype {
        DType::F16 => Scores::F16(decode(place, header, data)?),
        _ => Scores::F32(decode(place, header, data)?),
    };
    Ok(Matrix { source: place.to_owned(), rows, columns, scores })
}

/// The first line of an error without the place in the header, which nobody sees.
fn brief(error: &std::io::Error) -> String {
    let text = error.to_string();
    let line = text.lines().next().unwrap_or_default();
    line.split(" --> ").next().unwrap_or_default().trim_end_matches([':', ' ']).to_owned()
}

fn decode<T: Deserialize>(place: &str, header: NpyHeader, data: &[u8]) -> Result<Vec<T>, Failure> {
    NpyFile::with_header(header, data)
        .into_vec()
        .map_err(|error| Failure::input(format!("{place} cannot be read: {error}")))
}

/// The dtype of a NumPy type string, which stands in quotes.
fn dtype(place: &str, descr: &str) -> Result<DType, Failure> {
    let hint = match descr.trim_matches('\'') {
        "<f4" => return Ok(DType::F32),
        "<f2" => return Ok(DType::F16),
        "<V2" | "|V2" => "NumPy has no bf16 of its own; save bf16 as .safetensors",
        ">f4" | ">f2" => "it is big-endian; save it with astype('<f4') or astype('<f2')",
        _ => "save it with astype('<f4') or astype('<f2')",
    };
    Err(Failure::input(format!("{place} holds {descr}, not f32 ('<f4') or f16 ('<f2'): {hint}")))
}
