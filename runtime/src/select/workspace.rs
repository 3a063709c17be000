//! Device memory that a launch works in, owned by the caller.
//!
//! Launches allocate nothing, so a kernel that works beyond its own multiprocessors is given the memory
//! for it. It is zeroed here once; every launch leaves the part that the next launch needs zeroed. It is
//! not tied to a problem: it serves every launch that needs no more of it.

use crate::backend::cuda::capture::is_capturing;
use crate::error::Error;
use crate::plan::Plan;
use cudarc::driver::{CudaSlice, CudaStream};
use std::fmt;
use std::sync::Arc;

/// Device memory that a launch works in. [`Selector::workspace`](crate::Selector::workspace) makes one,
/// [`Selector::launch_with`](crate::Selector::launch_with) borrows it.
///
/// One workspace serves one launch after another. Two launches that may run at the same time need
/// two workspaces: launches captured in graphs that are replayed on different streams, or launches on
/// different streams of a context whose event tracking is off.
///
/// # Per-thread streams
///
/// The per-thread default stream ([`CudaContext::per_thread_stream`], handle 2, and the stream of
/// candle's `Device::new_cuda`) is one object and another stream *in each thread that uses it*. Two
/// threads that launch with one workspace on that one object race on the workspace. A lock around the
/// launches does not help: it orders the calls, not the kernels. cudarc's event tracking does not
/// either: it does not count this stream, and records nothing where the context has no other.
///
/// So make a workspace for each thread, in that thread: its zeroing runs on the stream too. Or give
/// all threads one stream from [`CudaContext::new_stream`]; launches on it run one after another. Before a
/// workspace goes to another thread, `synchronize` the stream in the first one.
///
/// [`CudaContext::new_stream`]: cudarc::driver::CudaContext::new_stream
/// [`CudaContext::per_thread_stream`]: cudarc::driver::CudaContext::per_thread_stream
pub struct Workspace {
    /// None where the plan needs no memory; the device has no empty buffers.
    memory: Option<CudaSlice<u8>>,
}

impl Workspace {
    /// A workspace for a plan, zeroed on the stream.
    pub(crate) fn new(stream: &Arc<CudaStream>, plan: &Plan) -> Result<Workspace, Error> {
        let memory = match plan.workspace_bytes {
            0 => None,
            bytes => {
                // SAFETY: the stream is live, and of its context.
                if unsafe { is_capturing(stream.context(), stream.cu_stream()) }? {
                    return Err(Error::WorkspaceInCapture);
                }
                Some(stream.alloc_zeros(bytes).map_err(Error::cuda("allocate the workspace"))?)
            }
        };
        Ok(Workspace { memory })
    }

    /// Makes a workspace of memory that the caller allocated, which is zeroed on the stream that it was
    /// made on.
    ///
    /// # Errors
    /// That stream is being captured, or the driver does not zero the memory.
    pub fn from_slice(mut memory: CudaSlice<u8>) -> Result<Workspace, Error> {
        let stream = memory.stream().clone();
        // SAFETY: the stream is live, and of its context.
        if unsafe { is_capturing(stream.context(), stream.cu_stream()) }? {
            return Err(Error::WorkspaceInCapture);
        }
        stream.memset_zeros(&mut memory).map_err(Error::cuda("zero the workspace"))?;
        Ok(Workspace { memory: Some(memory) })
    }

    /// Its size in bytes.
    pub fn bytes(&self) -> usize {
        self.memory.as_ref().map_or(0, CudaSlice::len)
    }

    /// The stream that its memory was made on, where it has any.
    pub(crate) fn stream(&self) -> Option<&Arc<CudaStream>> {
        self.memory.as_ref().map(CudaSlice::stream)
    }

    pub(crate) fn memory(&mut self) -> Option<&mut CudaSlice<u8>> {
        self.memory.as_mut()
    }
}

impl fmt::Debug for Workspace {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Workspace").field("bytes", &self.bytes()).finish_non_exhaustive()
    }
}
