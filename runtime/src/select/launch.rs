//! Typed launches: check shapes, buffers and contexts, then launch by addresses.
//!
//! A safe call must not access memory outside its buffers, so shapes are checked against buffers, and
//! the context of each buffer and of the stream against the engine's. A launch that would break a
//! stream capture is refused before cudarc enqueues anything. Planning and enqueueing are elsewhere.

use super::launcher::Launcher;
use super::substitute::Planned;
use super::workspace::Workspace;
use crate::backend::arguments::{Arguments, Given};
use crate::backend::launch::RawLaunch;
use crate::backend::memory::{DeviceMemory, DeviceStream};
use crate::backend::output::{Map, Output, shard_stride_of};
use crate::backend::rows::{Marks, Rows};
use crate::backend::{Backend, ContextOf, StreamOf};
use crate::error::Error;
use crate::problem::args::ProgramArgs;
use crate::problem::{IndexInt, Problem, Score, TooLarge};
use std::borrow::Cow;
use std::sync::Arc;
use topkit_codegen::{ArgsLayout, Ids, Mask, Program, Semantics};

/// The buffers of a launch, each with the stream that it was made on.
type Streams<'a, S> = [(&'static str, Option<&'a Arc<S>>); 12];

/// The workspace of a typed launch, with its stream.
pub(super) enum Work<'a, S: DeviceStream> {
    /// The selector's own workspace for the stream.
    Own(&'a Arc<S>),
    /// A workspace of the caller's.
    Given(&'a S, &'a mut Workspace<S>),
}

impl<B: Backend> Launcher<B> {
    pub(super) fn launch_typed<S: Score, I: IndexInt>(
        &self,
        rows: &Rows<'_, S, B::Memory>,
        k: u32,
        args: Option<&dyn Arguments<B::Memory>>,
        mut output: Output<'_, I, S, B::Memory>,
        work: Work<'_, StreamOf<B>>,
    ) -> Result<(), Error> {
        let (stream, mut workspace, own) = match work {
            Work::Own(stream) => (&**stream, None, Some(stream)),
            Work::Given(stream, workspace) => (stream, Some(workspace), None),
        };
        let problem = Problem::new(S::DTYPE, rows.rows, rows.columns, k);
        let buffers = buffers(rows, &output, workspace.as_deref());
        self.check_context(&|| "the stream".into(), stream.context())?;
        for (what, made_on) in buffers {
            if let Some(made_on) = made_on {
                self.check_buffer(&|| what.into(), made_on, stream)?;
            }
        }
        let given = args.map(Arguments::given).unwrap_or_default();
        for Given { name, part } in &given {
            if let Some(made_on) = part.stream() {
                self.check_buffer(&|| format!("the argument `{name}`").into(), made_on, stream)?;
            }
        }
        let shape = self.shape(problem, rows, &output)?;
        if rows.rows == 0 {
            return Ok(());
        }
        let made_on = buffers.iter().filter_map(|(_, made_on)| *made_on);
        let made_on = made_on.chain(given.iter().filter_map(|given| given.part.stream()));
        refuse_tracked_capture(stream, made_on, problem)?;
        let address = |spans| B::Memory::address(spans, stream);
        let (scores, _scores) = B::Memory::address(&rows.scores, stream);
        let starts = rows.starts.as_ref().map(address);
        let lengths = rows.lengths.as_ref().map(address);
        let ks = rows.ks.as_ref().map(address);
        let shard_counts = rows.shard_counts.as_ref().map(address);
        let marks = rows.marks.as_ref().map(|marks| match marks {
            Marks::Bits(words) => B::Memory::address(words, stream),
            Marks::Bytes(bytes) => B::Memory::address(bytes, stream),
        });
        let map = output.map;
        let mapped = match &map {
            Map::Columns | Map::Affine { offsets: None, .. } => None,
            Map::Given { ids, .. } | Map::Affine { offsets: Some(ids), .. } => {
                Some(B::Memory::address(ids, stream))
            }
            Map::Pages { pages, .. } => Some(B::Memory::address(pages, stream)),
        };
        let mapped_at = |of: Ids| match (&mapped, map.declared() == of) {
            (Some((address, _)), true) => *address,
            _ => 0,
        };
        let (indices, _indices) = B::Memory::address_mut(&mut output.indices, stream);
        let values = output.values.as_mut().map(|values| B::Memory::address_mut(values, stream));
        let counts = output.counts.as_mut().map(|counts| B::Memory::address_mut(counts, stream));
        let raw_columns = output.raw_columns.as_mut();
        let raw_columns = raw_columns.map(|columns| B::Memory::address_mut(columns, stream));
        let workspace_bytes = workspace.as_ref().map_or(0, |workspace| workspace.bytes());
        let workspace = workspace.as_mut().and_then(|workspace| workspace.memory());
        let workspace = workspace.map(|memory| B::Memory::address_of_bytes(memory, stream));
        let (mut values_of_args, mut guards) = (Vec::new(), Vec::new());
        for Given { name, part } in &given {
            let (value, guard) = part.value_on(stream);
            values_of_args.push((*name, value));
            guards.extend(guard);
        }
        let declared = self.spec().program.as_ref().map(Program::args);
        let program = match (args, declared) {
            (None, _) => None,
            (Some(_), Some(declared)) => Some(ProgramArgs::new(declared, &values_of_args)?),
            (Some(_), None) => Some(ProgramArgs::new(&ArgsLayout::core(), &values_of_args)?),
        };
        // A wait that failed is kept by the stream's object of the context, which need not be the
        // engine's.
        stream.check_waits()?;
        let launch = RawLaunch {
            scores,
            row_starts: starts.as_ref().map_or(0, |(address, _)| *address),
            row_lengths: lengths.as_ref().map_or(0, |(address, _)| *address),
            indices,
            values: values.as_ref().map_or(0, |(address, _)| *address),
            counts: counts.as_ref().map_or(0, |(address, _)| *address),
            ids: mapped_at(Ids::Given),
            row_offsets: mapped_at(Ids::Affine),
            pages: mapped_at(Ids::Pages),
            raw_columns: raw_columns.as_ref().map_or(0, |(address, _)| *address),
            mask: marks.as_ref().map_or(0, |(address, _)| *address),
            row_ks: ks.as_ref().map_or(0, |(address, _)| *address),
            shard_counts: shard_counts.as_ref().map_or(0, |(address, _)| *address),
            workspace: workspace.as_ref().map_or(0, |(address, _)| *address),
            workspace_bytes,
            ..shape
        };
        // SAFETY: the buffers were checked against the shape and are of the engine's context, as the
        // stream is. They live until their guards record this launch. Without event tracking, the caller
        // who turned it off promised that they live.
        unsafe {
            match own {
                Some(stream) => self.launch_in_own(stream, launch, program.as_ref()),
                None => self.launch_checked(stream.handle(), &launch, program.as_ref()),
            }
        }
    }

    /// As [`Launcher::launch_checked`], in the workspace that the selector has for the stream.
    ///
    /// # Safety
    /// As for [`Launcher::launch_raw`]; the launch names no workspace.
    unsafe fn launch_in_own(
        &self,
        stream: &Arc<StreamOf<B>>,
        launch: RawLaunch,
        program: Option<&ProgramArgs>,
    ) -> Result<(), Error> {
        let mut planned = self.plan_launch(&launch, usize::MAX)?;
        loop {
            // SAFETY: as the caller promises.
            match unsafe { self.enqueue_in_own(stream, launch, program, &planned) } {
                Ok(()) => return Ok(()),
                Err(error) => {
                    let again = || Ok(self.plan_launch(&launch, usize::MAX)?.plan);
                    planned = Planned::by(self.instead(&planned.plan, error, again)?);
                }
            }
        }
    }

    /// # Safety
    /// As for [`Launcher::launch_in_own`].
    unsafe fn enqueue_in_own(
        &self,
        stream: &Arc<StreamOf<B>>,
        launch: RawLaunch,
        program: Option<&ProgramArgs>,
        planned: &Planned<B::Kernel>,
    ) -> Result<(), Error> {
        let needed = planned.plan.workspace_bytes;
        if needed == 0 {
            // SAFETY: as the caller promises.
            return unsafe { self.enqueue(stream.handle(), &launch, program, planned) };
        }
        let slot = self.workspaces().slot(stream);
        let mut own = slot.lock();
        // Another thread may have compiled a kernel under the lock, and a capture may have begun meanwhile.
        let capturing = stream.is_capturing()?;
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
        unsafe { self.enqueue(stream.handle(), &launch, program, planned) }
    }

    /// Refuses a buffer of another context, or one that nothing orders with the stream.
    fn check_buffer(
        &self,
        what: &dyn Fn() -> Cow<'static, str>,
        made_on: &StreamOf<B>,
        stream: &StreamOf<B>,
    ) -> Result<(), Error> {
        self.check_context(what, made_on.context())?;
        match is_ordered(made_on, stream) {
            true => Ok(()),
            false => Err(Error::Unordered { what: what() }),
        }
    }

    /// Refuses a stream or a buffer of another context than the backend's.
    pub(super) fn check_context(
        &self,
        what: &dyn Fn() -> Cow<'static, str>,
        context: &ContextOf<B>,
    ) -> Result<(), Error> {
        let own = self.backend().context()?;
        if context == own {
            return Ok(());
        }
        let [given, engine] = [context, own].map(StreamOf::<B>::ordinal);
        Err(Error::Context { what: what(), given, engine })
    }

    /// The launch without its addresses, once its sizes and strides and the lengths of its buffers are
    /// checked.
    fn shape<S: Score, I: IndexInt>(
        &self,
        Problem { dtype, rows: count, columns, k, .. }: Problem,
        rows: &Rows<'_, S, B::Memory>,
        output: &Output<'_, I, S, B::Memory>,
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
            value_stride: match output.value_stride {
                Some(given) => stride("row stride of the values", given)?,
                None => shape.value_stride,
            },
            index_fill: output.index_fill.map(Into::into),
            value_fill: output.value_fill.map(S::to_bits),
            raw_column_stride: match output.raw_column_stride {
                Some(given) => stride("row stride of the raw columns", given)?,
                None => shape.raw_column_stride,
            },
            mask_stride: stride("row stride of the mask", rows.mask_stride_or_width())?,
            shards: rows.shards,
            ..shape
        };
        let shape = match rows.shards {
            0 => shape,
            _ => RawLaunch {
                shard_stride: stride("stride of the shards", rows.shard_stride_or_rows())?,
                shard_count_stride: stride(
                    "stride of the shards' counts",
                    rows.shard_count_stride_or_rows(),
                )?,
                ..shape
            },
        };
        let shape = match output.map {
            Map::Columns => shape,
            Map::Given { stride: given, shard_stride: apart, .. } => {
                let apart = match (apart, rows.shards) {
                    (Some(apart), _) => apart,
                    (None, 0) => 0,
                    (None, _) => shard_stride_of(count, given, rows.width()),
                };
                RawLaunch {
                    id_stride: stride("row stride of the ids", given)?,
                    shard_id_stride: stride("stride of the shards' ids", apart)?,
                    ..shape
                }
            }
            Map::Affine { scale, offset, .. } => shape.affine(scale, offset),
            Map::Pages { stride: given, shift, .. } => {
                shape.pages(0, stride("row stride of the page table", given)?, shift)
            }
        };
        self.check_map(rows, output)?;
        self.check_launch(&shape)?;
        if count > 0 {
            shape.check_shards(self.spec())?;
        }
        rows.check()?;
        output.check(count, columns, rows.shards, k)?;
        Ok(shape)
    }

    /// A mask is of the declared kind, and so is what makes ids, also where its addresses do not tell.
    fn check_map<S: Score, I: IndexInt>(
        &self,
        rows: &Rows<'_, S, B::Memory>,
        output: &Output<'_, I, S, B::Memory>,
    ) -> Result<(), Error> {
        let Semantics { ids, mask, .. } = self.spec().semantics;
        let selector = || self.spec().name.to_string();
        let (given, what, declared) = match &rows.marks {
            None => (mask, "", ""),
            Some(Marks::Bits(_)) => (Mask::Bits, "a mask of bits", "mask: bits"),
            Some(Marks::Bytes(_)) => (Mask::Bytes, "a mask of bytes", "mask: bytes"),
        };
        if given != mask {
            return Err(Error::NotDeclared { selector: selector(), what, declared });
        }
        let (what, declared) = match output.map.declared() {
            Ids::Columns => return Ok(()),
            given if given == ids => return Ok(()),
            Ids::Given => ("ids", "ids: given"),
            Ids::Affine => ("factors or offsets of ids", "ids: affine"),
            Ids::Pages => ("pages", "ids: pages"),
        };
        Err(Error::NotDeclared { selector: selector(), what, declared })
    }
}

fn stride(what: &'static str, given: usize) -> Result<i64, TooLarge> {
    let (value, limit) = (given as u64, i64::MAX as u64);
    i64::try_from(given).map_err(|_| TooLarge { what, value, limit })
}

fn buffers<'a, S: Score, I: IndexInt, M: DeviceMemory>(
    rows: &'a Rows<'_, S, M>,
    output: &'a Output<'_, I, S, M>,
    workspace: Option<&'a Workspace<M::Stream>>,
) -> Streams<'a, M::Stream> {
    let marks = rows.marks.as_ref().map(|marks| match marks {
        Marks::Bits(words) => M::stream(words),
        Marks::Bytes(bytes) => M::stream(bytes),
    });
    let (what, mapped) = match &output.map {
        Map::Columns | Map::Affine { offsets: None, .. } => ("the ids", None),
        Map::Given { ids, .. } => ("the buffer of ids", Some(M::stream(ids))),
        Map::Affine { offsets: Some(offsets), .. } => {
            ("the buffer of row offsets", Some(M::stream(offsets)))
        }
        Map::Pages { pages, .. } => ("the page table", Some(M::stream(pages))),
    };
    [
        ("the score buffer", Some(M::stream(&rows.scores))),
        ("the buffer of starts", rows.starts.as_ref().map(M::stream)),
        ("the buffer of lengths", rows.lengths.as_ref().map(M::stream)),
        ("the index buffer", Some(M::stream_mut(&output.indices))),
        ("the value buffer", output.values.as_ref().map(M::stream_mut)),
        ("the count buffer", output.counts.as_ref().map(M::stream_mut)),
        ("the column buffer", output.raw_columns.as_ref().map(M::stream_mut)),
        ("the mask", marks),
        ("the buffer of each row's k", rows.ks.as_ref().map(M::stream)),
        ("the counts of shards", rows.shard_counts.as_ref().map(M::stream)),
        (what, mapped),
        ("the workspace", workspace.and_then(Workspace::stream)),
    ]
}

/// Whether cudarc puts the launch after earlier work on a buffer, and the release of the buffer after
/// the launch. Each object of one primary context counts its own streams, and with one stream it records
/// and waits for no events, which is enough for its own buffers alone. If a caller turned tracking off,
/// by an unsafe call, the order is the caller's duty.
fn is_ordered<S: DeviceStream>(made_on: &S, stream: &S) -> bool {
    let one_stream = made_on.handle().is_null() && stream.handle().is_null();
    let ordered = |side: &S| side.orders_streams() || !side.tracks();
    made_on.shares_object(stream) || one_stream || (ordered(made_on) && ordered(stream))
}

/// Where cudarc tracks buffers, it waits for events that were recorded before a capture, which ends
/// the capture, and records events in it, which no stream outside may wait for.
fn refuse_tracked_capture<'a, S: DeviceStream + 'a>(
    stream: &S,
    mut buffers: impl Iterator<Item = &'a Arc<S>>,
    problem: Problem,
) -> Result<(), Error> {
    // Objects of one primary context have each a tracking of their own.
    if !stream.tracks() && !buffers.any(|made_on| made_on.tracks()) {
        return Ok(());
    }
    match stream.is_capturing()? {
        true => Err(Error::EventTracking { problem }),
        false => Ok(()),
    }
}
