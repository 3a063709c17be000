//! CUDA's backend: the kernels that a toolchain makes, on its GPU.

use super::Toolchain;
use crate::backend::cuda::capture;
use crate::backend::cuda::module::LoadedKernel;
use crate::backend::memory::Cuda;
use crate::backend::{Backend, Call};
use crate::error::Error;
use crate::plan::{GpuTable, Limits, Refusal};
use cudarc::driver::CudaContext;
use cudarc::driver::sys::CUstream;
use std::sync::Arc;
use topkit_codegen::{SelectorSpec, Variant};

impl Backend for Toolchain {
    type Memory = Cuda;
    type Kernel = LoadedKernel;

    fn limits(&self) -> &Limits {
        Toolchain::limits(self)
    }

    fn table(&self) -> Option<Arc<GpuTable>> {
        self.table_in_use()
    }

    fn packed(&self, spec: &SelectorSpec) -> Option<Vec<Variant>> {
        Toolchain::packed(self, spec)
    }

    fn loaded(&self, variant: &Variant) -> Option<Arc<LoadedKernel>> {
        self.inner.loaded.get(variant)
    }

    fn load(&self, spec: &SelectorSpec, variant: &Variant) -> Result<Arc<LoadedKernel>, Error> {
        Toolchain::load(self, spec, variant, self.compiling())
    }

    fn gives_way(&self, error: &Error) -> Option<Refusal> {
        Toolchain::gives_way(self, error)
    }

    fn context(&self) -> Result<&CudaContext, Error> {
        let context = Toolchain::context(self).map(|context| &**context);
        context.ok_or(Error::Offline { arch: self.arch() })
    }

    unsafe fn is_capturing(&self, stream: CUstream) -> Result<bool, Error> {
        match Toolchain::context(self) {
            // SAFETY: as the caller promises.
            Some(context) => unsafe { capture::is_capturing(context, stream) },
            None => Ok(false),
        }
    }

    unsafe fn launch(&self, kernel: &Arc<LoadedKernel>, call: &Call<'_>) -> Result<(), Error> {
        // SAFETY: as the caller promises.
        unsafe { kernel.launch(call.plan.grid, call.plan.pdl, call.stream, call.args) }
    }
}
