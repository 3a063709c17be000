//! The workspaces that a selector owns: one for each stream on which a launch needed one.
//!
//! A workspace is made or grown by a launch that is not being captured, and serves the launches of its
//! stream one after another. One that a captured launch used stays until the selector is dropped, because
//! a graph may replay its address. Memory is allocated and freed in the order of the stream, so it is
//! freed after the launches that use it. Nothing is planned or launched here. Memory that cannot be freed
//! without breaking a stream capture is leaked, with a warning.

use crate::backend::memory::DeviceStream;
use crate::error::Error;
use crate::select::owners;
use std::collections::HashMap;
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
pub(super) struct Workspaces<S: DeviceStream> {
    slots: Mutex<HashMap<Key, Arc<Slot<S>>>>,
}

/// The workspace of a stream. Locked from the check of its size until the launch is enqueued, so that no
/// other thread replaces the memory in between.
pub(super) struct Slot<S: DeviceStream> {
    own: Mutex<Own<S>>,
    /// The thread of a per-thread stream.
    thread: Option<Weak<()>>,
}

/// The workspace of a stream.
pub(super) struct Own<S: DeviceStream> {
    current: Option<Memory<S>>,
    /// Smaller workspaces that graphs may replay.
    captured: Vec<Memory<S>>,
}

struct Memory<S: DeviceStream> {
    /// Always there until it is dropped.
    slice: Option<S::Bytes>,
    address: u64,
    bytes: usize,
    /// A captured launch used it.
    captured: bool,
}

impl<S: DeviceStream> Default for Workspaces<S> {
    fn default() -> Workspaces<S> {
        Workspaces { slots: Mutex::default() }
    }
}

impl<S: DeviceStream> Workspaces<S> {
    /// The slot of a stream, made where there is none. Slots that no launch can use any more are dropped
    /// before another one is made.
    pub(super) fn slot(&self, stream: &S) -> Arc<Slot<S>> {
        let handle = stream.handle().addr();
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
        let none = Own { current: None, captured: Vec::new() };
        slots.entry(key).or_insert_with(|| Arc::new(Slot { own: Mutex::new(none), thread })).clone()
    }
}

impl<S: DeviceStream> Slot<S> {
    pub(super) fn lock(&self) -> MutexGuard<'_, Own<S>> {
        self.own.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Whether a launch or a graph can still use it: its stream, or the thread of its stream, is alive, or
    /// a launch was captured.
    fn can_be_used(self: &Arc<Self>, handle: usize) -> bool {
        let Ok(own) = self.own.try_lock() else { return true };
        let Some(memory) = &own.current else { return Arc::strong_count(self) > 1 };
        let is_alive = match &self.thread {
            Some(thread) => thread.strong_count() > 0,
            // Every object of the default stream is the default stream.
            None if handle < PER_THREAD => true,
            None => memory.slice.as_ref().is_some_and(|it| owners::is_used(S::stream_of(it))),
        };
        is_alive || memory.captured || !own.captured.is_empty() || Arc::strong_count(self) > 1
    }
}

impl<S: DeviceStream> Own<S> {
    /// Bytes of the workspace; 0 where there is none yet.
    pub(super) fn bytes(&self) -> usize {
        self.current.as_ref().map_or(0, |memory| memory.bytes)
    }

    /// The address and the size of a workspace of at least so many bytes, for a launch on the stream.
    ///
    /// # Errors
    /// It would have to be made or grown, and the stream is being captured or the memory is not there.
    pub(super) fn take(
        &mut self,
        stream: &Arc<S>,
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

impl<S: DeviceStream> Memory<S> {
    /// Zeroed memory, allocated in the order of a stream that is not being captured.
    fn new(stream: &Arc<S>, bytes: usize) -> Result<Memory<S>, Error> {
        // No other thread can address a per-thread stream when the memory is freed. The default stream
        // waits for those of all threads, and they wait for it.
        let stream = match stream.handle().addr() {
            PER_THREAD => &stream.default_stream(),
            _ => stream,
        };
        if stream.forbids_allocation()? {
            return Err(Error::WorkspaceInCapture);
        }
        let slice = stream.allocate(bytes)?;
        owners::add(S::stream_of(&slice));
        let address = S::address_of(&slice, stream);
        Ok(Memory { slice: Some(slice), address, bytes, captured: false })
    }
}

impl<S: DeviceStream> Drop for Memory<S> {
    fn drop(&mut self) {
        let Some(slice) = self.slice.take() else { return };
        if !S::stream_of(&slice).forbids_allocation().is_ok_and(|forbidden| !forbidden) {
            tracing::warn!("a workspace of {} bytes is leaked: a stream is captured", self.bytes);
            // It owns its stream from now on, and stays counted.
            std::mem::forget(slice);
            return;
        }
        owners::remove(S::stream_of(&slice));
    }
}
