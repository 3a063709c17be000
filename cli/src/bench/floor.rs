//! The read-once floor: how long the GPU takes to read every byte of an input once, which no
//! selection can beat.
//!
//! A small kernel of its own, compiled with the library's NVRTC, is tried in a few grid shapes, and
//! the fastest stands. It selects nothing.

use super::memory::{Copies, Region};
use super::record::Both;
use super::stopwatch::Stopwatch;
use crate::exit::Failure;
use crate::gpu::refused;
use std::sync::Arc;
use std::time::Duration;
use topkit::cudarc::driver::sys::CUdeviceptr;
use topkit::cudarc::driver::{CudaFunction, CudaStream, LaunchConfig, PushKernelArg};
use topkit::cudarc::nvrtc::Ptx;
use topkit::tune::Recording;
use topkit::{Compiler, Engine, RenderedSource, Variant};

const ENTRY: &str = "read_once";
const LOAD_BYTES: usize = 16;
/// Threads of a CTA, and loads that a thread has at least.
const SHAPES: [(u32, usize); 7] =
    [(128, 1), (256, 1), (1024, 1), (256, 2), (512, 4), (256, 8), (1024, 8)];
/// Threads that a multiprocessor holds.
const RESIDENT: u32 = 2048;

/// The kernel.
pub struct Floor {
    stream: Arc<CudaStream>,
    function: CudaFunction,
    sink: CUdeviceptr,
    _memory: Region,
    multiprocessors: u32,
}

impl Floor {
    /// Compiles and loads the kernel.
    pub fn new(engine: &Engine, stream: &Arc<CudaStream>, any: Variant) -> Result<Floor, Failure> {
        let source = RenderedSource {
            // The compiler looks at text and entry alone.
            variant: any,
            text: include_str!("floor.cu").to_owned(),
            entry: ENTRY.to_owned(),
            digest: String::new(),
        };
        let compiled =
            engine.nvrtc()?.compile(&source, engine.arch()).map_err(Failure::environment)?;
        let refused = refused("load the kernel that reads once");
        let module =
            stream.context().load_module(Ptx::from_binary(compiled.cubin)).map_err(&refused)?;
        let function = module.load_function(ENTRY).map_err(&refused)?;
        let mut memory = Region::new(stream);
        let sink = memory.zeroed(LOAD_BYTES)?;
        let multiprocessors = engine.device().map_or(1, |device| device.multiprocessors);
        Ok(Floor { stream: stream.clone(), function, sink, _memory: memory, multiprocessors })
    }

    /// Times the fastest shape. Only whole loads are made, so up to 15 bytes beyond the input are
    /// read; each copy has room for them.
    pub fn time(
        &self,
        stopwatch: &mut Stopwatch,
        copies: &Copies,
        bytes: usize,
    ) -> Result<Both, Failure> {
        let mut best: Option<(f64, (u32, u32))> = None;
        for shape in self.shapes(bytes) {
            let launch = |_| self.launch(shape, copies.address(0), bytes);
            let recording = Recording::capture(&self.stream, stopwatch.launches(), launch)?;
            recording.warm_up(Duration::from_millis(1))?;
            let time = recording.time(3)?.median;
            if best.is_none_or(|(least, _)| time < least) {
                best = Some((time, shape));
            }
        }
        let shape = best.map_or((1, RESIDENT / 2), |(_, shape)| shape);
        let timed = stopwatch.time(|launch| self.launch(shape, copies.address(launch), bytes))?;
        Ok(timed.both)
    }

    /// Grids to try: CTAs and threads.
    fn shapes(&self, bytes: usize) -> Vec<(u32, u32)> {
        let loads = bytes.div_ceil(LOAD_BYTES);
        let shape = |&(threads, each): &(u32, usize)| {
            let most = self.multiprocessors * (RESIDENT / threads);
            let wanted = loads.div_ceil(threads as usize * each).max(1);
            (u32::try_from(wanted).map_or(most, |wanted| wanted.min(most)), threads)
        };
        let mut shapes: Vec<_> = SHAPES.iter().map(shape).collect();
        shapes.sort_unstable();
        shapes.dedup();
        shapes
    }

    fn launch(
        &self,
        (ctas, threads): (u32, u32),
        data: CUdeviceptr,
        bytes: usize,
    ) -> Result<(), Failure> {
        let loads = bytes.div_ceil(LOAD_BYTES) as u64;
        let config = LaunchConfig {
            grid_dim: (ctas, 1, 1),
            block_dim: (threads, 1, 1),
            shared_mem_bytes: 0,
        };
        let mut launch = self.stream.launch_builder(&self.function);
        launch.arg(&data).arg(&loads).arg(&self.sink);
        // SAFETY: the arguments are those of the kernel, in its order; a copy holds whole loads.
        unsafe { launch.launch(config) }.map_err(refused("read its memory once"))?;
        Ok(())
    }
}
