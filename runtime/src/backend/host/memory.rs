//! The memory of the host, and its one stream: what the launch path asks of both.
//!
//! A slice carries no stream, so every slice is of [`STREAM`], and all launches are of one context. Work on it
//! is done when it is enqueued: it captures nothing, orders nothing and tracks nothing.

use crate::backend::memory::{DeviceMemory, DeviceStream, Host};
use crate::error::Error;
use cudarc::driver::sys::{CUdeviceptr, CUstream};
use std::sync::{Arc, LazyLock};

/// The stream of every slice.
pub(crate) static STREAM: LazyLock<Arc<Stream>> = LazyLock::new(|| Arc::new(Stream));

/// The stream of the host.
#[derive(Debug)]
pub struct Stream;

/// The context of [`Stream`].
#[derive(Debug, PartialEq)]
pub struct Context;

impl DeviceStream for Stream {
    type Context = Context;
    type Bytes = Vec<u8>;

    fn context(&self) -> &Context {
        &Context
    }

    fn ordinal(_: &Context) -> usize {
        0
    }

    fn handle(&self) -> CUstream {
        std::ptr::null_mut()
    }

    fn is_capturing(&self) -> Result<bool, Error> {
        Ok(false)
    }

    fn forbids_allocation(&self) -> Result<bool, Error> {
        Ok(false)
    }

    fn shares_object(&self, _: &Stream) -> bool {
        true
    }

    fn tracks(&self) -> bool {
        false
    }

    fn orders_streams(&self) -> bool {
        false
    }

    fn check_waits(&self) -> Result<(), Error> {
        Ok(())
    }

    fn default_stream(&self) -> Arc<Stream> {
        STREAM.clone()
    }

    fn allocate(self: &Arc<Stream>, bytes: usize) -> Result<Vec<u8>, Error> {
        Ok(super::filled("bytes of a workspace", 0, bytes)?)
    }

    fn zero(bytes: &mut Vec<u8>) -> Result<(), Error> {
        bytes.fill(0);
        Ok(())
    }

    fn len(bytes: &Vec<u8>) -> usize {
        bytes.len()
    }

    fn stream_of(_: &Vec<u8>) -> &Arc<Stream> {
        &STREAM
    }

    fn address_of(bytes: &Vec<u8>, _: &Stream) -> CUdeviceptr {
        bytes.as_ptr().expose_provenance() as CUdeviceptr
    }
}

impl DeviceMemory for Host {
    type Stream = Stream;
    type Guard<'a> = ();

    fn stream<'s, 'a: 's, T: 'a>(_: &'s &'a [T]) -> &'s Arc<Stream> {
        &STREAM
    }

    fn stream_mut<'s, 'a: 's, T: 'a>(_: &'s &'a mut [T]) -> &'s Arc<Stream> {
        &STREAM
    }

    /// `Cpu::launch` finds the slice at the address again.
    fn address<'s, 'a: 's, T: 'a>(slice: &'s &'a [T], _: &'s Stream) -> (CUdeviceptr, ()) {
        (slice.as_ptr().expose_provenance() as CUdeviceptr, ())
    }

    fn address_mut<'s, 'a: 's, T: 'a>(
        slice: &'s mut &'a mut [T],
        _: &'s Stream,
    ) -> (CUdeviceptr, ()) {
        (slice.as_mut_ptr().expose_provenance() as CUdeviceptr, ())
    }

    fn address_of_bytes<'s>(bytes: &'s mut Vec<u8>, _: &'s Stream) -> (CUdeviceptr, ()) {
        (bytes.as_mut_ptr().expose_provenance() as CUdeviceptr, ())
    }
}
