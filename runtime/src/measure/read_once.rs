//! The read-once time: how long the GPU takes to read every byte of an input once, which no
//! selection can beat.
//!
//! A small kernel of its own, compiled and cached as every other, is timed in a few grid shapes, and the
//! fastest counts. It selects nothing.

use super::graph::Recording;
use crate::compile::cache::Compiling;
use crate::engine::Engine;
use crate::error::Error;
use cudarc::driver::sys::CUdeviceptr;
use cudarc::driver::{CudaFunction, CudaSlice, CudaStream, DevicePtr, LaunchConfig, PushKernelArg};
use cudarc::nvrtc::Ptx;
use std::fmt;
use std::sync::Arc;
use std::time::Duration;
use topkit_codegen::{DType, KernelKind, RenderedSource, Semantics, Variant};

const ENTRY: &str = "read_once";
const LOAD_BYTES: usize = 16;
/// Threads of a CTA, and loads that a thread has at least.
const SHAPES: [(u32, usize); 7] =
    [(128, 1), (256, 1), (1024, 1), (256, 2), (512, 4), (256, 8), (1024, 8)];
/// Launches in a graph that tells the fastest grid.
const TRIED: usize = 10;
/// Resident threads of a multiprocessor.
const RESIDENT: u32 = 2048;

/// A variant to fill `RenderedSource`: the compiler reads only text and entry.
const ANY: Variant = Variant {
    kernel: KernelKind::BlockRadix,
    dtype: DType::F32,
    vec_size: 4,
    bins: 2048,
    threads: 512,
    items: 0,
    cluster: 1,
    stages: Variant::STAGES,
    semantics: Semantics::DEFAULT,
    program: None,
};

/// A kernel that reads memory once.
pub struct ReadOnce {
    stream: Arc<CudaStream>,
    function: CudaFunction,
    sink: CUdeviceptr,
    _memory: CudaSlice<u8>,
    multiprocessors: u32,
}

/// CTAs and threads of a launch.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Grid {
    ctas: u32,
    threads: u32,
}

impl ReadOnce {
    /// Compiles and loads the kernel, for launches on a stream of the engine's context. It comes from
    /// the engine's cache where it is there.
    ///
    /// # Errors
    /// The compiler or the driver refuses the kernel, or it would have to be
    /// compiled and the settings deny that.
    pub fn new(engine: &Engine, stream: &Arc<CudaStream>) -> Result<ReadOnce, Error> {
        ReadOnce::load(engine, stream, engine.compiling())
    }

    /// As [`ReadOnce::new`], where compiling may be allowed whatever the settings deny.
    pub(crate) fn load(
        engine: &Engine,
        stream: &Arc<CudaStream>,
        compiling: Compiling,
    ) -> Result<ReadOnce, Error> {
        let source = RenderedSource {
            variant: ANY,
            text: include_str!("read_once.cu").to_owned(),
            entry: ENTRY.to_owned(),
            digest: String::new(),
        };
        let multiprocessors = engine.device().multiprocessors;
        let artifact = engine.artifact_of(&source, compiling)?;
        let refused = Error::cuda("load the kernel that reads once");
        let module = stream
            .context()
            .load_module(Ptx::from_binary(artifact.cubin.clone()))
            .map_err(&refused)?;
        let function = module.load_function(ENTRY).map_err(&refused)?;
        let memory: CudaSlice<u8> = stream.alloc_zeros(LOAD_BYTES).map_err(&refused)?;
        let sink = memory.device_ptr(stream).0;
        Ok(ReadOnce { stream: stream.clone(), function, sink, _memory: memory, multiprocessors })
    }

    /// The grid that reads so many bytes the fastest.
    ///
    /// # Errors
    /// An error of the driver.
    ///
    /// # Safety
    /// As for [`ReadOnce::launch`].
    pub unsafe fn fastest(&self, address: CUdeviceptr, bytes: usize) -> Result<Grid, Error> {
        let mut best: Option<(f64, Grid)> = None;
        for grid in self.grids(bytes) {
            // SAFETY: as the caller promises.
            let launch = |_| unsafe { self.launch(grid, address, bytes) };
            let recording = Recording::capture(&self.stream, TRIED, launch)?;
            recording.warm_up(Duration::from_millis(1))?;
            let time = recording.time(3)?.median;
            if best.is_none_or(|(least, _)| time < least) {
                best = Some((time, grid));
            }
        }
        Ok(best.map_or(Grid { ctas: 1, threads: RESIDENT / 2 }, |(_, grid)| grid))
    }

    /// Grids to try.
    fn grids(&self, bytes: usize) -> Vec<Grid> {
        let loads = bytes.div_ceil(LOAD_BYTES);
        let grid = |&(threads, each): &(u32, usize)| {
            let most = self.multiprocessors * (RESIDENT / threads);
            let wanted = loads.div_ceil(threads as usize * each).max(1);
            let ctas = u32::try_from(wanted).map_or(most, |wanted| wanted.min(most));
            Grid { ctas, threads }
        };
        let mut grids: Vec<_> = SHAPES.iter().map(grid).collect();
        grids.sort_unstable();
        grids.dedup();
        grids
    }

    /// Enqueues one reading. Only whole loads are made, so up to 15 bytes beyond the last are read.
    ///
    /// # Errors
    /// An error of the driver.
    ///
    /// # Safety
    /// The address is a multiple of 16, and valid on the stream's device for so many bytes rounded
    /// up to a multiple of 16 until the stream has passed the launch, or the last replay of a graph
    /// that captured it. This reader lives as long: dropping it unloads the kernel.
    pub unsafe fn launch(
        &self,
        Grid { ctas, threads }: Grid,
        address: CUdeviceptr,
        bytes: usize,
    ) -> Result<(), Error> {
        let loads = bytes.div_ceil(LOAD_BYTES) as u64;
        let config = LaunchConfig {
            grid_dim: (ctas, 1, 1),
            block_dim: (threads, 1, 1),
            shared_mem_bytes: 0,
        };
        let mut launch = self.stream.launch_builder(&self.function);
        launch.arg(&address).arg(&loads).arg(&self.sink);
        // SAFETY: the arguments match the kernel's parameters, in order; the caller promises the rest.
        unsafe { launch.launch(config) }.map_err(Error::cuda("read its memory once"))?;
        Ok(())
    }
}

impl fmt::Debug for ReadOnce {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ReadOnce").field("multiprocessors", &self.multiprocessors).finish()
    }
}
