//! What stands in the compiler's place on a machine without one. It compiles nothing: who has it
//! is served by packs alone, and turns its refusal into [`NotPacked`](super::NotPacked).

use crate::compile::nvrtc::Nvrtc;
use crate::compile::{CompileError, Compiled, Compiler};
use topkit_codegen::{Arch, RenderedSource};

/// No compiler.
#[derive(Debug)]
pub(crate) struct Absent;

impl Compiler for Absent {
    fn version(&self) -> String {
        "no compiler".to_owned()
    }

    /// Those that decide code, since packs are searched by them.
    fn options(&self) -> Vec<String> {
        Nvrtc::code_options()
    }

    fn compile(&self, source: &RenderedSource, arch: Arch) -> Result<Compiled, CompileError> {
        Err(CompileError {
            compiler: self.version(),
            entry: source.entry.clone(),
            arch,
            reason: "there is none here".to_owned(),
            log: String::new(),
            blames_kernel: false,
        })
    }
}
