//! Asks the driver whether a stream is being captured in a CUDA graph. It changes nothing.

use crate::error::Error;
use cudarc::driver::sys::{self, CUresult, CUstream};
use cudarc::driver::{CudaContext, DriverError};

/// Makes a context current, and asks of a stream of it: null is the default stream of whichever
/// context is current.
///
/// # Safety
/// The stream is live, and of the context.
pub(crate) unsafe fn is_capturing(context: &CudaContext, stream: CUstream) -> Result<bool, Error> {
    // SAFETY: as the caller promises.
    unsafe { ask(context, stream) }?
        .map_err(Error::cuda("ask whether the stream is being captured"))
}

/// Whether a capture forbids work on the default stream of a context: one of that stream, or of a
/// stream that waits for it. A capture of any other stream cannot be told here.
pub(crate) fn is_forbidden_by_a_capture(context: &CudaContext) -> Result<bool, Error> {
    // SAFETY: null is the default stream of the context, which lives as long as that.
    let answer = unsafe { ask(context, std::ptr::null_mut()) }?;
    forbidden(answer).map_err(Error::cuda("ask whether a stream is being captured"))
}

/// Whether this answer about the default stream forbids work on it. If a captured stream waits for the
/// default stream, the driver returns an error instead of a status.
fn forbidden(answer: Result<bool, DriverError>) -> Result<bool, DriverError> {
    match answer {
        Err(DriverError(CUresult::CUDA_ERROR_STREAM_CAPTURE_IMPLICIT)) => Ok(true),
        answer => answer,
    }
}

/// # Safety
/// As for [`is_capturing`].
unsafe fn ask(context: &CudaContext, stream: CUstream) -> Result<Result<bool, DriverError>, Error> {
    context.bind_to_thread().map_err(Error::cuda("make the context current"))?;
    let mut status = sys::CUstreamCaptureStatus::CU_STREAM_CAPTURE_STATUS_NONE;
    // SAFETY: the stream is live, as the caller promises, and the pointer valid for one status.
    let answer = unsafe { sys::cuStreamIsCapturing(stream, &mut status) }.result();
    Ok(answer.map(|()| status != sys::CUstreamCaptureStatus::CU_STREAM_CAPTURE_STATUS_NONE))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_capture_that_keeps_the_driver_from_answering_forbids_work() {
        let refused = |status| Err(DriverError(status));
        assert_eq!(forbidden(Ok(false)), Ok(false));
        assert_eq!(forbidden(Ok(true)), Ok(true));
        assert_eq!(forbidden(refused(CUresult::CUDA_ERROR_STREAM_CAPTURE_IMPLICIT)), Ok(true));
        let lost = refused(CUresult::CUDA_ERROR_CONTEXT_IS_DESTROYED);
        assert_eq!(forbidden(lost), lost);
    }
}
