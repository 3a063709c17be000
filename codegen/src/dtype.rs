//! The table of score types, with the codes of every front.
//!
//! A new dtype needs a row here, a traits block in `templates/score/dtypes.cuh` and a Rust type in
//! `runtime/src/problem/score.rs`. All other code reads these tables.

use crate::naming::named;

/// How kernels compare the scores of a dtype.
enum Score {
    /// As they are stored.
    Stored,
    /// Widened as they are loaded: the wider type keeps their order, and is a key of so many bytes.
    Widened { bytes: u32 },
}

/// The facts of a dtype for the host and the fronts.
struct Row {
    name: &'static str,
    /// Its traits block in CUDA C.
    cuda: &'static str,
    bytes: u32,
    /// The dtype whose keys its scores have in a kernel: itself, or a wider one that holds each score.
    score: Score,
    /// `TOPKIT_DTYPE_...` in C. It never changes.
    c: i32,
    /// Names of numpy and ml_dtypes without the sign of the byte order, the one in files first.
    npy: &'static [&'static str],
    safetensors: &'static str,
    /// Type code and bits.
    dlpack: (u8, u8),
}

macro_rules! dtypes {
    ($($(#[doc = $doc:literal])* $dtype:ident = $row:expr;)*) => {
        /// The type of a score in the input matrix.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
        pub enum DType { $($(#[doc = $doc])* $dtype,)* }

        impl DType {
            /// Every dtype, in the order of the table.
            pub const ALL: [DType; [$(DType::$dtype),*].len()] = [$(DType::$dtype),*];

            const fn row(self) -> &'static Row {
                match self { $(DType::$dtype => { const ROW: &Row = &$row; ROW })* }
            }

            /// Its documentation, in one line.
            pub const fn summary(self) -> &'static str {
                match self { $(DType::$dtype => concat!($($doc),*).trim_ascii(),)* }
            }
        }
    };
}

dtypes! {
    /// IEEE 754 binary32.
    F32 = Row {
        name: "f32",
        cuda: "F32",
        bytes: 4,
        score: Score::Stored,
        c: 1,
        npy: &["f4", "f", "float32", "single"],
        safetensors: "F32",
        dlpack: (2, 32),
    };
    /// bfloat16: the upper half of an `f32`.
    Bf16 = Row {
        name: "bf16",
        cuda: "Bf16",
        bytes: 2,
        score: Score::Stored,
        c: 2,
        npy: &["bfloat16"],
        safetensors: "BF16",
        dlpack: (4, 16),
    };
    /// IEEE 754 binary16.
    F16 = Row {
        name: "f16",
        cuda: "F16",
        bytes: 2,
        score: Score::Stored,
        c: 3,
        npy: &["f2", "e", "float16", "half"],
        safetensors: "F16",
        dlpack: (2, 16),
    };
    /// Signed integer of 32 bits.
    I32 = Row {
        name: "i32",
        cuda: "I32",
        bytes: 4,
        score: Score::Stored,
        c: 5,
        npy: &["i4", "i", "int32", "intc"],
        safetensors: "I32",
        dlpack: (0, 32),
    };
    /// Unsigned integer of 32 bits.
    U32 = Row {
        name: "u32",
        cuda: "U32",
        bytes: 4,
        score: Score::Stored,
        c: 6,
        npy: &["u4", "I", "uint32", "uintc"],
        safetensors: "U32",
        dlpack: (1, 32),
    };
    /// Signed integer of 16 bits.
    I16 = Row {
        name: "i16",
        cuda: "I16",
        bytes: 2,
        score: Score::Widened { bytes: 4 },
        c: 7,
        npy: &["i2", "h", "int16", "short"],
        safetensors: "I16",
        dlpack: (0, 16),
    };
    /// Signed integer of 8 bits.
    I8 = Row {
        name: "i8",
        cuda: "I8",
        bytes: 1,
        score: Score::Widened { bytes: 2 },
        c: 8,
        npy: &["i1", "b", "int8", "byte"],
        safetensors: "I8",
        dlpack: (0, 8),
    };
    /// Unsigned integer of 8 bits.
    U8 = Row {
        name: "u8",
        cuda: "U8",
        bytes: 1,
        score: Score::Widened { bytes: 2 },
        c: 9,
        npy: &["u1", "B", "uint8", "ubyte"],
        safetensors: "U8",
        dlpack: (1, 8),
    };
    /// OCP 8-bit floating point E4M3, the variant without infinities: `float8_e4m3fn`.
    F8E4m3 = Row {
        name: "f8_e4m3",
        cuda: "F8E4m3",
        bytes: 1,
        score: Score::Widened { bytes: 2 },
        c: 10,
        npy: &["float8_e4m3fn"],
        safetensors: "F8_E4M3",
        dlpack: (10, 8),
    };
    /// OCP 8-bit floating point E5M2: the upper half of an `f16`.
    F8E5m2 = Row {
        name: "f8_e5m2",
        cuda: "F8E5m2",
        bytes: 1,
        score: Score::Widened { bytes: 2 },
        c: 11,
        npy: &["f1", "float8_e5m2"],
        safetensors: "F8_E5M2",
        dlpack: (12, 8),
    };
    /// IEEE 754 binary64.
    F64 = Row {
        name: "f64",
        cuda: "F64",
        bytes: 8,
        score: Score::Stored,
        c: 12,
        npy: &["f8", "d", "float64", "double", "float"],
        safetensors: "F64",
        dlpack: (2, 64),
    };
}

named! { DType, "dtype" }

impl DType {
    /// A value of the key `dtype`, for messages.
    pub const EXAMPLE: &'static str = "[f32, bf16, f16]";

    /// The name used in the macro, in symbols and in files: `f32`, `bf16`, `f16`.
    pub const fn name(self) -> &'static str {
        self.row().name
    }

    /// The name of its traits block in CUDA C.
    pub const fn cuda_name(self) -> &'static str {
        self.row().cuda
    }

    /// Bytes an element takes in memory.
    pub const fn bytes(self) -> u32 {
        self.row().bytes
    }

    /// Whether kernels widen its scores as they load them, so that these are compared as a wider type.
    pub const fn is_widened(self) -> bool {
        matches!(self.row().score, Score::Widened { .. })
    }

    /// Bytes of the type that kernels compare its scores in.
    pub const fn score_bytes(self) -> u32 {
        match self.row().score {
            Score::Stored => self.row().bytes,
            Score::Widened { bytes } => bytes,
        }
    }

    /// Whether it is an integer type, without NaN.
    pub const fn is_integer(self) -> bool {
        matches!(self.row().dlpack.0, 0 | 1)
    }

    /// Elements of a load of 16 bytes, the widest there is.
    pub const fn widest_load(self) -> u32 {
        16 / self.bytes()
    }

    /// Bits an element takes in memory.
    pub const fn bits(self) -> u32 {
        8 * self.bytes()
    }

    /// Bits of a score's ordered key.
    pub const fn key_bits(self) -> u32 {
        self.score_bytes() * 8
    }

    /// Its code in C, `TOPKIT_DTYPE_...`.
    pub const fn c_code(self) -> i32 {
        self.row().c
    }

    /// The dtype of a code of C.
    pub fn from_c_code(code: i32) -> Option<DType> {
        DType::ALL.into_iter().find(|dtype| dtype.c_code() == code)
    }

    /// Its names in numpy and ml_dtypes without the sign of the byte order, the one that files use first.
    /// In files ml_dtypes has no name for bf16: it writes `V2`, raw elements of two bytes.
    pub const fn npy_names(self) -> &'static [&'static str] {
        self.row().npy
    }

    /// Its name in the header of a `.safetensors` file.
    pub const fn safetensors_name(self) -> &'static str {
        self.row().safetensors
    }

    /// Its type code and its bits in DLPack.
    pub const fn dlpack(self) -> (u8, u8) {
        self.row().dlpack
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_code_names_one_dtype() {
        for one in DType::ALL {
            assert_eq!(DType::from_c_code(one.c_code()), Some(one));
            assert_eq!(u32::from(one.dlpack().1), 8 * one.bytes(), "{one}");
            for other in DType::ALL.into_iter().filter(|other| *other != one) {
                assert_ne!(one.dlpack(), other.dlpack());
                assert_ne!(one.safetensors_name(), other.safetensors_name());
                assert!(one.npy_names().iter().all(|name| !other.npy_names().contains(name)));
            }
        }
        assert_eq!(DType::from_c_code(0), None, "0 is what a forgotten field holds");
    }

    #[test]
    fn a_summary_is_a_sentence() {
        assert_eq!(DType::F16.summary(), "IEEE 754 binary16.");
        assert!(DType::ALL.iter().all(|dtype| dtype.summary().ends_with('.')));
    }
}
