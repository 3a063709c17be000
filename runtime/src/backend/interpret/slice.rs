//! Buffers in the memory of a GPU that is interpreted, and what the launch path asks of them.

use super::memory::{Buffer, Word};
use super::stream::{Context, Device, Stream, lock};
use crate::backend::memory::{DeviceMemory, DeviceStream, Memory};
use crate::error::Error;
use cudarc::driver::sys::CUstream;
use std::marker::PhantomData;
use std::sync::Arc;

/// The memory of a [`Gpu`](super::Gpu).
#[derive(Debug, Clone, Copy)]
pub struct Interpreted;

/// A buffer in the memory of a [`Gpu`](super::Gpu), freed when it is dropped.
#[derive(Debug)]
pub struct Slice<T> {
    stream: Arc<Stream>,
    buffer: Buffer,
    len: usize,
    element: PhantomData<T>,
}

impl<T: Word> Slice<T> {
    pub(super) fn new(stream: &Arc<Stream>, len: usize) -> Slice<T> {
        let buffer = lock(&stream.context().device().memory).output::<T>("a buffer", len);
        Slice { stream: stream.clone(), buffer, len, element: PhantomData }
    }

    /// Writes elements from the first on.
    pub(super) fn write(&mut self, data: &[T]) {
        lock(&self.device().memory).write(self.buffer, data);
    }

    /// Its elements, those that were written.
    pub(super) fn read(&self) -> Vec<Option<T>> {
        lock(&self.device().memory).read(self.buffer)
    }
}

impl<T> Slice<T> {
    /// How many elements it has.
    pub fn len(&self) -> usize {
        self.len
    }

    /// Whether it has none.
    pub fn is_empty(&self) -> bool {
        self.len == 0
    }

    /// The address of its first element, for launches by address.
    pub fn address(&self) -> u64 {
        lock(&self.device().memory).address(self.buffer)
    }

    fn device(&self) -> &Device {
        self.stream.context().device()
    }

    /// The address, for work on a stream: an event tracks the buffer, unless tracking is off.
    fn address_on(&self, stream: &Stream) -> u64 {
        if self.stream.tracks() || stream.tracks() {
            self.device().record_event(stream.handle());
        }
        self.address()
    }
}

impl<T> Drop for Slice<T> {
    fn drop(&mut self) {
        lock(&self.device().memory).free(self.buffer);
    }
}

impl DeviceStream for Stream {
    type Context = Context;
    type Bytes = Slice<u8>;

    fn context(&self) -> &Context {
        Stream::context(self)
    }

    fn ordinal(_: &Context) -> usize {
        0
    }

    fn handle(&self) -> CUstream {
        Stream::handle(self)
    }

    fn is_capturing(&self) -> Result<bool, Error> {
        Ok(self.context().device().is_capturing(Stream::handle(self)))
    }

    fn forbids_allocation(&self) -> Result<bool, Error> {
        self.is_capturing()
    }

    fn shares_object(&self, other: &Stream) -> bool {
        Arc::ptr_eq(Stream::context(self), Stream::context(other))
    }

    fn tracks(&self) -> bool {
        Stream::context(self).tracks()
    }

    fn orders_streams(&self) -> bool {
        Stream::context(self).orders_streams()
    }

    fn check_waits(&self) -> Result<(), Error> {
        Ok(())
    }

    fn default_stream(&self) -> Arc<Stream> {
        Stream::context(self).default_stream()
    }

    fn allocate(self: &Arc<Stream>, bytes: usize) -> Result<Slice<u8>, Error> {
        self.clone_htod(&vec![0u8; bytes])
    }

    fn zero(bytes: &mut Slice<u8>) -> Result<(), Error> {
        bytes.write(&vec![0u8; bytes.len]);
        Ok(())
    }

    fn len(bytes: &Slice<u8>) -> usize {
        bytes.len
    }

    fn stream_of(bytes: &Slice<u8>) -> &Arc<Stream> {
        &bytes.stream
    }

    fn address_of(bytes: &Slice<u8>, _: &Stream) -> u64 {
        bytes.address()
    }
}

impl Memory for Interpreted {
    type Slice<'a, T: 'a> = &'a Slice<T>;
    type SliceMut<'a, T: 'a> = &'a mut Slice<T>;

    fn len<'a, T: 'a>(slice: &&'a Slice<T>) -> usize {
        slice.len
    }

    fn len_mut<'a, T: 'a>(slice: &&'a mut Slice<T>) -> usize {
        slice.len
    }
}

impl DeviceMemory for Interpreted {
    type Stream = Stream;
    type Guard<'a> = ();

    fn stream<'s, 'a: 's, T: 'a>(slice: &'s &'a Slice<T>) -> &'s Arc<Stream> {
        &slice.stream
    }

    fn stream_mut<'s, 'a: 's, T: 'a>(slice: &'s &'a mut Slice<T>) -> &'s Arc<Stream> {
        &slice.stream
    }

    fn address<'s, 'a: 's, T: 'a>(slice: &'s &'a Slice<T>, stream: &'s Stream) -> (u64, ()) {
        (slice.address_on(stream), ())
    }

    fn address_mut<'s, 'a: 's, T: 'a>(
        slice: &'s mut &'a mut Slice<T>,
        stream: &'s Stream,
    ) -> (u64, ()) {
        (slice.address_on(stream), ())
    }

    fn address_of_bytes<'s>(bytes: &'s mut Slice<u8>, stream: &'s Stream) -> (u64, ()) {
        (bytes.address_on(stream), ())
    }
}
