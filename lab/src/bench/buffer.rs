//! Device memory of a bench: regions that grow and are used again, and the copies of an input that
//! a cold graph rotates through.
//!
//! Addresses are raw, since peers take nothing else. Everything is on one stream, which orders
//! uses before frees.

use super::input::Input;
use crate::Error;
use crate::cell::InputKey;
use crate::memory;
use crate::refused;
use std::sync::Arc;
use topkit::cudarc::driver::sys::CUdeviceptr;
use topkit::cudarc::driver::{CudaSlice, DevicePtr, result};
use topkit::{CudaStream, with_score};

/// Bytes that the inputs of a cold graph have together, where one for each launch reaches so far;
/// more than any L2 cache holds.
pub const COLD_BYTES: usize = 200_000_000;

/// Every copy begins at a multiple of this: the alignment of an allocation.
const ALIGN: usize = 256;

/// Device memory that grows on demand; its content is lost then.
pub struct Region {
    stream: Arc<CudaStream>,
    memory: Option<CudaSlice<u8>>,
}

impl Region {
    /// An empty one.
    pub fn new(stream: &Arc<CudaStream>) -> Region {
        Region { stream: stream.clone(), memory: None }
    }

    /// The address of at least so many bytes; 0 for none.
    pub fn at_least(&mut self, bytes: usize) -> Result<CUdeviceptr, Error> {
        if bytes == 0 {
            return Ok(0);
        }
        let held = self.memory.as_ref().map_or(0, CudaSlice::len);
        if held < bytes {
            self.memory = None;
            // SAFETY: the caller writes before anything reads.
            let memory = unsafe { self.stream.alloc::<u8>(bytes) };
            self.memory = Some(memory.map_err(refused("make room for the scores"))?);
        }
        Ok(self.memory.as_ref().map_or(0, |memory| memory.device_ptr(&self.stream).0))
    }

    /// The same, with so many bytes set to 0.
    pub fn zeroed(&mut self, bytes: usize) -> Result<CUdeviceptr, Error> {
        self.set(bytes, 0)
    }

    /// The same, with so many bytes set to one value.
    pub fn set(&mut self, bytes: usize, value: u8) -> Result<CUdeviceptr, Error> {
        let address = self.at_least(bytes)?;
        // SAFETY: the region holds so many bytes from this address on.
        unsafe { set(&self.stream, address, value, bytes) }?;
        Ok(address)
    }

    /// Puts numbers at its begin, and waits until they are there.
    pub fn upload(&mut self, numbers: &[i32]) -> Result<CUdeviceptr, Error> {
        let address = self.at_least(size_of_val(numbers))?;
        // SAFETY: the region holds as many numbers, which live until the stream is waited for.
        unsafe { result::memcpy_htod_async(address, numbers, self.stream.cu_stream()) }
            .and_then(|()| self.stream.synchronize())
            .map_err(refused("take the lengths"))?;
        Ok(address)
    }
}

/// Copies of one input, each as far from the last as its rows need.
#[derive(Debug, Clone, Copy)]
pub struct Copies {
    first: CUdeviceptr,
    step: usize,
    count: usize,
}

impl Copies {
    /// Puts an input into a region, with rows `stride` scores apart, as many times as a cold graph
    /// of so many launches needs.
    pub fn upload(
        region: &mut Region,
        input: &Input,
        stride: usize,
        launches: usize,
    ) -> Result<Copies, Error> {
        let InputKey { dtype, rows, cols: columns, .. } = input.key;
        let size = dtype.bytes() as usize;
        let bytes = rows * stride * size;
        let step = bytes.next_multiple_of(ALIGN);
        let count = COLD_BYTES.div_ceil(step).clamp(1, launches);
        let first = region.set(step * count, 0)?;
        let stream = region.stream.clone();
        let (refused, stream) = (refused("take the scores"), stream.cu_stream());
        with_score!(dtype, S => upload(input.scores.values::<S>(), columns, stride, first, stream))
            .map_err(&refused)?;
        for copy in 1..count {
            // SAFETY: the region holds `count` copies, `step` bytes from one to the next.
            unsafe {
                result::memcpy_dtod_async(first + (copy * step) as u64, first, bytes, stream)
            }
            .map_err(&refused)?;
        }
        // The scores on the host may be gone after this.
        region.stream.synchronize().map_err(&refused)?;
        Ok(Copies { first, step, count })
    }

    /// The address of the copy that the n-th launch of a cold graph reads; a warm one reads the
    /// 0th alone.
    pub fn address(&self, launch: usize) -> CUdeviceptr {
        self.first + (launch % self.count * self.step) as u64
    }
}

fn upload<S>(
    scores: &[S],
    columns: usize,
    stride: usize,
    first: CUdeviceptr,
    stream: topkit::cudarc::driver::sys::CUstream,
) -> Result<(), topkit::cudarc::driver::DriverError> {
    if stride == columns {
        // SAFETY: the first copy holds as many scores.
        return unsafe { result::memcpy_htod_async(first, scores, stream) };
    }
    for (row, scores) in scores.chunks_exact(columns).enumerate() {
        let at = first + (row * stride * size_of::<S>()) as u64;
        // SAFETY: the first copy holds `rows` rows, `stride` scores from one to the next.
        unsafe { result::memcpy_htod_async(at, scores, stream) }?;
    }
    Ok(())
}

/// Enqueues that bytes are set to one value.
///
/// # Safety
/// The address is valid on the stream's device for so many bytes.
pub unsafe fn set(
    stream: &CudaStream,
    address: CUdeviceptr,
    value: u8,
    bytes: usize,
) -> Result<(), Error> {
    if bytes == 0 {
        return Ok(());
    }
    // SAFETY: as the caller promises.
    unsafe { result::memset_d8_async(address, value, bytes, stream.cu_stream()) }
        .map_err(refused("fill its memory"))
}

/// Waits for the stream and fetches the indices of an answer.
///
/// # Safety
/// The address is valid on the stream's device for so many indices.
pub unsafe fn fetch(
    stream: &CudaStream,
    address: CUdeviceptr,
    count: usize,
) -> Result<Vec<i32>, Error> {
    let mut indices = memory::filled("the indices", 0i32, count)?;
    // SAFETY: as the caller promises, and the vector lives until the stream is waited for.
    unsafe { result::memcpy_dtoh_async(&mut indices, address, stream.cu_stream()) }
        .and_then(|()| stream.synchronize())
        .map_err(refused("run the kernel"))?;
    Ok(indices)
}
