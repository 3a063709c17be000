//! The inputs that decide the machine code of a kernel, and the key made from them.
//!
//! Time stamps, paths and machine names are no part of a key: two machines with the same compiler have
//! the same keys. Nothing here does IO or can fail.

use sha2::{Digest, Sha256};
use std::fmt;
use topkit_codegen::Arch;

/// The version of the key and of the layout on disk. A change of either needs a new one.
pub const FORMAT: u32 = 1;

/// Everything that decides the machine code of one kernel.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct KeyInputs<'a> {
    /// The symbol of the kernel.
    pub entry: &'a str,
    /// The whole CUDA C that is compiled.
    pub source: &'a str,
    /// The compiler's options, in the order in which it gets them.
    pub options: &'a [String],
    /// The target, with its suffix.
    pub arch: Arch,
    /// Name and release of the compiler, as in `nvrtc 13.2.78`.
    pub compiler: &'a str,
}

/// The key of one compiled kernel: its symbol and the SHA-256 of all that decides its code.
#[derive(Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct CacheKey {
    entry: String,
    digest: [u8; 32],
}

impl KeyInputs<'_> {
    /// The key of these inputs; any change of the source, of an option, of the order of the
    /// options, of the architecture or of the compiler's version gives another one.
    pub fn key(&self) -> CacheKey {
        let mut hash = Sha256::new();
        hash.update(FORMAT.to_le_bytes());
        field(&mut hash, self.source);
        // The count keeps the last option apart from the field that follows the list.
        hash.update((self.options.len() as u64).to_le_bytes());
        for option in self.options {
            field(&mut hash, option);
        }
        field(&mut hash, &self.arch.to_string());
        field(&mut hash, self.compiler);
        CacheKey { entry: self.entry.to_owned(), digest: hash.finalize().into() }
    }
}

/// The length goes first, so that text cannot move from one field to the next unseen.
fn field(hash: &mut Sha256, text: &str) {
    hash.update((text.len() as u64).to_le_bytes());
    hash.update(text);
}

impl CacheKey {
    /// The symbol of the kernel.
    pub fn entry(&self) -> &str {
        &self.entry
    }

    /// The digest, in 64 lower-case hexadecimal digits.
    pub fn digest(&self) -> String {
        hex(&self.digest)
    }

    /// The name of its folder: `<symbol>-<first 32 digits of the digest>`. It is a plain file
    /// name whatever the symbol is; the whole digest is checked when the folder is read.
    pub fn folder_name(&self) -> String {
        let plain = |c: char| if c.is_ascii_alphanumeric() { c } else { '_' };
        let symbol: String = self.entry.chars().take(SYMBOL_CHARS).map(plain).collect();
        format!("{symbol}-{}", hex(&self.digest[..FOLDER_DIGEST_BYTES]))
    }
}

/// File systems allow 255 bytes a name; the digest, and a suffix while it is written, need some.
const SYMBOL_CHARS: usize = 160;
const FOLDER_DIGEST_BYTES: usize = 16;

/// The symbol in a folder's name, or `None` where the name is not one that a key gives.
pub(super) fn symbol_of_folder(name: &str) -> Option<&str> {
    let (symbol, digest) = name.rsplit_once('-')?;
    let plain = symbol.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'_');
    let hex = digest.bytes().all(|b| matches!(b, b'0'..=b'9' | b'a'..=b'f'));
    (plain && hex && digest.len() == 2 * FOLDER_DIGEST_BYTES).then_some(symbol)
}

/// SHA-256 in lower-case hexadecimal.
pub(crate) fn sha256(bytes: &[u8]) -> String {
    hex(&Sha256::digest(bytes))
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

impl fmt::Display for CacheKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.folder_name())
    }
}

impl fmt::Debug for CacheKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "CacheKey({self})")
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn key(source: &str, options: &[String], arch: &str, compiler: &str) -> CacheKey {
        let arch = arch.parse().unwrap();
        KeyInputs { entry: "topk", source, options, arch, compiler }.key()
    }

    #[test]
    fn the_key_never_changes_by_accident() {
        let options = ["-std=c++17".to_owned(), "--warn".to_owned()];
        assert_eq!(
            key("int x;", &options, "sm_90a", "nvrtc 13.0").folder_name(),
            "topk-7867f26c47a8942532c0ddde63df2e9d",
        );
    }

    #[test]
    fn every_input_counts_and_so_do_the_borders_between_them() {
        let list = |options: &[&str]| options.iter().map(|o| o.to_string()).collect::<Vec<_>>();
        let keys = [
            key("s", &list(&["a", "b"]), "sm_90", "c 1"),
            key("s ", &list(&["a", "b"]), "sm_90", "c 1"),
            key("s", &list(&["b", "a"]), "sm_90", "c 1"),
            key("s", &list(&["ab"]), "sm_90", "c 1"),
            key("s", &list(&["a", "b", ""]), "sm_90", "c 1"),
            key("sa", &list(&["b"]), "sm_90", "c 1"),
            key("s", &list(&["a"]), "sm_90", "c 1"),
            key("s", &list(&["a", "b"]), "sm_90a", "c 1"),
            key("s", &list(&["a", "b"]), "sm_100", "c 1"),
            key("s", &list(&["a", "b"]), "sm_90", "c 2"),
            key("s", &list(&["a", "b", "sm_90"]), "sm_90", "c 1"),
        ];
        for (i, one) in keys.iter().enumerate() {
            for (j, other) in keys.iter().enumerate() {
                assert_eq!(one == other, i == j, "{i} {j}");
                assert_eq!(one.folder_name() == other.folder_name(), i == j, "{i} {j}");
            }
        }
    }

    proptest! {
        /// Two lists of fields with one concatenation are the inputs that a careless key mixes up.
        #[test]
        fn moving_a_border_changes_the_key(
            text in "[ab]{0,6}", cuts in proptest::collection::vec(0usize..7, 6),
        ) {
            let split = |cuts: &[usize]| {
                let mut cuts: Vec<usize> = cuts.iter().map(|&c| c.min(text.len())).collect();
                cuts.sort();
                let parts = [&text[..cuts[0]], &text[cuts[0]..cuts[1]], &text[cuts[1]..cuts[2]],
                    &text[cuts[2]..]];
                parts.map(str::to_owned)
            };
            let (one, other) = (split(&cuts[..3]), split(&cuts[3..]));
            let of = |p: &[String; 4]| key(&p[0], &p[1..3], "sm_80", &p[3]);
            prop_assert_eq!(one == other, of(&one) == of(&other));
        }

        /// A folder name must stay inside its folder and be found again, whatever the symbol is.
        #[test]
        fn any_symbol_gives_a_plain_folder_name(entry in "\\PC{0,300}") {
            let inputs = KeyInputs {
                entry: &entry, source: "", options: &[], arch: Arch::new(8, 0), compiler: "c",
            };
            let name = inputs.key().folder_name();
            prop_assert!(name.len() < 220, "{}", name);
            prop_assert!(symbol_of_folder(&name).is_some(), "{}", name);
        }
    }
}
