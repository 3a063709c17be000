//! Which failures of a kernel become its row, instead of ending the search.
//!
//! A row is final: its kernel is not measured again for that problem. So a row is only written if the
//! failure blames the kernel; after out-of-memory or a lost context, a later search may measure the same
//! kernel.

use crate::error::Error;
use crate::plan::PlanError;

/// Why a kernel is refused, in words; a failure that the kernel did not cause is returned.
pub(super) fn refusal(failure: Error) -> Result<String, Error> {
    let is_blamed =
        failure.refusal().is_some() || matches!(failure, Error::Plan(PlanError::Unfit { .. }));
    if is_blamed { Ok(failure.to_string()) } else { Err(failure) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::compile::CompileError;
    use topkit_codegen::Arch;

    #[test]
    fn what_may_pass_is_no_refusal() {
        let arch = Arch::of_device(9, 0);
        let compile = |blames_kernel| {
            let [compiler, entry, reason, log] = [(); 4].map(|()| String::new());
            Error::Compile(CompileError { compiler, entry, arch, reason, log, blames_kernel })
        };
        let [entry, reason, log] = [(); 3].map(|()| String::new());
        let module = Error::Module { entry, arch, reason, log };
        let room = Error::Room { entry: String::new(), needed: 16, room: 0 };
        for failure in [room, module, compile(true)] {
            let words = failure.to_string();
            assert_eq!(refusal(failure).unwrap(), words);
        }
        let memory = |doing| Error::Cuda { doing, reason: "CUDA_ERROR_OUT_OF_MEMORY".to_owned() };
        let unwritten =
            crate::compile::dump::DumpError { path: "kernel.cu".to_owned(), reason: String::new() };
        let unwritten = Error::Write(unwritten);
        let others = [compile(false), unwritten, memory("load a kernel"), memory("run the kernel")];
        for failure in others {
            let words = failure.to_string();
            assert_eq!(refusal(failure).unwrap_err().to_string(), words);
        }
    }
}
