//! One kernel of a cell: its answer is checked, then it is timed, then its answer is checked again.
//!
//! A wrong answer has no time. A refused launch is an outcome too, as long as the GPU still responds; else the
//! error is returned.

use super::buffer::{Copies, fetch, set};
use super::input::Input;
use super::record::Outcome;
use super::stopwatch::Stopwatch;
use crate::Error;
use topkit::cudarc::driver::sys::CUdeviceptr;
use topkit::{CudaStream, spec::Semantics};

/// No index, byte by byte, so that a place that no kernel wrote to does not pass for an answer.
const UNWRITTEN: u8 = 0x81;

/// A launch, its input, and the place of its answer.
pub struct Trial<'a> {
    /// The scores.
    pub input: &'a Input,
    /// The same on the GPU.
    pub copies: Copies,
    /// Winners a row.
    pub k: u32,
    /// The meaning of the selection.
    pub semantics: Semantics,
    /// Room for rows x k indices, which every launch writes.
    pub indices: CUdeviceptr,
    /// Enqueues it on the scores of an address.
    pub launch: &'a dyn Fn(CUdeviceptr) -> Result<(), Error>,
}

impl Trial<'_> {
    /// Checks, times and checks again.
    pub fn measure(
        &self,
        stream: &CudaStream,
        stopwatch: &mut Stopwatch,
    ) -> Result<Outcome, Error> {
        self.outcome(stream, stopwatch).or_else(|failure| {
            let answers = stream.synchronize().is_ok();
            if answers { Ok(Outcome::Failed { failed: failure.to_string() }) } else { Err(failure) }
        })
    }

    fn outcome(&self, stream: &CudaStream, stopwatch: &mut Stopwatch) -> Result<Outcome, Error> {
        if let Some(wrong) = self.fault(stream)? {
            return Ok(Outcome::Wrong { wrong });
        }
        let timed = stopwatch.time(|launch| (self.launch)(self.copies.address(launch)))?;
        // A workspace that hundreds of launches did not leave ready shows here.
        Ok(match self.fault(stream)? {
            Some(fault) => Outcome::Wrong { wrong: format!("after many launches: {fault}") },
            None => Outcome::Timed(timed),
        })
    }

    /// The fault of the answer of one launch.
    fn fault(&self, stream: &CudaStream) -> Result<Option<String>, Error> {
        let count = self.input.key.rows * self.k as usize;
        // SAFETY: there is room for so many indices.
        unsafe { set(stream, self.indices, UNWRITTEN, count * size_of::<i32>()) }?;
        (self.launch)(self.copies.address(0))?;
        // SAFETY: as above.
        let got = unsafe { fetch(stream, self.indices, count) }?;
        self.input.fault(self.k, &self.semantics, &got)
    }
}
