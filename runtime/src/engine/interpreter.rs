//! An interpreter with the settings of the environment: the folder of its compiled kernels is in the
//! kernel cache. Settings that are refused are an error here, as they are for an engine.

use super::Config;
use crate::backend::interpret::Interpreter;
use crate::error::InterpretError;

impl Interpreter {
    /// With the system's C++ compiler, or the compiler that `TOPKIT_CXX` names, and the folder
    /// `interpret` in the kernel cache.
    ///
    /// # Errors
    /// There is no C++ compiler, or the environment names the kernel cache by a relative path.
    pub fn new() -> Result<Interpreter, InterpretError> {
        by(None)
    }

    /// With a compiler of the caller's choice, by its name on `PATH` or its absolute path.
    ///
    /// # Errors
    /// The compiler does not answer, or as for [`Interpreter::new`].
    pub fn with_compiler(command: &str) -> Result<Interpreter, InterpretError> {
        by(Some(command))
    }
}

fn by(compiler: Option<&str>) -> Result<Interpreter, InterpretError> {
    let Config { cache_dir, refused, .. } = Config::from_env();
    if !refused.is_empty() {
        return Err(InterpretError::Environment { refused: refused.join("; ") });
    }
    Interpreter::of(compiler, cache_dir)
}
