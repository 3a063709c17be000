//! A compiled kernel, loaded into a context.

use crate::error::{Error, driver_words};
use cudarc::driver::{CudaContext, sys};
use std::ffi::{CString, c_uint, c_void};
use std::sync::Arc;
use topkit_codegen::Arch;

/// A kernel that can be launched; unloaded when dropped.
pub(crate) struct LoadedKernel {
    context: Arc<CudaContext>,
    module: sys::CUmodule,
    function: sys::CUfunction,
    threads: u32,
    starts_early: bool,
}

// SAFETY: a module and its functions are handles that any thread may use once the context is
// current on it, and `launch` and `drop` make it so.
unsafe impl Send for LoadedKernel {}
// SAFETY: as above; the handles are never changed after loading.
unsafe impl Sync for LoadedKernel {}

impl std::fmt::Debug for LoadedKernel {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("LoadedKernel").field("threads", &self.threads).finish_non_exhaustive()
    }
}

/// What every launch of a kernel has in common.
#[derive(Debug, Clone, Copy)]
pub(crate) struct LaunchShape {
    /// Threads of a CTA.
    pub(crate) threads: u32,
    /// The grid may start before the one ahead of it on the stream has ended; the kernel waits for
    /// that end itself.
    pub(crate) starts_early: bool,
}

impl LoadedKernel {
    /// Loads a cubin. A refusal carries the driver's log.
    pub(crate) fn load(
        context: &Arc<CudaContext>,
        entry: &str,
        arch: Arch,
        cubin: &[u8],
        launch: LaunchShape,
    ) -> Result<LoadedKernel, Error> {
        let _span = tracing::info_span!("load", entry).entered();
        context.bind_to_thread().map_err(Error::cuda("make the context current"))?;
        let mut log = vec![0u8; 16 * 1024];
        let mut options = [
            sys::CUjit_option::CU_JIT_ERROR_LOG_BUFFER,
            sys::CUjit_option::CU_JIT_ERROR_LOG_BUFFER_SIZE_BYTES,
        ];
        // The driver takes each option's value in the place of a pointer.
        let mut values = [log.as_mut_ptr().cast::<c_void>(), log.len() as *mut c_void];
        let mut module = std::ptr::null_mut();
        // SAFETY: the image is a whole cubin, the option arrays have the length given, and the
        // log buffer outlives the call.
        let status = unsafe {
            sys::cuModuleLoadDataEx(
                &mut module,
                cubin.as_ptr().cast(),
                options.len() as c_uint,
                options.as_mut_ptr(),
                values.as_mut_ptr(),
            )
        };
        let refused = |error, log: &[u8]| {
            let end = log.iter().position(|&byte| byte == 0).unwrap_or(log.len());
            Error::Module {
                entry: entry.to_owned(),
                arch,
                reason: driver_words(error),
                log: String::from_utf8_lossy(&log[..end]).into_owned(),
            }
        };
        status.result().map_err(|error| refused(error, &log))?;
        // From here the module is unloaded on every path.
        let mut kernel = LoadedKernel {
            context: context.clone(),
            module,
            function: std::ptr::null_mut(),
            threads: launch.threads,
            starts_early: launch.starts_early,
        };
        let name = CString::new(entry).map_err(|_| Error::Module {
            entry: entry.to_owned(),
            arch,
            reason: "its name holds a NUL byte".into(),
            log: String::new(),
        })?;
        // SAFETY: the module was just loaded, and the name is a C string.
        unsafe { sys::cuModuleGetFunction(&mut kernel.function, module, name.as_ptr()) }
            .result()
            .map_err(|error| refused(error, &[]))?;
        Ok(kernel)
    }

    /// Enqueues the kernel with its one argument.
    ///
    /// # Safety
    /// `args` is the struct that the kernel takes, its pointers are valid on the device until the
    /// stream has passed this launch, and `stream` belongs to this kernel's context.
    pub(crate) unsafe fn launch<A>(
        &self,
        grid: u32,
        stream: sys::CUstream,
        args: &A,
    ) -> Result<(), Error> {
        self.context.bind_to_thread().map_err(Error::cuda("make the context current"))?;
        let mut parameters = [std::ptr::from_ref(args).cast_mut().cast::<c_void>()];
        // The kernels wait for the grid ahead before they touch memory, so they may start early.
        let mut attribute = sys::CUlaunchAttribute {
            id: sys::CUlaunchAttributeID::CU_LAUNCH_ATTRIBUTE_PROGRAMMATIC_STREAM_SERIALIZATION,
            pad: Default::default(),
            value: sys::CUlaunchAttributeValue { programmaticStreamSerializationAllowed: 1 },
        };
        let config = sys::CUlaunchConfig {
            gridDimX: grid,
            gridDimY: 1,
            gridDimZ: 1,
            blockDimX: self.threads,
            blockDimY: 1,
            blockDimZ: 1,
            sharedMemBytes: 0,
            hStream: stream,
            attrs: &mut attribute,
            numAttrs: u32::from(self.starts_early),
        };
        // SAFETY: the function is live; the driver copies the argument before it returns.
        unsafe {
            sys::cuLaunchKernelEx(
                &config,
                self.function,
                parameters.as_mut_ptr(),
                std::ptr::null_mut(),
            )
        }
        .result()
        .map_err(Error::cuda("launch the kernel"))
    }
}

impl Drop for LoadedKernel {
    fn drop(&mut self) {
        let unload = || {
            self.context.bind_to_thread()?;
            // SAFETY: the module is live and its functions are not used again.
            unsafe { sys::cuModuleUnload(self.module) }.result()
        };
        if let Err(error) = unload() {
            tracing::warn!("a kernel was not unloaded: {}", driver_words(error));
        }
    }
}
