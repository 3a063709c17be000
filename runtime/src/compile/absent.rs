//! The compiler of a machine without one. It refuses every compile: such an engine has only the kernels of
//! its packs, and turns the refusal into [`NotPacked`](super::cache::NotPacked).

use super::{CompileError, Compiled, Compiler, options};
use topkit_codegen::{Arch, RenderedSource};

/// No compiler.
#[derive(Debug)]
pub(crate) struct Absent;

impl Compiler for Absent {
    fn version(&self) -> String {
        "no compiler".to_owned()
    }

    /// The options that decide code, because packs are searched by them.
    fn options(&self) -> Vec<String> {
        options::of_code()
    }

    fn compile(&self, source: &RenderedSource, arch: Arch) -> Result<Compiled, CompileError> {
        Err(CompileError::new(self.version(), &source.entry, arch, "there is none here"))
    }
}
