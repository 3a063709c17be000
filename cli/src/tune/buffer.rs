//! Device memory that grows when more is asked for, and copies of a matrix in it.
//!
//! Addresses are raw, since launches and their recordings take nothing else: whoever keeps one asks
//! whether the buffer has moved. Everything is on one stream, which orders uses before frees.

use crate::exit::Failure;
use crate::gpu::refused;
use std::sync::Arc;
use topkit::CudaStream;
use topkit::cudarc::driver::sys::CUdeviceptr;
use topkit::cudarc::driver::{CudaSlice, DevicePtr, result};

/// What every copy begins at a multiple of: the alignment of an allocation.
const ALIGN: usize = 256;

/// Device memory of changing size.
pub struct Buffer {
    stream: Arc<CudaStream>,
    memory: Option<CudaSlice<u8>>,
    moves: usize,
}

impl Buffer {
    /// An empty one.
    pub fn new(stream: &Arc<CudaStream>) -> Buffer {
        Buffer { stream: stream.clone(), memory: None, moves: 0 }
    }

    /// The address of so many bytes, which hold nothing of before; 0 of none.
    pub fn room(&mut self, bytes: usize) -> Result<CUdeviceptr, Failure> {
        if bytes == 0 {
            return Ok(0);
        }
        if self.memory.as_ref().map_or(0, CudaSlice::len) < bytes {
            self.memory = None;
            self.moves += 1;
            // SAFETY: whoever asks writes before anything reads.
            let memory = unsafe { self.stream.alloc::<u8>(bytes) };
            self.memory = Some(memory.map_err(refused("make room for a problem"))?);
        }
        Ok(self.memory.as_ref().map_or(0, |memory| memory.device_ptr(&self.stream).0))
    }

    /// How often its address has changed.
    pub fn moves(&self) -> usize {
        self.moves
    }

    /// As [`Buffer::room`], with every byte set to one value.
    pub fn filled(&mut self, bytes: usize, value: u8) -> Result<CUdeviceptr, Failure> {
        let address = self.room(bytes)?;
        if bytes > 0 {
            // SAFETY: the buffer holds so many bytes from this address on.
            unsafe { result::memset_d8_async(address, value, bytes, self.stream.cu_stream()) }
                .map_err(refused("fill its memory"))?;
        }
        Ok(address)
    }
}

/// Copies of one matrix.
#[derive(Debug, Clone, Copy)]
pub struct Copies {
    first: CUdeviceptr,
    step: usize,
    count: usize,
}

impl Copies {
    /// Puts some rows over and over into a matrix of so many bytes, and as many copies of that as
    /// reach `least` bytes together, one to `most`.
    pub fn of(
        buffer: &mut Buffer,
        rows: &[u8],
        bytes: usize,
        least: usize,
        most: usize,
    ) -> Result<Copies, Failure> {
        let step = bytes.next_multiple_of(ALIGN);
        let count = least.div_ceil(step).clamp(1, most);
        let first = buffer.room(step * count)?;
        let stream = buffer.stream.cu_stream();
        let refused = refused("take the scores");
        let mut done = rows.len().min(bytes);
        // SAFETY: the buffer holds the bytes of the first copy, and the rows outlive the wait below.
        unsafe { result::memcpy_htod_async(first, &rows[..done], stream) }.map_err(&refused)?;
        while done < bytes {
            // What is there is whole rows, so twice as much is too.
            let more = done.min(bytes - done);
            // SAFETY: both ends are within the first copy and do not overlap.
            unsafe { result::memcpy_dtod_async(first + done as u64, first, more, stream) }
                .map_err(&refused)?;
            done += more;
        }
        for copy in 1..count {
            let place = first + (copy * step) as u64;
            // SAFETY: the buffer holds `count` copies, `step` bytes from one to the next.
            unsafe { result::memcpy_dtod_async(place, first, bytes, stream) }.map_err(&refused)?;
        }
        buffer.stream.synchronize().map_err(&refused)?;
        Ok(Copies { first, step, count })
    }

    /// The address of the copy that the launch of that number reads.
    pub fn address(&self, launch: usize) -> CUdeviceptr {
        self.first + (launch % self.count * self.step) as u64
    }
}

/// Waits for the stream and fetches indices.
///
/// # Safety
/// The address is valid on the stream's device for so many indices.
pub unsafe fn fetch(
    stream: &CudaStream,
    address: CUdeviceptr,
    indices: &mut [i32],
) -> Result<(), Failure> {
    // SAFETY: as the caller promises, and the slice outlives the wait.
    unsafe { result::memcpy_dtoh_async(indices, address, stream.cu_stream()) }
        .and_then(|()| stream.synchronize())
        .map_err(refused("run the kernel"))
}
