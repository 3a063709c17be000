//! The table of score types, with the codes of every front.
//!
//! A new dtype needs a row here, a traits block in `templates/score/dtypes.cuh` and a Rust type in
//! `runtime/src/problem/score.rs`. All other code reads these tables.

use crate::naming::named;

/// The facts of a dtype for the host and the fronts.
struct Row {
    name: &'static str,
    /// Its traits block in CUDA C.
    cuda: &'static str,
    bytes: u32,
    /// A floating-point type: it has NaN, infinities, and a value as fp16.
    float: bool,
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
        float: true,
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
        float: true,
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
        float: true,
        c: 3,
        npy: &["f2", "e", "float16", "half"],
        safetensors: "F16",
        dlpack: (2, 16),
    };
}

named! { DType, "dtype" }

impl DType {
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

    /// Whether it is a floating-point type.
    pub const fn is_float(self) -> bool {
        self.row().float
    }

    /// Elements of a load of 16 bytes, the widest there is.
    pub const fn widest_load(self) -> u32 {
        16 / self.bytes()
    }

    /// Bits of a score's ordered key.
    pub const fn key_bits(self) -> u32 {
        self.bytes() * 8
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
    }
}
