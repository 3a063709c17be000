//! What tells programs apart: a digest of all of one, and what the sizes of its kernels depend on.

use super::ProgramBuilder;
use sha2::{Digest, Sha256};
use std::fmt;
use std::str::FromStr;

/// Bytes of the digest: enough that no two programs of a process share one.
const BYTES: usize = 16;

/// What tells a program from every other one. Its text is `p` and 32 hexadecimal digits, then `k` and a
/// number where the program sets the bytes of a key: `p00112233445566778899aabbccddeeffk8`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct ProgramId {
    digest: [u8; BYTES],
    key_bytes: Option<u8>,
}

impl ProgramId {
    pub(super) fn of(program: &ProgramBuilder) -> ProgramId {
        let ProgramBuilder { text, source, ordinal, output, key_bytes, fields } = program;
        let mut hash = Sha256::new();
        // The length goes first, so that text cannot move from one part to the next unseen.
        let mut part = |text: &str| {
            hash.update((text.len() as u64).to_le_bytes());
            hash.update(text);
        };
        part(text);
        for name in [source, ordinal, output] {
            part(if name.is_some() { "named" } else { "plain" });
            part(name.as_deref().unwrap_or_default());
        }
        part(&key_bytes.map_or(String::new(), |bytes| bytes.to_string()));
        for (name, kind) in fields {
            part(name);
            part(&kind.name());
        }
        let mut digest = [0; BYTES];
        digest.copy_from_slice(&hash.finalize()[..BYTES]);
        ProgramId { digest, key_bytes: *key_bytes }
    }

    /// Bytes of a key as the kernels store it; `None` where they are those of a score.
    pub const fn key_bytes(self) -> Option<u8> {
        self.key_bytes
    }
}

impl fmt::Display for ProgramId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("p")?;
        self.digest.iter().try_for_each(|byte| write!(f, "{byte:02x}"))?;
        self.key_bytes.map_or(Ok(()), |bytes| write!(f, "k{bytes}"))
    }
}

/// A text that names no program.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error(
    "`{0}` is not the id of a program; write `p`, 32 hexadecimal digits, and `k8` where its keys have 8 bytes"
)]
pub struct UnknownProgram(String);

impl FromStr for ProgramId {
    type Err = UnknownProgram;

    fn from_str(text: &str) -> Result<ProgramId, UnknownProgram> {
        let read = || {
            let (digits, key) = text.strip_prefix('p')?.split_at_checked(2 * BYTES)?;
            let mut digest = [0; BYTES];
            for (place, byte) in digest.iter_mut().enumerate() {
                *byte = u8::from_str_radix(&digits[2 * place..2 * place + 2], 16).ok()?;
            }
            let key_bytes = match key {
                "" => None,
                key => Some(key.strip_prefix('k')?.parse().ok()?),
            };
            Some(ProgramId { digest, key_bytes })
        };
        // One id has one text.
        let written = read().filter(|id| id.to_string() == text);
        written.ok_or_else(|| UnknownProgram(text.to_owned()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::program::{FieldType, Program, Scalar};
    use std::collections::HashSet;

    const TEXT: &str = "struct A {}; struct B {};";

    #[test]
    fn an_id_reads_back() {
        for key_bytes in [None, Some(8)] {
            let program = ProgramBuilder { key_bytes, ..Program::builder(TEXT).source("A") };
            let id = program.build().unwrap().id();
            assert_eq!(id.to_string().parse(), Ok(id));
            assert_eq!(id.key_bytes(), key_bytes);
        }
        let digits = "p00112233445566778899aabbccddeeff";
        for text in ["", "p", &digits[1..], &digits[..32], &digits.to_uppercase()] {
            let error = text.parse::<ProgramId>().unwrap_err().to_string();
            assert!(error.contains("is not the id of a program"), "{error}");
        }
        for end in ["k", "k08", "k300", "x8", "k8k8", "0"] {
            assert!(format!("{digits}{end}").parse::<ProgramId>().is_err(), "{end}");
        }
        assert!("p00112233445566778899aabbccddeefé".parse::<ProgramId>().is_err());
    }

    #[test]
    fn every_part_of_a_program_counts() {
        let plain = || Program::builder(TEXT).source("A");
        let scalar = FieldType::Scalar(Scalar::F32);
        let all = [
            plain(),
            Program::builder(format!("{TEXT} ")).source("A"),
            Program::builder(TEXT).source("B"),
            Program::builder(TEXT).ordinal("A"),
            Program::builder(TEXT).output("A"),
            plain().output("B"),
            plain().ordinal("B"),
            plain().key_bytes(4),
            plain().key_bytes(8),
            plain().field("x", scalar),
            plain().field("y", scalar),
            plain().field("x", FieldType::Slice(Scalar::F32)),
            plain().field("x", FieldType::SliceMut(Scalar::F32)),
            plain().field("x", FieldType::Scalar(Scalar::I32)),
            plain().field("x", scalar).field("y", scalar),
            plain().field("y", scalar).field("x", scalar),
        ];
        let ids: HashSet<_> = all.iter().map(|one| one.clone().build().unwrap().id()).collect();
        assert_eq!(ids.len(), all.len());
        assert_eq!(plain().build().unwrap().id(), plain().build().unwrap().id());
    }
}
