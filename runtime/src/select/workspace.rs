//! Device memory that a launch works in, owned by the caller.
//!
//! Launches allocate nothing, so a kernel that works beyond its own multiprocessors is given the memory
//! for it. It is zeroed here once; every launch leaves the part that the next launch needs zeroed. It is
//! not tied to a problem: it serves every launch that needs no more of it.

use crate::backend::memory::DeviceStream;
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
pub struct Workspace<S: DeviceStream = CudaStream> {
    /// None where the plan needs no memory; the device has no empty buffers.
    memory: Option<S::Bytes>,
}

impl Workspace {
    /// Makes a workspace of memory that the caller allocated, which is zeroed on the stream that it was
    /// made on.
    ///
    /// # Errors
    /// That stream is being captured, or the driver does not zero the memory.
    pub fn from_slice(memory: CudaSlice<u8>) -> Result<Workspace, Error> {
        Workspace::of(memory)
    }
}

impl<S: DeviceStream> Workspace<S> {
    /// A workspace for a plan, zeroed on the stream.
    pub(super) fn new(stream: &Arc<S>, plan: &Plan) -> Result<Workspace<S>, Error> {
        let memory = match plan.workspace_bytes {
            0 => None,
            _ if stream.is_capturing()? => return Err(Error::WorkspaceInCapture),
            bytes => Some(stream.allocate(bytes)?),
        };
        Ok(Workspace { memory })
    }

    /// A workspace of memory that is zeroed on its stream.
    fn of(mut memory: S::Bytes) -> Result<Workspace<S>, Error> {
        if S::stream_of(&memory).is_capturing()? {
            return Err(Error::WorkspaceInCapture);
        }
        S::zero(&mut memory)?;
        Ok(Workspace { memory: Some(memory) })
    }

    /// Its size in bytes.
    pub fn bytes(&self) -> usize {
        self.memory.as_ref().map_or(0, S::len)
    }

    /// The stream that its memory was made on, where it has any.
    pub(super) fn stream(&self) -> Option<&Arc<S>> {
        self.memory.as_ref().map(S::stream_of)
    }

    pub(super) fn memory(&mut self) -> Option<&mut S::Bytes> {
        self.memory.as_mut()
    }
}

impl<S: DeviceStream> fmt::Debug for Workspace<S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Workspace").field("bytes", &self.bytes()).finish_non_exhaustive()
    }
}
