//! The interface between the cache and a compiler of CUDA C: NVRTC in the product, a fake in the tests
//! of the cache. It keeps no kernel. A refusal carries the compiler's own log, goes to every thread that
//! waits for the kernel, and is not remembered.

use std::fmt;
use std::sync::{Arc, OnceLock};
use topkit_codegen::{Arch, RenderedSource};

/// Turns CUDA C into a cubin. The cubin must follow from the arguments, the options and the version,
/// which make the cache key. A cache asks for the options once, when it is made.
pub trait Compiler: Send + Sync + fmt::Debug {
    /// Name and version, as in `nvrtc 13.2.78`; part of the cache key. A cache asks for it once, when
    /// a kernel is first wanted that no pack has.
    fn version(&self) -> String;

    /// Options given to every compile, in order; part of the cache key.
    fn options(&self) -> Vec<String>;

    /// Compiles one kernel for one architecture.
    fn compile(&self, source: &RenderedSource, arch: Arch) -> Result<Compiled, CompileError>;

    /// The PTX of a kernel, for reading; launches use the cubin.
    fn ptx(&self, source: &RenderedSource, arch: Arch) -> Result<String, CompileError> {
        let reason = "this compiler gives no PTX";
        Err(CompileError::new(self.version(), &source.entry, arch, reason))
    }
}

/// The output of a compile.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Compiled {
    /// Machine code for one architecture.
    pub cubin: Vec<u8>,
    /// The compiler's log: registers, spills and shared memory, and any warning.
    pub log: String,
}

impl Compiled {
    /// Machine code and a build log.
    pub fn new(cubin: Vec<u8>, log: impl Into<String>) -> Compiled {
        Compiled { cubin, log: log.into() }
    }
}

/// A kernel that the compiler refused.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{compiler} refused {entry} for {arch}: {reason}\n{log}")]
#[non_exhaustive]
pub struct CompileError {
    /// Name and version of the compiler.
    pub compiler: String,
    /// The kernel's symbol.
    pub entry: String,
    /// The target.
    pub arch: Arch,
    /// The compiler's own error code or sentence.
    pub reason: String,
    /// Its log, unescaped; lines name the template's file and line.
    pub log: String,
    /// The text of the kernel is to blame, not the compiler or the machine, so another kernel may
    /// compile. Only then do plans name another kernel instead.
    pub blames_kernel: bool,
}

impl CompileError {
    /// A refusal without a log, which says nothing against the text of the kernel.
    pub fn new(
        compiler: impl Into<String>,
        entry: impl Into<String>,
        arch: Arch,
        reason: impl Into<String>,
    ) -> CompileError {
        CompileError {
            compiler: compiler.into(),
            entry: entry.into(),
            arch,
            reason: reason.into(),
            log: String::new(),
            blames_kernel: false,
        }
    }
}

/// A compiler with the parts of its keys: its options, and its version, which is asked for when it is
/// first needed. NVRTC compiles an empty text to tell its release, so a kernel that a pack has must not
/// ask.
#[derive(Debug)]
pub(crate) struct KeyedCompiler {
    compiler: Arc<dyn Compiler>,
    options: Vec<String>,
    version: OnceLock<String>,
}

impl KeyedCompiler {
    /// Asks for the options, not for the version.
    pub(crate) fn new(compiler: Arc<dyn Compiler>) -> KeyedCompiler {
        KeyedCompiler { options: compiler.options(), compiler, version: OnceLock::new() }
    }

    pub(crate) fn get(&self) -> &dyn Compiler {
        &*self.compiler
    }

    pub(crate) fn options(&self) -> &[String] {
        &self.options
    }

    /// Name and version; the first call asks the compiler.
    pub(crate) fn version(&self) -> &str {
        self.version.get_or_init(|| self.compiler.version())
    }
}
