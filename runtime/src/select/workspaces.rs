//! The workspaces that a selector owns: one for each stream on which a launch needed one.
//!
//! A workspace is made or grown by a launch that is not being captured, and serves the launches of its
//! stream one after another. One that a captured launch used stays until the selector is dropped, because
//! a graph may replay its address. Memory is allocated and freed in the order of the stream, so it is
//! freed after the launches that use it. Nothing is planned or launched here. Memory that cannot be freed
//! without breaking a stream capture is leaked, with a warning.

use crate::backend::cuda::capture::{is_capturing, is_forbidden_by_a_capture};
use crate::error::Error;
use crate::select::owners;
use cudarc::driver::{CudaSlice, CudaStream, DevicePtr};
use std::collections::HashMap;
use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};

thread_local! {
    /// Lives as long as a thread that uses the per-thread default stream.
    static THREAD: Arc<()> = Arc::new(());
}

/// The handle of the per-thread default stream: another stream in each thread.
const PER_THREAD: usize = 2;

/// The identity of a stream: the handle, and the thread if all threads have the same handle.
type Key = (usize, usize);

/// The workspaces of a selector, by stream.
#[derive(Default)]
pub(crate) struct Workspaces {
    slots: Mutex<HashMap<Key, Arc<Slot>>>,
}

/// The workspace of a stream. Locked from the check of its size until the launch is enqueued, so that no
/// other thread replaces the memory in between.
pub(crate) struct Slot {
    own: Mutex<Own>,
    /// The thread of a per-thread stream.
    thread: Option<Weak<()>>,
}

/// The workspace of a stream.
#[derive(Default)]
pub(crate) struct Own {
    current: Option<Memory>,
    /// Smaller workspaces that graphs may replay.
    captured: Vec<Memory>,
}

struct Memory {
    /// `Some` until it is dropped.
    slice: Option<CudaSlice<u8>>,
    address: u64,
    bytes: usize,
    /// A captured launch used it.
    captured: bool,
}

impl Workspaces {
    /// The slot of a stream, made where there is none. Slots that no launch can use any more are dropped
    /// before another one is made.
    pub(crate) fn slot(&self, stream: &CudaStream) -> Arc<Slot> {
        let handle = stream.cu_stream().addr();
        let thread = (handle == PER_THREAD).then(|| {
            // A thread that is ending has no token; its workspace serves one launch.
            THREAD.try_with(Arc::clone).unwrap_or_default()
        });
        let key = (handle, thread.as_ref().map_or(0, |thread| Arc::as_ptr(thread).addr()));
        // An entry is whole before it is inserted, so a panic elsewhere leaves the map sound.
        let mut slots = self.slots.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(slot) = slots.get(&key) {
            return slot.clone();
        }
        slots.retain(|key, slot| slot.can_be_used(key.0));
        let thread = thread.as_ref().map(Arc::downgrade);
        slots.entry(key).or_insert_with(|| Arc::new(Slot { own: Mutex::default(), thread })).clone()
    }
}

impl Slot {
    pub(crate) fn lock(&self) -> MutexGuard<'_, Own> {
        self.own.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Whether a launch or a graph can still use it: its stream, or the thread of its stream, is alive, or
    /// a launch was captured.
    fn can_be_used(self: &Arc<Slot>, handle: usize) -> bool {
        let Ok(own) = self.own.try_lock() else { return true };
        let Some(memory) = &own.current else { return Arc::strong_count(self) > 1 };
        let is_alive = match &self.thread {
            Some(thread) => thread.strong_count() > 0,
            // Every object of the default stream is the default stream.
            None if handle < PER_THREAD => true,
            None => memory.slice.as_ref().is_some_and(|it| owners::is_used(it.stream())),
        };
        is_alive || memory.captured || !own.captured.is_empty() || Arc::strong_count(self) > 1
    }
}

impl Own {
    /// Bytes of the workspace; 0 where there is none yet.
    pub(crate) fn bytes(&self) -> usize {
        self.current.as_ref().map_or(0, |memory| memory.bytes)
    }

    /// The address and the size of a workspace of at least so many bytes, for a launch on the stream.
    ///
    /// # Errors
    /// It would have to be made or grown, and the stream is being captured or the memory is not there.
    pub(crate) fn take(
        &mut self,
        stream: &Arc<CudaStream>,
        bytes: usize,
        capturing: bool,
    ) -> Result<(u64, usize), Error> {
        let memory = match self.current.take() {
            Some(memory) if memory.bytes >= bytes => memory,
            small if capturing => {
                self.current = small;
                return Err(Error::WorkspaceInCapture);
            }
            small => match Memory::new(stream, bytes) {
                Ok(memory) => {
                    self.captured.extend(small.filter(|small| small.captured));
                    memory
                }
                Err(error) => {
                    self.current = small;
                    return Err(error);
                }
            },
        };
        let memory = self.current.insert(memory);
        memory.captured |= capturing;
        Ok((memory.address, memory.bytes))
    }
}

impl Memory {
    /// Zeroed memory, allocated in the order of a stream that is not being captured.
    fn new(stream: &Arc<CudaStream>, bytes: usize) -> Result<Memory, Error> {
        // No other thread can address a per-thread stream when the memory is freed. The default stream
        // waits for the per-thread streams of all threads, and they wait for it.
        let stream = match stream.cu_stream().addr() {
            PER_THREAD => &stream.context().default_stream(),
            _ => stream,
        };
        if is_forbidden(stream)? {
            return Err(Error::WorkspaceInCapture);
        }
        let slice = stream.alloc_zeros(bytes).map_err(Error::cuda("allocate the workspace"))?;
        owners::add(slice.stream());
        let address = slice.device_ptr(stream).0;
        Ok(Memory { slice: Some(slice), address, bytes, captured: false })
    }
}

impl Drop for Memory {
    fn drop(&mut self) {
        let Some(slice) = self.slice.take() else { return };
        if !is_forbidden(slice.stream()).is_ok_and(|forbidden| !forbidden) {
            tracing::warn!("a workspace of {} bytes is leaked: a stream is captured", self.bytes);
            // It owns its stream from now on, and stays counted.
            std::mem::forget(slice);
            return;
        }
        owners::remove(slice.stream());
    }
}

/// Whether a capture forbids to allocate and free on a stream.
fn is_forbidden(stream: &CudaStream) -> Result<bool, Error> {
    if stream.cu_stream().is_null() {
        return is_forbidden_by_a_capture(stream.context());
    }
    // SAFETY: the stream is live, and of its context.
    unsafe { is_capturing(stream.context(), stream.cu_stream()) }
}

impl fmt::Debug for Workspaces {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Workspaces").finish_non_exhaustive()
    }
}
