//! A compiler with what it is asked once: its options, and its version when that is first needed.
//!
//! NVRTC compiles an empty text to tell its release, so a kernel that a pack has must not ask for the
//! version. Nothing here fails or does IO of its own.

use super::Compiler;
use std::sync::{Arc, OnceLock};

/// A compiler, its options and its version.
#[derive(Debug)]
pub(crate) struct Toolchain {
    compiler: Arc<dyn Compiler>,
    options: Vec<String>,
    version: OnceLock<String>,
}

impl Toolchain {
    /// Asks for the options, not for the version.
    pub(crate) fn new(compiler: Arc<dyn Compiler>) -> Toolchain {
        Toolchain { options: compiler.options(), compiler, version: OnceLock::new() }
    }

    pub(crate) fn compiler(&self) -> &dyn Compiler {
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
