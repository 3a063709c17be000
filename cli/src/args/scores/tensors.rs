//! `.safetensors`: one tensor of any type of numbers.

use super::array::{Array, Element};
use super::stored::Stored;
use super::{Read, Reading};
use crate::ui::exit::Failure;
use safetensors::{SafeTensorError, SafeTensors};

/// Part of every hint to write a `.safetensors` file from NumPy.
const CONTIGUOUS: &str = "from NumPy, save numpy.ascontiguousarray of it: safetensors 0.8.0 writes an \
                          array that is not contiguous in a wrong order";

/// Whether a file begins as a `.safetensors` file: the length of a header, and an object of JSON.
pub fn begins(bytes: &[u8]) -> bool {
    bytes.get(8) == Some(&b'{')
}

/// Reads the named tensor, or the only one.
pub fn read(place: &str, bytes: &[u8], reading: &Reading) -> Result<Read, Failure> {
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
    let name = match (reading.tensor.as_deref(), &names[..]) {
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
    let written = tensor.dtype().to_string();
    let Some(stored) = Stored::from_safetensors(&written) else {
        return Err(Failure::input(format!(
            "{source} holds {written}, which topkit cannot rank; save it as F32; {CONTIGUOUS}"
        )));
    };
    let array = Array {
        source,
        written,
        element: Element::Of(stored),
        big: false,
        fortran: false,
        shape: tensor.shape().to_vec(),
        data: tensor.data(),
    };
    array.scores(reading)
}
