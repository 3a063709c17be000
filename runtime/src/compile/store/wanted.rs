//! The request for a kernel: its source, its architecture, and the compiler that would make it.
//!
//! Only a store that needs the compiler's version asks for it, because NVRTC compiles an empty text to
//! tell its release.

use super::key::{CacheKey, KeyInputs, sha256};
use crate::compile::KeyedCompiler;
use std::cell::OnceCell;
use topkit_codegen::{Arch, RenderedSource};

/// The request for a kernel.
#[derive(Debug)]
pub struct Wanted<'a> {
    source: &'a RenderedSource,
    arch: Arch,
    compiler: &'a KeyedCompiler,
    key: OnceCell<CacheKey>,
    key_of_any_compiler: OnceCell<CacheKey>,
    digest: OnceCell<String>,
}

impl<'a> Wanted<'a> {
    pub(crate) fn new(source: &'a RenderedSource, arch: Arch, compiler: &'a KeyedCompiler) -> Self {
        let (key, key_of_any_compiler, digest) =
            (OnceCell::new(), OnceCell::new(), OnceCell::new());
        Wanted { source, arch, compiler, key, key_of_any_compiler, digest }
    }

    /// The text that would be compiled.
    pub fn source(&self) -> &'a RenderedSource {
        self.source
    }

    /// The architecture that it is needed for.
    pub fn arch(&self) -> Arch {
        self.arch
    }

    /// SHA-256 of the text, in hexadecimal.
    pub fn digest(&self) -> &str {
        self.digest.get_or_init(|| sha256(self.source.text.as_bytes()))
    }

    /// The inputs that decide its machine code. It asks the compiler for its version.
    pub fn inputs(&self) -> KeyInputs<'a> {
        KeyInputs { compiler: self.compiler.version(), ..self.inputs_of_any_compiler() }
    }

    /// As [`Wanted::inputs`], with an empty name in place of the compiler's.
    pub fn inputs_of_any_compiler(&self) -> KeyInputs<'a> {
        KeyInputs {
            entry: &self.source.entry,
            source: &self.source.text,
            options: self.compiler.options(),
            arch: self.arch,
            compiler: "",
        }
    }

    /// The key of the kernel that this compiler would make. It asks the compiler for its version.
    pub fn key(&self) -> &CacheKey {
        self.key.get_or_init(|| self.inputs().key())
    }

    /// The key by which one process knows the kernel: it has one compiler, and a kernel of a pack must
    /// not ask for the version.
    pub fn key_of_any_compiler(&self) -> &CacheKey {
        self.key_of_any_compiler.get_or_init(|| self.inputs_of_any_compiler().key())
    }
}
