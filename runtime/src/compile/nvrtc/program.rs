//! One translation unit inside NVRTC: created, compiled, read out and destroyed.
//!
//! It returns NVRTC's statuses; `error` decides which of them blame the kernel.

use super::Nvrtc;
use super::error::{NvrtcError, Status};
use cudarc::nvrtc::sys::nvrtcProgram;
use std::ffi::{CString, c_char, c_int};

/// One translation unit inside NVRTC; destroyed with this value.
pub(super) struct Program<'a> {
    nvrtc: &'a Nvrtc,
    handle: nvrtcProgram,
}

impl<'a> Program<'a> {
    pub(super) fn new(
        nvrtc: &'a Nvrtc,
        text: &str,
        entry: &str,
    ) -> Result<Program<'a>, NvrtcError> {
        type F = unsafe extern "C" fn(
            *mut nvrtcProgram,
            *const c_char,
            *const c_char,
            c_int,
            *const *const c_char,
            *const *const c_char,
        ) -> Status;
        let create = nvrtc.function::<F>("nvrtcCreateProgram")?;
        let invalid = |_| NvrtcError::Call {
            path: nvrtc.found.path.clone(),
            function: "nvrtcCreateProgram",
            reason: "the source holds a NUL byte".into(),
        };
        let text = CString::new(text).map_err(invalid)?;
        let name = CString::new(format!("{entry}.cu")).map_err(invalid)?;
        let mut handle = std::ptr::null_mut();
        // SAFETY: the strings outlive the call, which copies them; there are no headers.
        let status = unsafe {
            create(&mut handle, text.as_ptr(), name.as_ptr(), 0, std::ptr::null(), std::ptr::null())
        };
        nvrtc.check("nvrtcCreateProgram", status)?;
        Ok(Program { nvrtc, handle })
    }

    /// Compiles it and gives NVRTC's answer; fails where NVRTC cannot be asked.
    pub(super) fn compile(&self, options: Vec<String>) -> Result<Status, NvrtcError> {
        type F = unsafe extern "C" fn(nvrtcProgram, c_int, *const *const c_char) -> Status;
        let compile = self.nvrtc.function::<F>("nvrtcCompileProgram")?;
        let options: Vec<CString> =
            options.into_iter().filter_map(|option| CString::new(option).ok()).collect();
        let pointers: Vec<*const c_char> = options.iter().map(|option| option.as_ptr()).collect();
        let count = pointers.len() as c_int;
        // SAFETY: the handle is live, and the option strings outlive the call.
        Ok(unsafe { compile(self.handle, count, pointers.as_ptr()) })
    }

    pub(super) fn log(&self) -> Result<String, NvrtcError> {
        self.output("nvrtcGetProgramLogSize", "nvrtcGetProgramLog").map(text)
    }

    /// One of the program's outputs, through its pair of size and copy functions.
    pub(super) fn output(
        &self,
        size: &'static str,
        copy: &'static str,
    ) -> Result<Vec<u8>, NvrtcError> {
        type Size = unsafe extern "C" fn(nvrtcProgram, *mut usize) -> Status;
        type Copy = unsafe extern "C" fn(nvrtcProgram, *mut c_char) -> Status;
        let size_of = self.nvrtc.function::<Size>(size)?;
        let copy_to = self.nvrtc.function::<Copy>(copy)?;
        let mut bytes = 0;
        // SAFETY: the handle is live and the pointer valid for one size.
        self.nvrtc.check(size, unsafe { size_of(self.handle, &mut bytes) })?;
        let mut output = vec![0u8; bytes];
        // SAFETY: the buffer has the size that the library asked for.
        self.nvrtc.check(copy, unsafe { copy_to(self.handle, output.as_mut_ptr().cast()) })?;
        Ok(output)
    }
}

impl Drop for Program<'_> {
    fn drop(&mut self) {
        type F = unsafe extern "C" fn(*mut nvrtcProgram) -> Status;
        if let Ok(destroy) = self.nvrtc.function::<F>("nvrtcDestroyProgram") {
            // SAFETY: the handle is live and not used again.
            unsafe { destroy(&mut self.handle) };
        }
    }
}

/// Text that NVRTC ends with a NUL.
pub(super) fn text(mut bytes: Vec<u8>) -> String {
    while bytes.last() == Some(&0) {
        bytes.pop();
    }
    String::from_utf8_lossy(&bytes).into_owned()
}
