//! The bytes of a pack, apart from any file. Integers are little-endian.
//!
//! | bytes | content |
//! |---|---|
//! | 0 to 8 | `\x89topkit\n` |
//! | 8 to 12 | the format: 1 |
//! | 12 to 20 | bytes of the index |
//! | 20 to 52 | SHA-256 of the index |
//! | 52 on | the index: JSON, in UTF-8 |
//! | behind it | the cubins, in the order of the index, with nothing between or behind them |
//!
//! The index has the compiler and its options once, and a [`PackedKernel`] for each kernel. It has no
//! offsets and no paths: a kernel begins where the previous one ends. Kernels are sorted by symbol and
//! architecture, without duplicates. It has no time and no machine name, so the same kernels give the
//! same bytes. A fault is a sentence, never a panic, and every number of the file is compared with the
//! file's length before it is used.

use crate::compile::resources::Resources;
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};
use topkit_codegen::Arch;

/// The version of the layout. A change of it needs a new one.
pub const FORMAT: u32 = 1;

/// A byte that is not ASCII and a line feed, so that a program that mangles text is noticed.
pub(super) const MAGIC: [u8; 8] = *b"\x89topkit\n";
pub(super) const HEADER_BYTES: usize = 52;
/// Room for thousands of kernels, and little to read.
pub(super) const INDEX_LIMIT: u64 = 16 << 20;
/// As long as a symbol can be.
const SYMBOL_LIMIT: usize = 255;

/// The description of a pack in its index.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Index {
    pub compiler: String,
    pub options: Vec<String>,
    pub kernels: Vec<PackedKernel>,
}

/// A kernel of a pack.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[non_exhaustive]
pub struct PackedKernel {
    /// The name of its `extern "C"` kernel.
    pub symbol: String,
    /// The architecture that it was compiled for.
    #[serde(with = "name")]
    pub arch: Arch,
    /// SHA-256 of the CUDA C that it was compiled from, in hexadecimal.
    pub source: String,
    /// Bytes of its machine code.
    pub bytes: u64,
    /// SHA-256 of its machine code, in hexadecimal.
    pub sha256: String,
    /// The compiler's log, without the time of the compile.
    pub log: String,
    /// Where its machine code begins in the file.
    #[serde(skip)]
    pub(super) offset: u64,
}

impl PackedKernel {
    /// Registers, spills and shared memory; `None` where the compiler did not tell.
    pub fn resources(&self) -> Option<Resources> {
        Resources::from_log(&self.log)
    }
}

/// An architecture by its name.
mod name {
    use serde::{Deserialize, Deserializer, Serializer, de::Error};
    use topkit_codegen::Arch;

    pub fn serialize<S: Serializer>(arch: &Arch, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(arch)
    }

    pub fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Arch, D::Error> {
        String::deserialize(deserializer)?.parse().map_err(D::Error::custom)
    }
}

/// The header before the index.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Header {
    pub version: u32,
    pub index_bytes: u64,
    pub index_sha256: [u8; 32],
}

impl Header {
    /// The header of an index.
    pub(super) fn of(index: &[u8]) -> Header {
        Header {
            version: FORMAT,
            index_bytes: index.len() as u64,
            index_sha256: Sha256::digest(index).into(),
        }
    }

    pub(super) fn to_bytes(&self) -> [u8; HEADER_BYTES] {
        let mut bytes = [0; HEADER_BYTES];
        bytes[..8].copy_from_slice(&MAGIC);
        bytes[8..12].copy_from_slice(&self.version.to_le_bytes());
        bytes[12..20].copy_from_slice(&self.index_bytes.to_le_bytes());
        bytes[20..].copy_from_slice(&self.index_sha256);
        bytes
    }

    /// Reads the header after its first eight bytes.
    pub(super) fn read(bytes: &[u8; HEADER_BYTES]) -> Header {
        let [_, _, _, _, _, _, _, _, v0, v1, v2, v3, rest @ ..] = *bytes;
        let [i0, i1, i2, i3, i4, i5, i6, i7, index_sha256 @ ..] = rest;
        Header {
            version: u32::from_le_bytes([v0, v1, v2, v3]),
            index_bytes: u64::from_le_bytes([i0, i1, i2, i3, i4, i5, i6, i7]),
            index_sha256,
        }
    }
}

impl Index {
    /// Reads an index whose digest was checked, and finds the place of every kernel, from `start`
    /// to the end of a file of `file_bytes`.
    pub(super) fn read(json: &[u8], start: u64, file_bytes: u64) -> Result<Index, String> {
        let mut index: Index =
            serde_json::from_slice(json).map_err(|error| format!("its index: {error}"))?;
        let told = index.options.iter().chain([&index.compiler]);
        if told.flat_map(|text| text.chars()).any(char::is_control) {
            return Err("its index names a compiler that is none".to_owned());
        }
        let mut end = start;
        for kernel in &mut index.kernels {
            kernel.check()?;
            kernel.offset = end;
            end = end.checked_add(kernel.bytes).filter(|end| *end <= file_bytes).ok_or_else(
                || {
                    format!(
                        "it ends after {file_bytes} bytes, in the machine code of {} for {}",
                        kernel.symbol, kernel.arch
                    )
                },
            )?;
        }
        if end != file_bytes {
            return Err(format!("{} bytes follow its last kernel", file_bytes - end));
        }
        match index.kernels.windows(2).find(|pair| pair[0].key() >= pair[1].key()) {
            Some(pair) => Err(format!("its index lists {} out of order", pair[1].symbol)),
            None => Ok(index),
        }
    }
}

impl PackedKernel {
    fn key(&self) -> (&str, Arch) {
        (&self.symbol, self.arch)
    }

    /// A name goes to terminals and into messages, and nowhere does it name a file.
    fn check(&self) -> Result<(), String> {
        let letter = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'_';
        if self.symbol.is_empty()
            || self.symbol.len() > SYMBOL_LIMIT
            || !self.symbol.bytes().all(letter)
        {
            return Err(format!("its index names a kernel {:.80?}", self.symbol));
        }
        let digest = |text: &str| {
            text.len() == 64 && text.bytes().all(|b| matches!(b, b'0'..=b'9' | b'a'..=b'f'))
        };
        if self.bytes == 0 || !digest(&self.source) || !digest(&self.sha256) {
            return Err(format!("its index has no machine code or no digest of {}", self.symbol));
        }
        Ok(())
    }
}
