//! Contexts, streams and captures of a GPU that is interpreted.
//!
//! A launch runs when it is enqueued, watched, or when the graph that captured it is replayed. There are no
//! events. What cudarc would do by events is known: a capture that an event would break is broken, and its
//! end is an error, so that the launch path has something to refuse.

use super::launch::{Kernel, Launch};
use super::memory::{Memory, Word};
use super::slice::Slice;
use super::watched::Selection;
use crate::backend::launch::RawLaunch;
use crate::error::{Error, Fault};
use crate::plan::Plan;
use crate::problem::args::ProgramArgs;
use cudarc::driver::sys::CUstream;
use std::collections::HashMap;
use std::fmt;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

/// What the objects of a context share.
#[derive(Default)]
pub(super) struct Device {
    pub memory: Mutex<Memory>,
    /// The captures that go on, by stream.
    captures: Mutex<HashMap<usize, Capture>>,
    streams: AtomicUsize,
}

#[derive(Default)]
struct Capture {
    work: Vec<Work>,
    /// An event of cudarc's would have ended it.
    broken: bool,
}

/// A launch that is enqueued.
pub(super) struct Work {
    pub kernel: Arc<Kernel>,
    pub plan: Plan,
    pub args: Vec<u8>,
    pub raw: RawLaunch,
    pub program: Option<ProgramArgs>,
}

impl Device {
    pub fn is_capturing(&self, stream: CUstream) -> bool {
        lock(&self.captures).contains_key(&stream.addr())
    }

    /// Runs a launch, or records it where the stream is being captured.
    pub fn enqueue(&self, stream: CUstream, work: Work) -> Result<(), Fault> {
        if let Some(capture) = lock(&self.captures).get_mut(&stream.addr()) {
            capture.work.push(work);
            return Ok(());
        }
        self.run(&work)
    }

    /// An event on the stream, which would end its capture.
    pub fn record_event(&self, stream: CUstream) {
        if let Some(capture) = lock(&self.captures).get_mut(&stream.addr()) {
            capture.broken = true;
        }
    }

    fn run(&self, work: &Work) -> Result<(), Fault> {
        let Work { kernel, plan, args, raw, program } = work;
        let semantics = &plan.variant.semantics;
        let (workspace, zeroed) = (plan.workspace_bytes, plan.zeroed_bytes);
        let program = program.as_ref();
        let selection = Selection { raw, semantics, workspace, zeroed, program };
        selection.run(kernel, &Launch::of(plan), args, &mut lock(&self.memory))
    }
}

/// An object that stands for a context, as one of cudarc's does: it counts its own streams, and orders
/// them by events only where it has more than one and tracks buffers.
pub struct Context {
    device: Arc<Device>,
    tracks: AtomicBool,
    made_streams: AtomicBool,
}

impl Context {
    /// A context with no buffer.
    pub(super) fn new() -> Arc<Context> {
        Context::of(Arc::default())
    }

    fn of(device: Arc<Device>) -> Arc<Context> {
        let (tracks, made_streams) = (AtomicBool::new(true), AtomicBool::new(false));
        Arc::new(Context { device, tracks, made_streams })
    }

    pub(super) fn device(&self) -> &Device {
        &self.device
    }

    pub(super) fn tracks(&self) -> bool {
        self.tracks.load(Ordering::Relaxed)
    }

    /// Whether it orders streams by events.
    pub(super) fn orders_streams(&self) -> bool {
        self.tracks() && self.made_streams.load(Ordering::Relaxed)
    }

    /// Another object of the same context.
    pub fn again(&self) -> Arc<Context> {
        Context::of(self.device.clone())
    }

    /// How many buffers there are, workspaces included.
    pub fn buffers(&self) -> usize {
        lock(&self.device.memory).live()
    }

    /// Tracks no buffers from now on, as `disable_event_tracking` of cudarc.
    pub fn disable_event_tracking(&self) {
        self.tracks.store(false, Ordering::Relaxed);
    }

    /// The default stream.
    pub fn default_stream(self: &Arc<Context>) -> Arc<Stream> {
        Arc::new(Stream { context: self.clone(), handle: 0 })
    }

    /// A new stream.
    pub fn new_stream(self: &Arc<Context>) -> Arc<Stream> {
        /// Above the handles that mean a default stream.
        const FIRST: usize = 16;
        self.made_streams.store(true, Ordering::Relaxed);
        let handle = FIRST + self.device.streams.fetch_add(1, Ordering::Relaxed);
        Arc::new(Stream { context: self.clone(), handle })
    }
}

impl PartialEq for Context {
    fn eq(&self, other: &Context) -> bool {
        Arc::ptr_eq(&self.device, &other.device)
    }
}

impl fmt::Debug for Context {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Context").field("tracks", &self.tracks).finish_non_exhaustive()
    }
}

/// A stream of a [`Context`]: work on it is done when it is enqueued, unless it is captured.
#[derive(Debug)]
pub struct Stream {
    context: Arc<Context>,
    handle: usize,
}

impl Stream {
    /// What a launch by addresses names it by: a number, and no pointer.
    pub(crate) fn handle(&self) -> CUstream {
        std::ptr::without_provenance_mut(self.handle)
    }

    /// The object of its context that it was made by.
    pub(super) fn context(&self) -> &Arc<Context> {
        &self.context
    }

    /// A buffer with a copy of some elements.
    ///
    /// # Errors
    /// The stream is being captured.
    pub fn clone_htod<T: Word>(self: &Arc<Stream>, data: &[T]) -> Result<Slice<T>, Error> {
        let mut slice = self.alloc(data.len())?;
        slice.write(data);
        Ok(slice)
    }

    /// Copies elements into a buffer, from its first on.
    ///
    /// # Errors
    /// There are more than it holds.
    pub fn memcpy_htod<T: Word>(&self, data: &[T], slice: &mut Slice<T>) -> Result<(), Fault> {
        if data.len() > slice.len() {
            let what = format!("{} elements, for a buffer of {}", data.len(), slice.len());
            return Err(Fault::Launch { what });
        }
        slice.write(data);
        Ok(())
    }

    /// A buffer that nobody has written.
    ///
    /// # Errors
    /// The stream is being captured.
    pub fn alloc<T: Word>(self: &Arc<Stream>, len: usize) -> Result<Slice<T>, Error> {
        if self.context.device.is_capturing(self.handle()) {
            let what = "a buffer is made on a stream that is being captured".to_owned();
            return Err(Fault::Launch { what }.into());
        }
        Ok(Slice::new(self, len))
    }

    /// The elements of a buffer.
    ///
    /// # Errors
    /// Nobody has written one of them.
    pub fn clone_dtoh<T: Word>(&self, slice: &Slice<T>) -> Result<Vec<T>, Fault> {
        let what = |place| Fault::Unwritten { what: format!("element {place} of the buffer") };
        slice
            .read()
            .into_iter()
            .enumerate()
            .map(|(place, read)| read.ok_or_else(|| what(place)))
            .collect()
    }

    /// Begins a capture: launches on the stream are recorded and do not run.
    pub fn begin_capture(&self) {
        lock(&self.context.device.captures).insert(self.handle, Capture::default());
    }

    /// Ends a capture.
    ///
    /// # Errors
    /// Nothing was being captured, or the capture was broken by an event that tracks a buffer.
    pub fn end_capture(&self) -> Result<Graph, Fault> {
        let refused = |what: &str| Fault::Launch { what: what.to_owned() };
        let capture = lock(&self.context.device.captures).remove(&self.handle);
        let capture = capture.ok_or_else(|| refused("the stream is not being captured"))?;
        if capture.broken {
            return Err(refused("an event that tracks a buffer has broken the capture"));
        }
        Ok(Graph { device: self.context.device.clone(), work: capture.work })
    }
}

/// Launches that were captured; a replay uses the addresses that they were given.
pub struct Graph {
    device: Arc<Device>,
    work: Vec<Work>,
}

impl Graph {
    /// Runs them.
    ///
    /// # Errors
    /// The first fault; an address of a buffer that was freed is one.
    pub fn launch(&self) -> Result<(), Fault> {
        self.work.iter().try_for_each(|work| self.device.run(work))
    }

    /// How many launches it has.
    pub fn launches(&self) -> usize {
        self.work.len()
    }
}

impl fmt::Debug for Graph {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Graph").field("launches", &self.launches()).finish_non_exhaustive()
    }
}

/// A launch that panicked leaves nothing that another one relies on.
pub(super) fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
