//! The score file that ships in `data/`, with the texts of its rows and columns.

use half::bf16;
use safetensors::{Dtype, SafeTensors};
use std::error::Error;
use std::fs;
use std::path::{Path, PathBuf};

/// A matrix of similarities: a row a query, a column a sentence.
pub struct Scores {
    pub values: Vec<bf16>,
    pub rows: usize,
    pub columns: usize,
    pub queries: Vec<String>,
    pub sentences: Vec<String>,
}

impl Scores {
    pub fn load() -> Result<Scores, Box<dyn Error>> {
        let path = file("scores.safetensors");
        let bytes = fs::read(&path).map_err(|error| format!("{}: {error}", path.display()))?;
        let file = SafeTensors::deserialize(&bytes)?;
        let tensor = file.tensor("scores")?;
        let (Dtype::BF16, &[rows, columns]) = (tensor.dtype(), tensor.shape()) else {
            let (dtype, shape) = (tensor.dtype(), tensor.shape());
            let path = path.display();
            return Err(format!("{path}: scores are {dtype:?} {shape:?}, not a BF16 matrix").into());
        };
        let element = |bytes: &[u8]| bf16::from_le_bytes([bytes[0], bytes[1]]);
        let values = tensor.data().chunks_exact(2).map(element).collect();
        let (queries, sentences) = (lines("queries.txt", rows)?, lines("sentences.txt", columns)?);
        Ok(Scores { values, rows, columns, queries, sentences })
    }
}

fn file(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../data").join(name)
}

/// The lines of a text, one for each row or column.
fn lines(name: &str, expected: usize) -> Result<Vec<String>, Box<dyn Error>> {
    let path = file(name);
    let text = fs::read_to_string(&path).map_err(|error| format!("{}: {error}", path.display()))?;
    let lines: Vec<String> = text.lines().map(str::to_owned).collect();
    if lines.len() != expected {
        let path = path.display();
        return Err(format!("{path} has {} lines, but the scores {expected}", lines.len()).into());
    }
    Ok(lines)
}
