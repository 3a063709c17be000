//! A mask from a file: a byte for each column, or bits that are packed here.

use crate::args::scores::{self, Shape, Table, Whole};
use crate::ui::exit::Failure;
use std::path::Path;
use topkit::spec::Mask as MaskKey;
use topkit_lab::memory;

/// Which scores may win. The stride is 0 where all rows have one mask.
#[derive(Debug)]
pub enum Mask {
    /// A bit for each column, the first in the lowest bit of the first word of a row.
    Bits { words: Vec<u32>, stride: usize },
    /// A byte for each column.
    Bytes { bytes: Vec<u8>, stride: usize },
}

impl Mask {
    /// Reads it in the form that a kernel takes.
    pub fn read(path: &Path, rows: usize, columns: usize, form: MaskKey) -> Result<Mask, Failure> {
        let shape = Shape { rows, width: columns, wider: false };
        let read = |_: &str, _, number: i128| Ok(number as u8);
        let table: Table<u8> = scores::table("--mask", path, Whole::Marks, shape, read)?;
        let Table { numbers: bytes, stride, .. } = table;
        if form != MaskKey::Bits {
            return Ok(Mask::Bytes { bytes, stride });
        }
        let width = columns.div_ceil(u32::BITS as usize);
        let mut words = memory::reserved("the packed mask", bytes.len() / columns * width)?;
        let word = |marks: &[u8]| {
            let marks = marks.iter().enumerate();
            marks.fold(0, |word, (at, &mark)| word | u32::from(mark != 0) << at)
        };
        for row in bytes.chunks_exact(columns) {
            words.extend(row.chunks(u32::BITS as usize).map(word));
        }
        Ok(Mask::Bits { words, stride: if stride == 0 { 0 } else { width } })
    }

    /// Whether all rows have one mask.
    pub fn is_shared(&self) -> bool {
        matches!(self, Mask::Bits { stride: 0, .. } | Mask::Bytes { stride: 0, .. })
    }

    /// Whether the score in a column of the matrix may win.
    pub fn keeps(&self, row: usize, column: usize) -> bool {
        match self {
            Mask::Bits { words, stride } => {
                words[row * stride + column / 32] >> (column % 32) & 1 == 1
            }
            Mask::Bytes { bytes, stride } => bytes[row * stride + column] != 0,
        }
    }
}
