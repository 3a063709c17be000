//! `.safetensors`: one tensor of F32, BF16 or F16.

use super::{Matrix, Scores, shape};
use crate::exit::Failure;
use half::{bf16, f16};
use safetensors::{Dtype, SafeTensors};

/// Reads the named tensor, or the only one.
pub fn parse(place: &str, bytes: &[u8], tensor: Option<&str>) -> Result<Matrix, Failure> {
    let file = SafeTensors::deserialize(bytes).map_err(|error| {
        Failure::input(format!("{place} is truncated, or no .safetensors file: {error}"))
    })?;
    let mut names = file.names();
    names.sort_unstable();
    let name = match (tensor, &names[..]) {
        (Some(name), _) if names.contains(&name) => name,
        (Some(name), _) => {
            let names = names.join(", ");
            return Err(Failure::input(format!("{place} has no tensor `{name}`; it has {names}")));
        }
        (None, [only]) => only,
        (None, []) => return Err(Failure::input(format!("{place} holds no tensor"))),
        (None, _) => {
            let names = names.join(", ");
            return Err(Failure::input(format!(
                "{place} holds several tensors; name one with --tensor: {names}"
            )));
        }
    };
    let source = format!("{place}, tensor {name}");
    let tensor = file
        .tensor(name)
        .map_err(|error| Failure::input(format!("{source} cannot be read: {error}")))?;
    let (rows, columns) = shape(&source, tensor.shape())?;
    let data = tensor.data();
    let scores = match tensor.dtype() {
        Dtype::F32 => Scores::F32(decode(data, f32::from_le_bytes)),
        Dtype::BF16 => Scores::Bf16(decode(data, bf16::from_le_bytes)),
        Dtype::F16 => Scores::F16(decode(data, f16::from_le_bytes)),
        other => {
            return Err(Failure::input(format!("{source} holds {other}, not F32, BF16 or F16")));
        }
    };
    Ok(Matrix { source, rows, columns, scores })
}

fn decode<T, const N: usize>(data: &[u8], from: fn([u8; N]) -> T) -> Vec<T> {
    let (elements, _) = data.as_chunks::<N>();
    elements.iter().map(|&bytes| from(bytes)).collect()
}
