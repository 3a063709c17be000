//! `.safetensors`: one tensor of F32, BF16 or F16.

use super::foreign::{CONTIGUOUS, Foreign};
use super::shape;
use crate::ui::exit::Failure;
use safetensors::{Dtype, SafeTensorError, SafeTensors};
use topkit::{DType, Score, with_score};
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
    let written = tensor.dtype().to_string();
    let served = DType::ALL.into_iter().find(|dtype| dtype.safetensors_name() == written);
    let Some(dtype) = served else {
        return Err(Failure::input(format!(
            "{source} holds {written}, not F32, BF16 or F16: {}; {CONTIGUOUS}",
            foreign(tensor.dtype()).hint()
        )));
    };
    let scores = with_score!(dtype, S => Scores::new(decode::<S>(data)?));
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

fn decode<S: Score>(data: &[u8]) -> Result<Vec<S>, Failure> {
    let elements = data.chunks_exact(S::DTYPE.bytes() as usize);
    let mut scores = memory::reserved("the decoded scores", elements.len())?;
    let more = |bits: u32, byte: &u8| bits << 8 | u32::from(*byte);
    scores.extend(elements.map(|bytes| S::from_bits(bytes.iter().rev().fold(0, more))));
    Ok(scores)
}
