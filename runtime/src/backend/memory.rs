//! The memory that the rows of a launch are in, and the streams that order work in it: what the launch
//! path asks of both.
//!
//! [`Memory`] is where scores and indices are: a GPU ([`Cuda`]), the host ([`Host`]), or the interpreter.
//! [`DeviceMemory`] and [`DeviceStream`] are what a launch needs beyond that. Nothing is checked here;
//! `select` checks. Each method says what it asks of cudarc.

use crate::error::Error;
use cudarc::driver::sys::{CUdeviceptr, CUstream};
use std::sync::Arc;

/// Where scores and indices are. A caller names it by the constructor of [`Rows`](crate::Rows) alone.
pub trait Memory: Copy + std::fmt::Debug + 'static {
    /// Elements that are read.
    type Slice<'a, T: 'a>: Copy;
    /// Elements that are written.
    type SliceMut<'a, T: 'a>;

    /// How many elements there are.
    fn len<'a, T: 'a>(slice: &Self::Slice<'a, T>) -> usize;

    /// How many elements there are.
    fn len_mut<'a, T: 'a>(slice: &Self::SliceMut<'a, T>) -> usize;
}

/// Memory of a device, in which a kernel finds its buffers by address.
pub trait DeviceMemory: Memory {
    /// What orders work.
    type Stream: DeviceStream;
    /// Dropped after the launch that uses an address.
    type Guard<'a>;

    /// The stream that a buffer was made on.
    fn stream<'s, 'a: 's, T: 'a>(slice: &'s Self::Slice<'a, T>) -> &'s Arc<Self::Stream>;

    /// The stream that a buffer was made on.
    fn stream_mut<'s, 'a: 's, T: 'a>(slice: &'s Self::SliceMut<'a, T>) -> &'s Arc<Self::Stream>;

    /// The address, once the stream waits for what was done to the buffer.
    fn address<'s, 'a: 's, T: 'a>(
        slice: &'s Self::Slice<'a, T>,
        stream: &'s Self::Stream,
    ) -> (CUdeviceptr, Self::Guard<'s>);

    /// As [`DeviceMemory::address`], of what is written.
    fn address_mut<'s, 'a: 's, T: 'a>(
        slice: &'s mut Self::SliceMut<'a, T>,
        stream: &'s Self::Stream,
    ) -> (CUdeviceptr, Self::Guard<'s>);

    /// As [`DeviceMemory::address_mut`], of a workspace.
    fn address_of_bytes<'s>(
        bytes: &'s mut BytesOf<Self::Stream>,
        stream: &'s Self::Stream,
    ) -> (CUdeviceptr, Self::Guard<'s>);
}

/// The owned bytes of a stream's memory.
pub(crate) type BytesOf<S> = <S as DeviceStream>::Bytes;

/// A stream of a context.
pub trait DeviceStream: Sized {
    /// What addresses and streams belong to; equal where two objects stand for one context.
    type Context: PartialEq;
    /// Bytes of device memory, freed in the order of their stream when they are dropped.
    type Bytes;

    /// The context.
    fn context(&self) -> &Self::Context;

    /// The GPU of a context, as the driver counts.
    fn ordinal(context: &Self::Context) -> usize;

    /// What a launch by addresses names it by; null is the default stream.
    fn handle(&self) -> CUstream;

    /// Whether work on it is being captured in a graph.
    fn is_capturing(&self) -> Result<bool, Error>;

    /// Whether a capture, of this stream or of one that waits for it, forbids to allocate and free.
    fn forbids_allocation(&self) -> Result<bool, Error>;

    /// Whether both are of one object of their context, which orders all of its buffers and streams.
    fn shares_object(&self, other: &Self) -> bool;

    /// Whether its object tracks the uses of its buffers by events.
    fn tracks(&self) -> bool;

    /// Whether its object orders streams by these events: it has more than one stream.
    fn orders_streams(&self) -> bool;

    /// A failure of an earlier wait.
    fn check_waits(&self) -> Result<(), Error>;

    /// The default stream of its context.
    fn default_stream(&self) -> Arc<Self>;

    /// Zeroed memory, allocated in the order of the stream.
    fn allocate(self: &Arc<Self>, bytes: usize) -> Result<Self::Bytes, Error>;

    /// Zeroes memory on the stream that it was made on.
    fn zero(bytes: &mut Self::Bytes) -> Result<(), Error>;

    /// Bytes of it.
    fn len(bytes: &Self::Bytes) -> usize;

    /// The stream that it was made on.
    fn stream_of(bytes: &Self::Bytes) -> &Arc<Self>;

    /// The address, for launches on the stream.
    fn address_of(bytes: &Self::Bytes, stream: &Self) -> CUdeviceptr;
}

/// Memory of a GPU, of cudarc's types: every `DevicePtr`.
#[derive(Debug, Clone, Copy)]
pub struct Cuda;

/// Memory of the host: slices.
#[derive(Debug, Clone, Copy)]
pub struct Host;

impl Memory for Host {
    type Slice<'a, T: 'a> = &'a [T];
    type SliceMut<'a, T: 'a> = &'a mut [T];

    fn len<'a, T: 'a>(slice: &&'a [T]) -> usize {
        slice.len()
    }

    fn len_mut<'a, T: 'a>(slice: &&'a mut [T]) -> usize {
        slice.len()
    }
}
