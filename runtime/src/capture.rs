//! Whether a stream is being captured in a CUDA graph. It asks the driver and changes nothing.

use crate::error::Error;
use cudarc::driver::CudaContext;
use cudarc::driver::sys::{self, CUstream};

/// Makes a context current, and asks of a stream of it: null is the default stream of whichever
/// context is current.
///
/// # Safety
/// The stream is live, and of the context.
pub(crate) unsafe fn is_capturing(context: &CudaContext, stream: CUstream) -> Result<bool, Error> {
    context.bind_to_thread().map_err(Error::cuda("make the context current"))?;
    let mut status = sys::CUstreamCaptureStatus::CU_STREAM_CAPTURE_STATUS_NONE;
    // SAFETY: the stream is live, as the caller promises, and the pointer valid for one status.
    unsafe { sys::cuStreamIsCapturing(stream, &mut status) }
        .result()
        .map_err(Error::cuda("ask whether the stream is being captured"))?;
    Ok(status != sys::CUstreamCaptureStatus::CU_STREAM_CAPTURE_STATUS_NONE)
}
