//! `.safetensors`: one tensor of F32, BF16 or F16.

use super::foreign::{CONTIGUOUS, Foreign};
use super::shape;
use crate::ui::exit::Failure;
use half::{bf16, f16};
use safetensors::{Dtype, SafeTensorError, SafeTensors};
use topkit_lab::memory;
use topkit_lab::{Matrix, Scores};

/// Whether a file begins as a `.safetensors` file: the length of a header, and an object of JSON.
pub fn begins(bytes: &[u8]) -> bool {
    bytes.get(8) == Some(&b'{')
}

/// Reads the named tensor, or the only one.
pub fn parse(place: &str, bytes: &[u8], tensor: Option<&str>) -> Result<Matrix, Failure> {
    let file = SafeTensors::deserialize(bytes).map_err(|error| {
        // A type that is younger than this program is no damage.
        let what = match error {
            SafeTensorError::InvalidHeaderDeserialization(_) => {
                "has a header that topkit cannot read"
            }
            _ => "is truncated, or no .safetensors file",
        };
        Failure::input(format!("{place} {what}: {error}"))
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
        Dtype::F32 => Scores::F32(decode(data, f32::from_le_bytes)?),
        Dtype::BF16 => Scores::Bf16(decode(data, bf16::from_le_bytes)?),
        Dtype::F16 => Scores::F16(decode(data, f16::from_le_bytes)?),
        other => {
            return Err(Failure::input(format!(
                "{source} holds {other}, not F32, BF16 or F16: {}; {CONTIGUOUS}",
                foreign(other).hint()
            )));
        }
    };
    Ok(Matrix { source, rows, columns, scores })
}

/// The kind of a type that no kernel takes.
fn foreign(dtype: Dtype) -> Foreign {
    match dtype {
        Dtype::F64 => Foreign::Wide,
        Dtype::BOOL => Foreign::Bool,
        Dtype::C64 => Foreign::Complex,
        Dtype::I8 | Dtype::U8 => Foreign::Whole(8),
        Dtype::I16 | Dtype::U16 => Foreign::Whole(16),
        Dtype::I32 | Dtype::U32 => Foreign::Whole(32),
        Dtype::I64 | Dtype::U64 => Foreign::Whole(64),
        _ if dtype.bitsize() < 16 => Foreign::Narrow,
        _ => Foreign::Other,
    }
}

fn decode<T, const N: usize>(data: &[u8], from: fn([u8; N]) -> T) -> Result<Vec<T>, Failure> {
    let (elements, _) = data.as_chunks::<N>();
    let mut scores = memory::reserved("the decoded scores", elements.len())?;
    scores.extend(elements.iter().map(|&bytes| from(bytes)));
    Ok(scores)
}
