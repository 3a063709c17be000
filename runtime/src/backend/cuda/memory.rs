//! Device memory and streams of cudarc, as the launch path sees them, and the scores that are types of ours.

use super::capture;
use crate::backend::memory::{Cuda, DeviceMemory, DeviceStream, Memory};
use crate::error::Error;
use crate::problem::{F8E4M3, F8E5M2};
use cudarc::driver::sys::{CUdeviceptr, CUstream};
use cudarc::driver::{
    CudaContext, CudaSlice, CudaStream, DevicePtr, DevicePtrMut, DeviceRepr, SyncOnDrop,
    ValidAsZeroBits,
};
use std::sync::Arc;

// SAFETY: one byte without padding, of which every bit pattern is a value.
unsafe impl DeviceRepr for F8E4M3 {}
// SAFETY: as above; the pattern of zero bits is +0.
unsafe impl ValidAsZeroBits for F8E4M3 {}
// SAFETY: as of `F8E4M3`.
unsafe impl DeviceRepr for F8E5M2 {}
// SAFETY: as of `F8E4M3`.
unsafe impl ValidAsZeroBits for F8E5M2 {}

impl Memory for Cuda {
    type Slice<'a, T: 'a> = &'a dyn DevicePtr<T>;
    type SliceMut<'a, T: 'a> = &'a mut dyn DevicePtrMut<T>;

    fn len<'a, T: 'a>(slice: &&'a dyn DevicePtr<T>) -> usize {
        slice.len()
    }

    fn len_mut<'a, T: 'a>(slice: &&'a mut dyn DevicePtrMut<T>) -> usize {
        slice.len()
    }
}

impl DeviceMemory for Cuda {
    type Stream = CudaStream;
    type Guard<'a> = SyncOnDrop<'a>;

    fn stream<'s, 'a: 's, T: 'a>(slice: &'s &'a dyn DevicePtr<T>) -> &'s Arc<CudaStream> {
        slice.stream()
    }

    fn stream_mut<'s, 'a: 's, T: 'a>(
        slice: &'s &'a mut dyn DevicePtrMut<T>,
    ) -> &'s Arc<CudaStream> {
        slice.stream()
    }

    fn address<'s, 'a: 's, T: 'a>(
        slice: &'s &'a dyn DevicePtr<T>,
        stream: &'s CudaStream,
    ) -> (CUdeviceptr, SyncOnDrop<'s>) {
        slice.device_ptr(stream)
    }

    fn address_mut<'s, 'a: 's, T: 'a>(
        slice: &'s mut &'a mut dyn DevicePtrMut<T>,
        stream: &'s CudaStream,
    ) -> (CUdeviceptr, SyncOnDrop<'s>) {
        slice.device_ptr_mut(stream)
    }

    fn address_of_bytes<'s>(
        bytes: &'s mut CudaSlice<u8>,
        stream: &'s CudaStream,
    ) -> (CUdeviceptr, SyncOnDrop<'s>) {
        bytes.device_ptr_mut(stream)
    }
}

impl DeviceStream for CudaStream {
    type Context = CudaContext;
    type Bytes = CudaSlice<u8>;

    fn context(&self) -> &CudaContext {
        CudaStream::context(self)
    }

    fn ordinal(context: &CudaContext) -> usize {
        context.ordinal()
    }

    fn handle(&self) -> CUstream {
        self.cu_stream()
    }

    fn is_capturing(&self) -> Result<bool, Error> {
        // SAFETY: the stream is live, and of its context.
        unsafe { capture::is_capturing(self.context(), self.cu_stream()) }
    }

    fn forbids_allocation(&self) -> Result<bool, Error> {
        match self.cu_stream().is_null() {
            true => capture::is_forbidden_by_a_capture(self.context()),
            false => self.is_capturing(),
        }
    }

    fn shares_object(&self, other: &CudaStream) -> bool {
        Arc::ptr_eq(self.context(), other.context())
    }

    fn tracks(&self) -> bool {
        self.context().is_event_tracking()
    }

    fn orders_streams(&self) -> bool {
        self.context().is_managing_stream_synchronization()
    }

    fn check_waits(&self) -> Result<(), Error> {
        self.context().check_err().map_err(Error::cuda("wait for the buffers"))
    }

    fn default_stream(&self) -> Arc<CudaStream> {
        self.context().default_stream()
    }

    fn allocate(self: &Arc<CudaStream>, bytes: usize) -> Result<CudaSlice<u8>, Error> {
        self.alloc_zeros(bytes).map_err(Error::cuda("allocate the workspace"))
    }

    fn zero(bytes: &mut CudaSlice<u8>) -> Result<(), Error> {
        let stream = bytes.stream().clone();
        stream.memset_zeros(bytes).map_err(Error::cuda("zero the workspace"))
    }

    fn len(bytes: &CudaSlice<u8>) -> usize {
        bytes.len()
    }

    fn stream_of(bytes: &CudaSlice<u8>) -> &Arc<CudaStream> {
        bytes.stream()
    }

    fn address_of(bytes: &CudaSlice<u8>, stream: &CudaStream) -> CUdeviceptr {
        bytes.device_ptr(stream).0
    }
}
