//! Device memory that grows on demand, and copies of a matrix in it.
//!
//! Addresses are raw, because launches and their recordings take raw ones: a caller that keeps an
//! address checks whether the buffer has moved. Everything is on one stream, which orders uses before
//! frees.

use crate::error::Error;
use crate::problem::Problem;
use cudarc::driver::sys::CUdeviceptr;
use cudarc::driver::{CudaSlice, CudaStream, DevicePtr, result};
use std::borrow::Cow;
use std::sync::Arc;

/// The alignment of every copy: an allocation's alignment.
const ALIGN: usize = 256;

/// The layout of a matrix in bytes: before the first row, of a row, and from row to row.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Layout {
    pub(crate) before: usize,
    pub(crate) row: usize,
    pub(crate) pitch: usize,
    pub(crate) rows: usize,
}

impl Layout {
    /// Rows that begin at multiples of the problem's alignment, and of no larger one where possible.
    pub(crate) fn of(problem: &Problem) -> Layout {
        let size = problem.dtype.bytes() as usize;
        let row = problem.columns * size;
        let align = (problem.vec_size as usize * size).clamp(size, WIDEST);
        let before = if align < WIDEST { align } else { 0 };
        // The pitch is an odd multiple of the alignment, so that rows begin at every address that the
        // alignment allows.
        let pitch = row.next_multiple_of(align);
        let even = align < WIDEST && (pitch / align).is_multiple_of(2);
        let pitch = if even { pitch + align } else { pitch };
        Layout { before, row, pitch, rows: problem.rows }
    }

    /// Bytes from the first score to the end of the last row.
    fn bytes(&self) -> usize {
        self.pitch * self.rows.saturating_sub(1) + self.row
    }
}

/// Bytes of the widest load.
const WIDEST: usize = 16;

/// Filler between rows, which nothing may read: NaN of every type.
const BETWEEN: u8 = 0xff;

/// Device memory of changing size.
pub(crate) struct Buffer {
    stream: Arc<CudaStream>,
    memory: Option<CudaSlice<u8>>,
    moves: usize,
}

impl Buffer {
    /// An empty buffer.
    pub(crate) fn new(stream: &Arc<CudaStream>) -> Buffer {
        Buffer { stream: stream.clone(), memory: None, moves: 0 }
    }

    /// The address of so many bytes, of undefined content; 0 for none.
    pub(crate) fn room(&mut self, bytes: usize) -> Result<CUdeviceptr, Error> {
        if bytes == 0 {
            return Ok(0);
        }
        if self.memory.as_ref().map_or(0, CudaSlice::len) < bytes {
            self.memory = None;
            self.moves += 1;
            // SAFETY: the caller writes before anything reads.
            let memory = unsafe { self.stream.alloc::<u8>(bytes) };
            self.memory = Some(memory.map_err(Error::cuda("make room for a problem"))?);
        }
        Ok(self.memory.as_ref().map_or(0, |memory| memory.device_ptr(&self.stream).0))
    }

    /// How often the address has changed.
    pub(crate) fn moves(&self) -> usize {
        self.moves
    }

    /// As [`Buffer::room`], with every byte set to one value.
    pub(crate) fn filled(&mut self, bytes: usize, value: u8) -> Result<CUdeviceptr, Error> {
        let address = self.room(bytes)?;
        if bytes > 0 {
            // SAFETY: the buffer holds so many bytes from this address on.
            unsafe { result::memset_d8_async(address, value, bytes, self.stream.cu_stream()) }
                .map_err(Error::cuda("fill its memory"))?;
        }
        Ok(address)
    }

    /// Writes numbers to its beginning, and waits until they are written.
    pub(crate) fn upload(&mut self, numbers: &[i32]) -> Result<CUdeviceptr, Error> {
        let address = self.room(size_of_val(numbers))?;
        // SAFETY: the buffer holds as many numbers, and they live until the stream has finished.
        unsafe { result::memcpy_htod_async(address, numbers, self.stream.cu_stream()) }
            .and_then(|()| self.stream.synchronize())
            .map_err(Error::cuda("take the lengths of rows"))?;
        Ok(address)
    }
}

/// Copies of one matrix.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Copies {
    first: CUdeviceptr,
    step: usize,
    count: usize,
    before: u64,
}

impl Copies {
    /// Repeats some rows to fill a matrix, and makes copies of the matrix until they have `least` bytes
    /// together: from one copy to `most`.
    pub(crate) fn of(
        buffer: &mut Buffer,
        rows: &[u8],
        layout: Layout,
        least: usize,
        most: usize,
    ) -> Result<Copies, Error> {
        let rows = &*apart(rows, layout);
        let bytes = layout.bytes();
        // A kernel that reads by whole loads reads beyond the last row.
        let step = (layout.before + bytes + WIDEST).next_multiple_of(ALIGN);
        let count = least.div_ceil(step).clamp(1, most);
        let first = buffer.room(step * count)?;
        let stream = buffer.stream.cu_stream();
        let refused = Error::cuda("take the scores");
        let (before, mut done) = (layout.before as u64, rows.len().min(bytes));
        let from = first + before;
        // SAFETY: the buffer holds the bytes of the first copy, and the rows outlive the wait below.
        unsafe { result::memcpy_htod_async(from, &rows[..done], stream) }.map_err(&refused)?;
        while done < bytes {
            // The copied part is whole rows, equally far apart, so a second copy of it continues them.
            let more = done.min(bytes - done);
            // SAFETY: both ends are within the first copy and do not overlap.
            unsafe { result::memcpy_dtod_async(from + done as u64, from, more, stream) }
                .map_err(&refused)?;
            done += more;
        }
        for copy in 1..count {
            let place = from + (copy * step) as u64;
            // SAFETY: the buffer holds `count` copies, `step` bytes from one to the next.
            unsafe { result::memcpy_dtod_async(place, from, bytes, stream) }.map_err(&refused)?;
        }
        buffer.stream.synchronize().map_err(&refused)?;
        Ok(Copies { first, step, count, before })
    }

    /// The copy that the launch of that number reads. Its address is a multiple of 256.
    pub(crate) fn memory(&self, launch: usize) -> CUdeviceptr {
        self.first + (launch % self.count * self.step) as u64
    }

    /// The address of its first score.
    pub(crate) fn address(&self, launch: usize) -> CUdeviceptr {
        self.memory(launch) + self.before
    }
}

/// Copies rows to their pitch.
fn apart(rows: &[u8], Layout { row, pitch, .. }: Layout) -> Cow<'_, [u8]> {
    if pitch == row || row == 0 {
        return Cow::Borrowed(rows);
    }
    let mut apart = vec![BETWEEN; rows.len() / row * pitch];
    for (row, place) in rows.chunks_exact(row).zip(apart.chunks_exact_mut(pitch)) {
        place[..row.len()].copy_from_slice(row);
    }
    Cow::Owned(apart)
}

/// Waits for the stream and fetches indices.
///
/// # Safety
/// The address is valid on the stream's device for so many indices.
pub(crate) unsafe fn fetch(
    stream: &CudaStream,
    address: CUdeviceptr,
    indices: &mut [i32],
) -> Result<(), Error> {
    // SAFETY: as the caller promises, and the slice outlives the wait.
    unsafe { result::memcpy_dtoh_async(indices, address, stream.cu_stream()) }
        .and_then(|()| stream.synchronize())
        .map_err(Error::cuda("run the kernel"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use topkit_codegen::DType;

    #[test]
    fn rows_lie_as_a_problem_says() {
        for dtype in DType::ALL {
            for columns in [1, 63, 64, 66, 68, 100_003] {
                for rows in [1, 2, 9] {
                    let widest = dtype.widest_load();
                    for vec_size in [1, 2, 4, widest].into_iter().filter(|&size| size <= widest) {
                        let problem = Problem::new(dtype, rows, columns, 8);
                        let problem = Problem { vec_size, ..problem };
                        let Layout { before, row, pitch, .. } = Layout::of(&problem);
                        assert!(pitch >= row && pitch < row + 32);
                        let stride = (pitch / dtype.bytes() as usize) as i64;
                        assert_eq!(problem.at(256 + before as u64, stride), problem);
                    }
                }
            }
        }
    }

    #[test]
    fn between_rows_is_nothing_to_select() {
        let layout = Layout { before: 4, row: 3, pitch: 5, rows: 2 };
        assert_eq!(&*apart(&[1, 2, 3, 4, 5, 6], layout), [1, 2, 3, 255, 255, 4, 5, 6, 255, 255]);
        assert_eq!(layout.bytes(), 8);
        let tight = Layout { pitch: 3, ..layout };
        assert_eq!(&*apart(&[1, 2, 3], tight), [1, 2, 3]);
    }
}
