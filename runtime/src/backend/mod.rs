//! Where kernels run: machine code on a GPU ([`cuda`]), the text on the CPU with every access checked
//! ([`interpret`]), or no kernel, but the contract in plain Rust ([`host`]), with which tests compare both.
//!
//! [`Backend`] is what the launch path asks of each, so that it is written once: `select` checks, plans and
//! makes the arguments, and a backend loads and launches. Rows ([`rows`]) and launches by address
//! ([`launch`]) are the same for all of them. A backend plans nothing and checks no shape.

pub(crate) mod arguments;
pub(crate) mod cuda;
pub(crate) mod host;
#[cfg(feature = "interpret")]
pub(crate) mod interpret;
pub(crate) mod launch;
pub(crate) mod memory;
pub(crate) mod output;
pub(crate) mod rows;

use crate::error::Error;
use crate::plan::{GpuTable, Limits, Plan, Refusal};
use cudarc::driver::sys::CUstream;
use memory::{DeviceMemory, DeviceStream};
use std::sync::Arc;
use topkit_codegen::{SelectorSpec, Variant};

/// Runs kernels. A toolchain is one: with a GPU, CUDA's; without, one that refuses every launch. The host is one:
/// its kernel is the meaning of a selector.
pub(crate) trait Backend {
    /// Its buffers and streams.
    type Memory: DeviceMemory;
    /// A kernel that can be launched.
    type Kernel;

    /// What its GPU can launch.
    fn limits(&self) -> &Limits;

    /// The measured table of its GPU, if there is one.
    fn table(&self) -> Option<Arc<GpuTable>>;

    /// The variants of a selector that packs hold, where nothing else has kernels.
    fn packed(&self, _spec: &SelectorSpec) -> Option<Vec<Variant>> {
        None
    }

    /// The kernel of a variant, if it is loaded.
    fn loaded(&self, variant: &Variant) -> Option<Arc<Self::Kernel>>;

    /// The loaded kernel of a variant; makes and loads it if it is not loaded yet.
    fn load(&self, spec: &SelectorSpec, variant: &Variant) -> Result<Arc<Self::Kernel>, Error>;

    /// The refusal in an error, if another kernel may replace the refused one.
    fn gives_way(&self, error: &Error) -> Option<Refusal> {
        error.refusal()
    }

    /// The context that it launches in.
    ///
    /// # Errors
    /// There is no GPU.
    fn context(&self) -> Result<&ContextOf<Self>, Error>;

    /// Whether a stream is being captured; no stream is, where there is no GPU.
    ///
    /// # Safety
    /// The stream is live, and of this backend's context.
    unsafe fn is_capturing(&self, stream: CUstream) -> Result<bool, Error>;

    /// Enqueues a kernel.
    ///
    /// # Safety
    /// The call's arguments are those that the kernel takes. Its addresses are valid until the stream has
    /// passed this launch, and the stream belongs to this backend's context. A plan has PDL only for kernels
    /// that wait for the preceding kernel.
    unsafe fn launch(&self, kernel: &Arc<Self::Kernel>, call: &Call<'_>) -> Result<(), Error>;
}

/// One launch: what a backend enqueues, and what it is about.
pub(crate) struct Call<'a> {
    /// The stream that orders it.
    pub(crate) stream: CUstream,
    /// Grid, cluster, PDL and workspace; the variant is the kernel's.
    pub(crate) plan: &'a Plan,
    /// The bytes of the kernel's argument.
    pub(crate) args: &'a [u8],
    /// Shape and addresses, which the arguments say too: for a backend without machine code.
    pub(crate) launch: &'a launch::RawLaunch,
    /// The values of the program's fields, for a backend that runs its functions or watches every access.
    pub(crate) program: Option<&'a crate::problem::args::ProgramArgs>,
}

/// The streams of a backend.
pub(crate) type StreamOf<B> = <<B as Backend>::Memory as DeviceMemory>::Stream;
/// The contexts of a backend.
pub(crate) type ContextOf<B> = <StreamOf<B> as DeviceStream>::Context;
