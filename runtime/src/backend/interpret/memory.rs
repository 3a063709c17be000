//! Global memory: named buffers on the host, each as long as its data and not a byte longer.
//!
//! An address is the host's own. What was written is remembered from launch to launch; an access
//! outside a buffer's windows, or by a block that serves another row, is a fault of the launch, and
//! touches nothing.

use crate::problem::{F8E4M3, F8E5M2};
use half::{bf16, f16};
use std::alloc::{Layout, alloc_zeroed, dealloc, handle_alloc_error};
use std::ops::Range;
use std::ptr::NonNull;

/// As `cudaMalloc` aligns.
const ALIGN: usize = 256;

/// An element of a buffer.
///
/// # Safety
/// Every bit pattern is a value, and there is no padding.
pub unsafe trait Word: Copy {}

macro_rules! words {
    ($($word:ty,)*) => {$(
        // SAFETY: a number of fixed width.
        unsafe impl Word for $word {}
    )*};
}
words![u8, u16, u32, u64, i8, i16, i32, i64, f32, f64, bf16, f16, F8E4M3, F8E5M2,];

/// A buffer of a [`Memory`].
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Buffer(pub(super) usize);

/// The global memory of launches.
#[derive(Debug, Default)]
pub struct Memory {
    pub(super) allocations: Vec<Allocation>,
}

#[derive(Debug)]
pub(super) struct Allocation {
    pub name: String,
    block: NonNull<u8>,
    layout: Layout,
    pub start: usize,
    pub len: usize,
    pub writable: bool,
    /// Bytes from the start that may be touched.
    pub windows: Vec<Range<usize>>,
    /// The bytes of each row; empty where the buffer has no rows.
    pub rows: Vec<Range<usize>>,
    /// Whether a byte of a row may be written more than once.
    pub rewritten: bool,
    /// Byte for byte; of a buffer that may not be written, empty.
    pub initialised: Vec<bool>,
}

impl Memory {
    /// No buffers.
    pub fn new() -> Memory {
        Memory::default()
    }

    /// A copy of `data` that kernels may read and not write.
    pub fn input<T: Word>(&mut self, name: &str, data: &[T]) -> Buffer {
        self.input_at(name, 0, data)
    }

    /// As [`Memory::input`], beginning `offset` bytes past an address that everything is aligned to.
    pub fn input_at<T: Word>(&mut self, name: &str, offset: usize, data: &[T]) -> Buffer {
        let buffer = self.allocate(name, offset, size_of_val(data), false);
        self.fill(buffer, data);
        buffer
    }

    /// A copy of `data` that kernels may read and write.
    pub fn workspace<T: Word>(&mut self, name: &str, data: &[T]) -> Buffer {
        let buffer = self.allocate(name, 0, size_of_val(data), true);
        self.fill(buffer, data);
        self.allocations[buffer.0].initialised.fill(true);
        buffer
    }

    /// `len` elements that kernels must write before they or the host read them.
    ///
    /// # Panics
    /// If memory cannot address them.
    pub fn output<T: Word>(&mut self, name: &str, len: usize) -> Buffer {
        self.allocate(name, 0, len.saturating_mul(size_of::<T>()), true)
    }

    /// Leaves only these bytes of a buffer open to kernels; all of it is, until this is called.
    pub fn restrict(&mut self, buffer: Buffer, windows: Vec<Range<usize>>) {
        self.allocations[buffer.0].windows = windows;
    }

    /// Lets a kernel write the bytes of a buffer's rows more than once, as one that sorts its winners does.
    pub fn allow_rewrites(&mut self, buffer: Buffer) {
        self.allocations[buffer.0].rewritten = true;
    }

    /// Opens to kernels only the bytes of these rows, row by row; rows may be empty, and may overlap.
    /// In a launch that says which row a block serves, a block may touch the bytes of its row alone.
    /// Of a buffer that kernels may write, each byte of a row may be written once, unless
    /// [`Memory::allow_rewrites`] was called.
    pub fn restrict_to_rows(&mut self, buffer: Buffer, rows: Vec<Range<usize>>) {
        self.allocations[buffer.0].windows = disjoint(&rows);
        self.allocations[buffer.0].rows = rows;
    }

    /// The address to pass to a kernel.
    pub fn address(&self, buffer: Buffer) -> u64 {
        self.allocations[buffer.0].start as u64
    }

    /// Frees a buffer: its address is nobody's from now on.
    pub(super) fn free(&mut self, buffer: Buffer) {
        self.allocations[buffer.0] = Allocation::new("a freed buffer", 0, 0, true);
        self.allocations[buffer.0].windows.clear();
    }

    /// Buffers that were not freed.
    pub(super) fn live(&self) -> usize {
        self.allocations.iter().filter(|allocation| !allocation.windows.is_empty()).count()
    }

    /// The buffer that holds so many bytes at an address.
    pub(super) fn at(&self, address: u64, bytes: usize) -> Option<Buffer> {
        let at = usize::try_from(address).ok()?;
        let holds = |it: &Allocation| {
            it.start <= at && at - it.start < it.len && bytes <= it.len - (at - it.start)
        };
        self.allocations.iter().position(holds).map(Buffer)
    }

    /// Writes elements from a byte of a buffer on, as a copy of the host does.
    pub(super) fn write<T: Word>(&mut self, buffer: Buffer, data: &[T]) {
        self.fill(buffer, data);
        let written = self.allocations[buffer.0].initialised.iter_mut();
        written.take(size_of_val(data)).for_each(|byte| *byte = true);
    }

    /// The number at an address, if it is in a buffer and was written.
    pub(super) fn number(&self, address: u64) -> Option<i32> {
        let buffer = self.at(address, size_of::<i32>())?;
        let at = address as usize - self.allocations[buffer.0].start;
        let bytes = self.allocations[buffer.0].read(at, size_of::<i32>())?;
        Some(i32::from_ne_bytes(bytes.try_into().ok()?))
    }

    /// So many bytes of a buffer, those that were written.
    pub(super) fn bytes(&self, buffer: Buffer, from: usize, len: usize) -> Vec<u8> {
        let read = |at| self.allocations[buffer.0].read(at, 1);
        (from..from + len).filter_map(read).map(|byte| byte[0]).collect()
    }

    /// The elements of a buffer: `None` where not every byte was written.
    pub fn read<T: Word>(&self, buffer: Buffer) -> Vec<Option<T>> {
        let allocation = &self.allocations[buffer.0];
        let size = size_of::<T>();
        (0..allocation.len / size)
            .map(|element| {
                let bytes = allocation.read(element * size, size)?;
                // SAFETY: there are as many bytes as a word has, and every bit pattern is a value of it.
                Some(unsafe { bytes.as_ptr().cast::<T>().read_unaligned() })
            })
            .collect()
    }

    /// Bytes that kernels may write.
    pub(super) fn writable_bytes(&self) -> usize {
        let writable = self.allocations.iter().filter(|allocation| allocation.writable);
        writable.flat_map(|allocation| &allocation.windows).map(Range::len).sum()
    }

    fn allocate(&mut self, name: &str, offset: usize, len: usize, writable: bool) -> Buffer {
        self.allocations.push(Allocation::new(name, offset, len, writable));
        Buffer(self.allocations.len() - 1)
    }

    fn fill<T: Word>(&mut self, buffer: Buffer, data: &[T]) {
        let to = self.allocations[buffer.0].start as *mut u8;
        debug_assert!(size_of_val(data) <= self.allocations[buffer.0].len);
        // SAFETY: the allocation is as long as `data`, which is not part of it.
        unsafe { std::ptr::copy_nonoverlapping(data.as_ptr().cast(), to, size_of_val(data)) };
    }
}

impl Allocation {
    /// Zeroed memory that begins `offset` bytes past an address that everything is aligned to.
    fn new(name: &str, offset: usize, len: usize, writable: bool) -> Allocation {
        let bytes = offset.saturating_add(len).max(1);
        let Ok(layout) = Layout::from_size_align(bytes, ALIGN) else {
            panic!("the buffer {name} of {len} bytes is larger than memory can address")
        };
        // SAFETY: the layout is not empty.
        let block = unsafe { alloc_zeroed(layout) };
        let Some(block) = NonNull::new(block) else { handle_alloc_error(layout) };
        Allocation {
            name: name.to_owned(),
            block,
            layout,
            start: block.as_ptr() as usize + offset,
            len,
            writable,
            windows: std::iter::once(0..len).collect(),
            rows: Vec::new(),
            rewritten: false,
            initialised: if writable { vec![false; len] } else { Vec::new() },
        }
    }

    /// Some bytes, if all of them are in it and were written.
    fn read(&self, from: usize, len: usize) -> Option<&[u8]> {
        let end = from.checked_add(len).filter(|&end| end <= self.len)?;
        let written = self.initialised.get(from..end).unwrap_or_default();
        // SAFETY: the bytes lie within the allocation, which was zeroed, and no launch runs while the
        // memory is borrowed.
        let bytes = || unsafe { std::slice::from_raw_parts((self.start + from) as *const u8, len) };
        written.iter().all(|&byte| byte).then(bytes)
    }
}

// SAFETY: an allocation owns its block, as a vector does.
unsafe impl Send for Allocation {}

/// The same bytes as ranges of which no two overlap. Ranges that only touch stay apart, so that no
/// access spans two of them.
pub(super) fn disjoint(ranges: &[Range<usize>]) -> Vec<Range<usize>> {
    let mut sorted: Vec<_> = ranges.iter().filter(|range| !range.is_empty()).cloned().collect();
    sorted.sort_by_key(|range| range.start);
    let mut windows: Vec<Range<usize>> = Vec::with_capacity(sorted.len());
    for range in sorted {
        match windows.last_mut() {
            Some(last) if range.start < last.end => last.end = last.end.max(range.end),
            _ => windows.push(range),
        }
    }
    windows
}

impl Drop for Allocation {
    fn drop(&mut self) {
        // SAFETY: allocated with this layout, and owned by nobody else.
        unsafe { dealloc(self.block.as_ptr(), self.layout) };
    }
}
