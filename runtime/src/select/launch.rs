//! Typed launches: check shapes, buffers and contexts, then launch by addresses.
//!
//! A safe call must not access memory outside its buffers, so shapes are checked against buffers, and
//! the context of each buffer and of the stream against the engine's. A launch that would break a
//! stream capture is refused before cudarc enqueues anything. Planning and enqueueing are elsewhere.

use crate::backend::cuda::capture::is_capturing;
use crate::backend::launch::RawLaunch;
use crate::error::Error;
use crate::problem::{IndexInt, Problem, Score, TooLarge};
use crate::select::rows::{Output, Rows};
use crate::select::selector::Selector;
use crate::select::substitute::Planned;
use crate::select::workspace::Workspace;
use cudarc::driver::{CudaContext, CudaStream, DevicePtrMut};
use std::sync::Arc;

/// The buffers of a launch, each with the stream that it was made on.
type Streams<'a> = [(&'static str, Option<&'a Arc<CudaStream>>); 5];

/// The workspace of a typed launch, with its stream.
pub(super) enum Memory<'a> {
    /// The selector's own workspace for the stream.
    Own(&'a Arc<CudaStream>),
    /// A workspace of the caller's.
    Given(&'a CudaStream, &'a mut Workspace),
}

impl Selector {
    pub(super) fn launch_typed<S: Score, I: IndexInt>(
        &self,
        rows: &Rows<'_, S>,
        k: u32,
        output: Output<'_, I>,
        memory: Memory<'_>,
    ) -> Result<(), Error> {
        let (stream, workspace, own) = match memory {
            Memory::Own(stream) => (&**stream, None, Some(stream)),
            Memory::Given(stream, workspace) => (stream, Some(workspace), None),
        };
        let problem = Problem::new(S::DTYPE, rows.rows, rows.columns, k);
        let buffers = buffers(rows, &output, workspace.as_deref());
        self.check_stream(stream)?;
        for (what, made_on) in buffers {
            if let Some(made_on) = made_on {
                self.check_context(what, made_on.context())?;
                check_order(what, made_on, stream)?;
            }
        }
        let shape = self.shape(problem, rows, &output)?;
        if rows.rows == 0 {
            return Ok(());
        }
        refuse_tracked_capture(stream, &buffers, problem)?;
        let (scores, _scores) = rows.scores.device_ptr(stream);
        let starts = rows.starts.map(|starts| starts.device_ptr(stream));
        let lengths = rows.lengths.map(|lengths| lengths.device_ptr(stream));
        let (indices, _indices) = output.indices.device_ptr_mut(stream);
        let workspace_bytes = workspace.as_ref().map_or(0, |workspace| workspace.bytes());
        let workspace = workspace.and_then(Workspace::memory);
        let workspace = workspace.map(|memory| memory.device_ptr_mut(stream));
        // A wait that failed is kept by the stream's object of the context, which need not be the
        // engine's.
        stream.context().check_err().map_err(Error::cuda("wait for the buffers"))?;
        let launch = RawLaunch {
            scores,
            row_starts: starts.as_ref().map_or(0, |(address, _)| *address),
            row_lengths: lengths.as_ref().map_or(0, |(address, _)| *address),
            indices,
            workspace: workspace.as_ref().map_or(0, |(address, _)| *address),
            workspace_bytes,
            ..shape
        };
        // SAFETY: the buffers were checked against the shape and are of the engine's context, as the
        // stream is. They live until their guards record this launch. Without event tracking, the caller
        // who turned it off promised that they live.
        unsafe {
            match own {
                Some(stream) => self.launch_in_own(stream, launch),
                None => self.launch_checked(stream.cu_stream(), &launch),
            }
        }
    }

    /// As [`Selector::launch_checked`], in the workspace that the selector has for the stream.
    ///
    /// # Safety
    /// As for [`Selector::launch_raw`]; the launch names no workspace.
    unsafe fn launch_in_own(
        &self,
        stream: &Arc<CudaStream>,
        launch: RawLaunch,
    ) -> Result<(), Error> {
        let mut planned = self.plan_launch(&launch, usize::MAX)?;
        loop {
            // SAFETY: as the caller promises.
            match unsafe { self.enqueue_in_own(stream, launch, &planned) } {
                Ok(()) => return Ok(()),
                Err(error) => {
                    let again = || Ok(self.plan_launch(&launch, usize::MAX)?.plan);
                    planned = Planned::by(self.instead(&planned.plan, error, again)?);
                }
            }
        }
    }

    /// # Safety
    /// As for [`Selector::launch_in_own`].
    unsafe fn enqueue_in_own(
        &self,
        stream: &Arc<CudaStream>,
        launch: RawLaunch,
        planned: &Planned,
    ) -> Result<(), Error> {
        let needed = planned.plan.workspace_bytes;
        if needed == 0 {
            // SAFETY: as the caller promises.
            return unsafe { self.enqueue(stream.cu_stream(), &launch, planned) };
        }
        // SAFETY: the stream is live, and of its context.
        let capturing = unsafe { is_capturing(stream.context(), stream.cu_stream()) }?;
        let slot = self.workspaces().slot(stream);
        let mut own = slot.lock();
        // A capture makes no workspace, but another plan of the shape may fit the existing workspace.
        let fitting = match capturing && own.bytes() < needed {
            true => Some(self.plan_launch(&launch, own.bytes())?),
            false => None,
        };
        let planned = fitting.as_ref().unwrap_or(planned);
        let needed = planned.plan.workspace_bytes;
        let (workspace, workspace_bytes) = match needed {
            0 => (0, 0),
            needed => own.take(stream, needed, capturing)?,
        };
        let launch = RawLaunch { workspace, workspace_bytes, ..launch };
        // SAFETY: as the caller promises. The workspace is zero or as the last launch left it, it is this
        // stream's, and no other thread replaces it before the launch is enqueued.
        unsafe { self.enqueue(stream.cu_stream(), &launch, planned) }
    }

    /// The stream is of the engine's context.
    pub(crate) fn check_stream(&self, stream: &CudaStream) -> Result<(), Error> {
        self.check_context("the stream", stream.context())
    }

    fn check_context(&self, what: &'static str, context: &CudaContext) -> Result<(), Error> {
        let offline = || Error::Offline { arch: self.toolchain().arch() };
        let engine = self.context().ok_or_else(offline)?;
        if context == &**engine {
            return Ok(());
        }
        Err(Error::Context { what, given: context.ordinal(), engine: engine.ordinal() })
    }

    /// The launch without its addresses, once its sizes and strides and the lengths of its buffers are
    /// checked.
    fn shape<S: Score, I: IndexInt>(
        &self,
        Problem { dtype, rows: count, columns, k, .. }: Problem,
        rows: &Rows<'_, S>,
        output: &Output<'_, I>,
    ) -> Result<RawLaunch, Error> {
        let declared = self.spec().semantics.index;
        if I::TYPE != declared {
            let selector = self.spec().name.to_string();
            return Err(Error::IndexType { selector, declared, given: I::TYPE });
        }
        let shape = RawLaunch::new(dtype, count, columns, k);
        let shape = RawLaunch {
            row_stride: stride("row stride", rows.row_stride)?,
            index_stride: match output.row_stride {
                Some(given) => stride("output row stride", given)?,
                None => shape.index_stride,
            },
            ..shape
        };
        self.check_launch(&shape)?;
        rows.check()?;
        output.check(count, k)?;
        Ok(shape)
    }
}

fn stride(what: &'static str, given: usize) -> Result<i64, TooLarge> {
    let (value, limit) = (given as u64, i64::MAX as u64);
    i64::try_from(given).map_err(|_| TooLarge { what, value, limit })
}

fn buffers<'a, S, I>(
    rows: &Rows<'a, S>,
    output: &'a Output<'_, I>,
    workspace: Option<&'a Workspace>,
) -> Streams<'a> {
    [
        ("the score buffer", Some(rows.scores.stream())),
        ("the buffer of starts", rows.starts.map(|starts| starts.stream())),
        ("the buffer of lengths", rows.lengths.map(|lengths| lengths.stream())),
        ("the index buffer", Some(output.indices.stream())),
        ("the workspace", workspace.and_then(Workspace::stream)),
    ]
}

/// Whether cudarc puts the launch after earlier work on a buffer, and the release of the buffer after
/// the launch. Each object of one primary context counts its own streams, and with one stream it records
/// and waits for no events, which is enough for its own buffers alone. If a caller turned tracking off,
/// by an unsafe call, the order is the caller's duty.
fn check_order(what: &'static str, made_on: &CudaStream, stream: &CudaStream) -> Result<(), Error> {
    let (made_by, context) = (made_on.context(), stream.context());
    let one_stream = made_on.cu_stream().is_null() && stream.cu_stream().is_null();
    if Arc::ptr_eq(made_by, context) || one_stream {
        return Ok(());
    }
    let ordered = [made_by, context]
        .iter()
        .all(|object| object.is_managing_stream_synchronization() || !object.is_event_tracking());
    if ordered { Ok(()) } else { Err(Error::Unordered { what }) }
}

/// Where cudarc tracks buffers, it waits for events that were recorded before a capture, which ends
/// the capture, and records events in it, which no stream outside may wait for.
fn refuse_tracked_capture(
    stream: &CudaStream,
    buffers: &Streams<'_>,
    problem: Problem,
) -> Result<(), Error> {
    // Objects of one primary context have each a tracking of their own.
    let tracks = |stream: &CudaStream| stream.context().is_event_tracking();
    if !tracks(stream) && !buffers.iter().any(|(_, made_on)| made_on.is_some_and(|it| tracks(it))) {
        return Ok(());
    }
    // SAFETY: the stream is live, and of its context.
    match unsafe { is_capturing(stream.context(), stream.cu_stream()) }? {
        true => Err(Error::EventTracking { problem }),
        false => Ok(()),
    }
}
