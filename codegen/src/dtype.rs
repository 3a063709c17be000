//! The table of score types. A new dtype is one row here and one traits block in
//! `templates/score/ordinal.cuh`; everything else reads this table.

use std::fmt;

/// The type of a score in the input matrix.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
#[non_exhaustive]
pub enum DType {
    /// IEEE 754 binary32.
    F32,
    /// bfloat16: the upper half of an `f32`.
    Bf16,
    /// IEEE 754 binary16.
    F16,
}

/// One row of the dtype table.
struct Row {
    dtype: DType,
    /// How the macro, file names and symbols spell it.
    name: &'static str,
    /// The traits block in `order_key.cuh`.
    cuda: &'static str,
    bytes: u32,
}

const TABLE: [Row; 3] = [
    Row { dtype: DType::F32, name: "f32", cuda: "F32", bytes: 4 },
    Row { dtype: DType::Bf16, name: "bf16", cuda: "Bf16", bytes: 2 },
    Row { dtype: DType::F16, name: "f16", cuda: "F16", bytes: 2 },
];

impl DType {
    /// Every dtype, in the order of the table.
    pub const ALL: [DType; TABLE.len()] = {
        let mut all = [DType::F32; TABLE.len()];
        let mut i = 0;
        while i < TABLE.len() {
            assert!(TABLE[i].dtype as usize == i, "table rows stand in the order of the enum");
            all[i] = TABLE[i].dtype;
            i += 1;
        }
        all
    };

    const fn row(self) -> &'static Row {
        &TABLE[self as usize]
    }

    /// The name used in the macro, in symbols and in files: `f32`, `bf16`, `f16`.
    pub const fn name(self) -> &'static str {
        self.row().name
    }

    /// The dtype of that name.
    pub fn from_name(name: &str) -> Option<DType> {
        TABLE.iter().find(|row| row.name == name).map(|row| row.dtype)
    }

    /// The name of its traits block in CUDA C.
    pub const fn cuda_name(self) -> &'static str {
        self.row().cuda
    }

    /// Bytes an element takes in memory.
    pub const fn bytes(self) -> u32 {
        self.row().bytes
    }

    /// Bits of the ordered key that stands for a score.
    pub const fn key_bits(self) -> u32 {
        self.bytes() * 8
    }
}

impl fmt::Display for DType {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}
