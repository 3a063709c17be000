//! The meter for a GPU: it measures our kernels and peers on the same buffers, in one process.
//!
//! It uploads the scores of a cell, measures the read-once floor, and checks and times our kernel and each
//! peer, all on one stream. A driver error after which the GPU does not respond ends the bench.

use super::buffer::{Copies, Region, set};
use super::input::{Input, SEED};
use super::kernels::{self, Kernels, Specs};
use super::meter::Meter;
use super::peer::{self, Peer};
use super::record::{Both, Entry, Kernel, Machine, Method, Outcome, Peer as PeerEntry};
use super::stopwatch::{FIRST_WARM_UP, Stopwatch};
use super::trial::Trial;
use crate::Error;
use crate::cell::Cell;
use crate::refused;
use indicatif::ProgressBar;
use std::collections::HashMap;
use std::path::PathBuf;
use std::sync::Arc;
use topkit::measure::{ReadOnce, Recording};
use topkit::{CudaStream, Engine, Plan, RawLaunch, Selector, spec::Semantics};

/// A GPU with everything that its cells need.
pub struct Gpu {
    engine: Engine,
    stream: Arc<CudaStream>,
    kernels: Kernels,
    peers: Vec<Peer>,
    stopwatch: Stopwatch,
    reader: ReadOnce,
    /// By bytes, since nothing else decides them.
    floors: HashMap<usize, Both>,
    loaded: Option<Loaded>,
    memory: Memory,
}

/// Regions by their content.
struct Memory {
    scores: Region,
    strided: Region,
    lengths: Region,
    indices: Region,
    workspace: Region,
}

/// The scores of the last cell.
#[derive(Clone)]
struct Loaded {
    input: Arc<Input>,
    copies: Copies,
    /// The address of the lengths; 0 where rows are dense.
    lengths: u64,
}

impl Gpu {
    /// Opens the first GPU, loads the peers and compiles the kernels of all cells.
    pub fn open(
        cells: &[Cell],
        specs: &Specs<'_>,
        libraries: &[PathBuf],
        flush: bool,
        progress: &ProgressBar,
    ) -> Result<Gpu, Error> {
        // First, since a slip in a file's name shows here.
        let peers = libraries.iter().map(|path| Peer::load(path)).collect::<Result<Vec<_>, _>>()?;
        let engine = Engine::new().map_err(unfit)?;
        let context = engine.context();
        // SAFETY: everything is on the one stream made below, so there is nothing between streams
        // to track; tracking would put events into the graphs.
        unsafe { context.disable_event_tracking() };
        let stream = context.new_stream().map_err(refused("make a stream"))?;
        let kernels = kernels::prepare(&engine, cells, specs, progress)?;
        let reader = ReadOnce::new(&engine, &stream)?;
        progress.set_message("warming up");
        warm_up(&stream)?;
        let region = || Region::new(&stream);
        Ok(Gpu {
            stopwatch: Stopwatch::new(&stream, flush),
            peers: peers.into_iter().flatten().collect(),
            floors: HashMap::new(),
            loaded: None,
            memory: Memory {
                scores: region(),
                strided: region(),
                lengths: region(),
                indices: region(),
                workspace: region(),
            },
            engine,
            kernels,
            reader,
            stream,
        })
    }

    /// The scores of a cell, on host and device; made unless the last cell had the same.
    fn load(&mut self, cell: &Cell) -> Result<Loaded, Error> {
        if let Some(loaded) = &self.loaded
            && loaded.input.key == cell.input()
        {
            return Ok(loaded.clone());
        }
        self.loaded = None;
        let input = Input::make(cell.input(), SEED)?;
        let launches = self.stopwatch.launches();
        let copies = Copies::upload(&mut self.memory.scores, &input, cell.cols, launches)?;
        let lengths = match &input.lengths {
            Some(lengths) => self.memory.lengths.upload(lengths)?,
            None => 0,
        };
        let loaded = Loaded { input: Arc::new(input), copies, lengths };
        Ok(self.loaded.insert(loaded).clone())
    }

    fn floor(&mut self, bytes: usize, copies: &Copies) -> Result<Both, Error> {
        if let Some(&floor) = self.floors.get(&bytes) {
            return Ok(floor);
        }
        let reader = &self.reader;
        // SAFETY: a copy begins at an allocation's alignment, holds so many bytes and whole loads
        // beyond, and outlives the launches, because they are waited for.
        let grid = unsafe { reader.fastest(copies.address(0), bytes) }?;
        let timed = self.stopwatch.time(|launch| {
            // SAFETY: as above.
            Ok(unsafe { reader.launch(grid, copies.address(launch), bytes) }?)
        })?;
        let floor = timed.both;
        self.floors.insert(bytes, floor);
        Ok(floor)
    }

    fn ours(
        &mut self,
        cell: &Cell,
        selector: &Selector,
        plan: &Plan,
        loaded: &Loaded,
    ) -> Result<Outcome, Error> {
        let raw = RawLaunch::new(cell.dtype, cell.rows, cell.cols, cell.k)
            .row_lengths(loaded.lengths)
            .indices(self.memory.indices.at_least(index_bytes(cell))?)
            .workspace(self.memory.workspace.zeroed(plan.workspace_bytes)?, plan.workspace_bytes);
        let stream = &self.stream;
        let launch = |scores| {
            // SAFETY: the regions hold the scores, lengths, indices and workspace of this shape,
            // none overlaps another, and they outlive every launch, which are waited for.
            Ok(unsafe { selector.launch_raw(stream.cu_stream(), &raw.scores(scores)) }?)
        };
        let trial = Trial {
            input: &loaded.input,
            copies: loaded.copies,
            k: cell.k,
            semantics: selector.spec().semantics,
            indices: raw.indices,
            launch: &launch,
        };
        trial.measure(stream, &mut self.stopwatch)
    }

    fn theirs(
        &mut self,
        cell: &Cell,
        peer: &Peer,
        loaded: &Loaded,
        semantics: Semantics,
    ) -> Result<Outcome, Error> {
        let stride = match peer.stride(cell) {
            Ok(stride) => stride,
            Err(failed) => return Ok(Outcome::Failed { failed }),
        };
        let input = &loaded.input;
        let copies = if stride == cell.cols {
            loaded.copies
        } else {
            let launches = self.stopwatch.launches();
            Copies::upload(&mut self.memory.strided, input, stride, launches)?
        };
        let buffers = peer::Buffers {
            scores: 0,
            stride,
            lengths: loaded.lengths,
            indices: self.memory.indices.at_least(index_bytes(cell))?,
            workspace: self.memory.workspace.zeroed(peer.workspace_bytes(cell))?,
        };
        let stream = &self.stream;
        stream.context().bind_to_thread().map_err(refused("make its context current"))?;
        let launch = |scores| {
            let buffers = peer::Buffers { scores, ..buffers };
            // SAFETY: the regions are as large as the cell and the peer require, and they outlive every
            // launch, because launches are waited for.
            unsafe { peer.launch(cell, &buffers, stream.cu_stream()) }
        };
        let (k, indices) = (cell.k, buffers.indices);
        let trial = Trial { input, copies, k, semantics, indices, launch: &launch };
        trial.measure(stream, &mut self.stopwatch)
    }
}

impl Meter for Gpu {
    fn machine(&self) -> Machine {
        Machine::of(&self.engine)
    }

    fn method(&self) -> Method {
        self.stopwatch.method()
    }

    fn measure(&mut self, cell: &Cell) -> Result<Entry, Error> {
        let missing = || Error::Environment(format!("no kernel was compiled for {cell}"));
        let (selector, plan) = self.kernels.get(cell).cloned().ok_or_else(missing)?;
        let loaded = self.load(cell)?;
        let scores = loaded.input.count();
        let bytes = scores as usize * cell.dtype.bytes() as usize;
        let read_once = Some(self.floor(bytes, &loaded.copies)?);
        let ours = self.ours(cell, &selector, &plan, &loaded)?;
        let mut peers = Vec::new();
        self.stream.context().bind_to_thread().map_err(refused("make its context current"))?;
        for peer in self.peers.clone().iter().filter(|peer| peer.supports(cell)) {
            let outcome = self.theirs(cell, peer, &loaded, selector.spec().semantics)?;
            peers.push(PeerEntry { name: peer.name.clone(), outcome });
        }
        let kernel = Kernel {
            symbol: plan.variant.symbol(),
            kind: plan.variant.kernel.name().to_owned(),
            ctas: plan.grid,
            workspace_bytes: plan.workspace_bytes,
        };
        Ok(Entry { cell: *cell, scores, kernel, ours, read_once, peers })
    }
}

fn index_bytes(cell: &Cell) -> usize {
    cell.rows * cell.k as usize * size_of::<i32>()
}

fn unfit(error: topkit::Error) -> Error {
    Error::Environment(format!(
        "a bench needs an NVIDIA GPU, its driver and NVRTC: {error}\n`topkit doctor` looks closer; \
         `topkit bench --render bench.json` draws the results of another machine"
    ))
}

/// Fills memory until the clocks are up.
fn warm_up(stream: &Arc<CudaStream>) -> Result<(), Error> {
    const BYTES: usize = 64 << 20;
    let mut region = Region::new(stream);
    let address = region.zeroed(BYTES)?;
    // SAFETY: the region holds so many bytes from this address on.
    let fill = |_| unsafe { set(stream, address, 1, BYTES) };
    Ok(Recording::capture(stream, 1, fill)?.warm_up(FIRST_WARM_UP)?)
}
