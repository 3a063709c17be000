//! What is around a selection in a user's program: a kernel that writes the scores before it, and one that
//! reads the indices after it.
//!
//! A selection in place is timed between the two: a graph with it minus the same graph without it
//! ([`Recording::time_over`](super::Recording::time_over)). Both kernels are launched with programmatic
//! dependent launch where the GPU has it, so that a selection may use it on either side. They are compiled
//! and cached as every other kernel; they select nothing.

use crate::backend::cuda::module::{LaunchShape, LoadedKernel};
use crate::engine::Engine;
use crate::error::Error;
use cudarc::driver::sys::CUdeviceptr;
use cudarc::driver::{CudaSlice, CudaStream, DevicePtr};
use std::fmt;
use std::sync::Arc;
use topkit_codegen::{DType, KernelKind, RenderedSource, Semantics, Variant};

const WRITE: &str = "write_scores";
const READ: &str = "read_indices";
const THREADS: u32 = 256;
/// CTAs of a multiprocessor at once.
const RESIDENT: usize = (2048 / THREADS) as usize;
/// Bytes that a CTA writes at least, but for the last of a row: one load of each thread.
const SHARE: usize = 16 * THREADS as usize;

/// A variant to fill `RenderedSource`: the compiler reads only text and entry.
const ANY: Variant = Variant {
    kernel: KernelKind::BlockRadix,
    dtype: DType::F32,
    vec_size: 4,
    bins: 2048,
    threads: THREADS,
    items: 0,
    cluster: 1,
    stages: Variant::STAGES,
    semantics: Semantics::DEFAULT,
    program: None,
};

/// The kernels before and after a selection.
pub struct InPlace {
    stream: Arc<CudaStream>,
    write: LoadedKernel,
    read: LoadedKernel,
    pdl: bool,
    multiprocessors: usize,
    sink: CUdeviceptr,
    _memory: CudaSlice<u8>,
}

/// A matrix of scores in device memory.
#[derive(Debug, Clone, Copy)]
pub struct Written {
    /// The address of the first row.
    pub address: CUdeviceptr,
    /// Rows.
    pub rows: usize,
    /// Scores of the longest row.
    pub columns: usize,
    /// From row to row, in scores.
    pub stride: usize,
    /// The address of a 32-bit length for each row; 0 where every row has all columns.
    pub lengths: CUdeviceptr,
    /// The type of a score.
    pub dtype: DType,
}

/// `WriteArgs` in in_place.cu, field by field.
#[repr(C)]
struct WriteArgs {
    data: u64,
    pitch: u64,
    row_bytes: u64,
    lengths: u64,
    rows: u32,
    parts: u32,
    score_bytes: u32,
    zero: u32,
}

/// `ReadArgs` in in_place.cu.
#[repr(C)]
struct ReadArgs {
    indices: u64,
    count: u64,
    sink: u64,
}

impl InPlace {
    /// Compiles and loads the kernels, for launches on a stream of the engine's context. They come from the
    /// engine's cache where they are there.
    ///
    /// # Errors
    /// The compiler or the driver refuses a kernel, or it would have to be compiled and the settings
    /// deny that.
    pub fn new(engine: &Engine, stream: &Arc<CudaStream>) -> Result<InPlace, Error> {
        let device = engine.gpu().ok_or(Error::Offline { arch: engine.arch() })?;
        let shape = LaunchShape { threads: THREADS, cluster: 1, shared_bytes: 0 };
        let kernel = |entry: &str| {
            let source = RenderedSource {
                variant: ANY,
                text: include_str!("in_place.cu").to_owned(),
                entry: entry.to_owned(),
                digest: String::new(),
            };
            let artifact = engine.artifact_of(&source, engine.compiling())?;
            LoadedKernel::load(device, entry, &artifact.cubin, shape)
        };
        let memory: CudaSlice<u8> =
            stream.alloc_zeros(16).map_err(Error::cuda("make room for a sum"))?;
        let sink = memory.device_ptr(stream).0;
        Ok(InPlace {
            write: kernel(WRITE)?,
            read: kernel(READ)?,
            pdl: engine.limits().pdl,
            multiprocessors: engine.device().multiprocessors as usize,
            stream: stream.clone(),
            sink,
            _memory: memory,
        })
    }

    /// Enqueues a kernel that writes the scores of each row: the ones that are there already.
    ///
    /// # Errors
    /// An error of the driver.
    ///
    /// # Safety
    /// The matrix is valid on the stream's device, with the 16 bytes around the ends of its rows, until the
    /// stream has passed the launch, or the last replay of a graph that captured it. The lengths are
    /// from 0 to the columns.
    pub unsafe fn write(&self, scores: &Written) -> Result<(), Error> {
        let (grid, args) = write_args(scores, RESIDENT * self.multiprocessors);
        // SAFETY: `WriteArgs` is the kernel's struct; the caller promises the rest. It waits for the
        // preceding kernel first.
        unsafe { self.write.launch(grid, self.pdl, self.stream.cu_stream(), bytes_of(&args)) }
    }

    /// Enqueues a kernel that reads so many 32-bit indices.
    ///
    /// # Errors
    /// An error of the driver.
    ///
    /// # Safety
    /// The address is valid on the stream's device for so many indices, as long as in
    /// [`InPlace::write`]. This lives as long.
    pub unsafe fn read(&self, indices: CUdeviceptr, count: usize) -> Result<(), Error> {
        let args = ReadArgs { indices, count: count as u64, sink: self.sink };
        let most = RESIDENT * self.multiprocessors;
        let grid = count.div_ceil(THREADS as usize).clamp(1, most) as u32;
        // SAFETY: as above.
        unsafe { self.read.launch(grid, self.pdl, self.stream.cu_stream(), bytes_of(&args)) }
    }
}

impl fmt::Debug for InPlace {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("InPlace").field("pdl", &self.pdl).finish_non_exhaustive()
    }
}

/// The CTAs and the argument of a write, where `most` CTAs are resident.
fn write_args(scores: &Written, most: usize) -> (u32, WriteArgs) {
    let &Written { address, rows, columns, stride, lengths, dtype } = scores;
    let size = dtype.bytes() as usize;
    // Dense rows without gaps are one long row.
    let (rows, row_bytes) = match lengths == 0 && stride == columns {
        true => (1, rows * columns * size),
        false => (rows, columns * size),
    };
    // Few long rows among many are shared by CTAs too.
    let most_parts = most.div_ceil(rows.max(1)).max(32);
    let parts = row_bytes.div_ceil(SHARE).clamp(1, most_parts);
    let grid = (rows * parts).clamp(1, most) as u32;
    let args = WriteArgs {
        data: address,
        pitch: (stride * size) as u64,
        row_bytes: row_bytes as u64,
        lengths,
        rows: rows as u32,
        parts: parts as u32,
        score_bytes: size as u32,
        zero: 0,
    };
    (grid, args)
}

/// The bytes of an argument.
fn bytes_of<T>(args: &T) -> &[u8] {
    // SAFETY: both arguments are structs of integers without padding.
    unsafe { std::slice::from_raw_parts(std::ptr::from_ref(args).cast(), size_of::<T>()) }
}

#[cfg(test)]
mod tests {
    use super::*;

    const DENSE: Written = Written {
        address: 256,
        rows: 32,
        columns: 8192,
        stride: 8192,
        lengths: 0,
        dtype: DType::Bf16,
    };

    #[test]
    fn dense_rows_are_written_as_one() {
        let (grid, args) = write_args(&DENSE, 1056);
        assert_eq!((args.rows, args.row_bytes), (1, 32 * 8192 * 2));
        assert_eq!((grid, args.parts), (128, 128), "each thread has one load");
        let huge = Written { columns: 1 << 20, stride: 1 << 20, ..DENSE };
        let (grid, args) = write_args(&huge, 1056);
        assert_eq!((grid, args.parts), (1056, 1056));
    }

    #[test]
    fn rows_with_lengths_or_gaps_are_written_each() {
        for apart in [Written { lengths: 512, ..DENSE }, Written { stride: 8256, ..DENSE }] {
            let (grid, args) = write_args(&apart, 1056);
            assert_eq!((args.rows, args.parts, grid), (32, 4, 128));
            assert_eq!((args.pitch, args.row_bytes), (apart.stride as u64 * 2, 8192 * 2));
        }
        let many = Written { rows: 16384, columns: 128, stride: 136, ..DENSE };
        let (grid, args) = write_args(&many, 1056);
        assert_eq!((grid, args.rows, args.parts), (1056, 16384, 1));
    }

    #[test]
    fn arguments_have_no_padding() {
        assert_eq!((size_of::<WriteArgs>(), size_of::<ReadArgs>()), (48, 24));
    }
}
