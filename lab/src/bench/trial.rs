//! One kernel of a cell: its answer is checked, then it is timed back to back and in place, then its answer is
//! checked again.
//!
//! A wrong answer has no time. A refused launch is an outcome too, as long as the GPU still responds; else the
//! error is returned.

use super::buffer::{Copies, fetch, set};
use super::input::Input;
use super::record::{Outcome, Spot};
use super::stopwatch::Stopwatch;
use crate::Error;
use crate::cell::InputKey;
use topkit::cudarc::driver::sys::CUdeviceptr;
use topkit::measure::{InPlace, Written};
use topkit::{CudaStream, spec::Semantics};

/// No index, byte by byte, so that a place that no kernel wrote to does not pass for an answer.
const UNWRITTEN: u8 = 0x81;

/// A launch, its input, and the place of its answer.
pub struct Trial<'a> {
    /// The scores.
    pub input: &'a Input,
    /// The same on the GPU.
    pub copies: Copies,
    /// From row to row on the GPU, in scores.
    pub stride: usize,
    /// The address of the lengths; 0 where rows are dense.
    pub lengths: CUdeviceptr,
    /// Winners a row.
    pub k: u32,
    /// The meaning of the selection.
    pub semantics: Semantics,
    /// Room for rows x k indices, which every launch writes.
    pub indices: CUdeviceptr,
    /// Enqueues it on the scores of an address.
    pub launch: &'a dyn Fn(CUdeviceptr) -> Result<(), Error>,
}

/// A failure as an outcome, as long as the GPU responds.
pub fn alive<T>(
    stream: &CudaStream,
    result: Result<Result<T, Outcome>, Error>,
) -> Result<Result<T, Outcome>, Error> {
    result.or_else(|failure| {
        let responds = stream.synchronize().is_ok();
        let failed = failure.to_string();
        if responds { Ok(Err(Outcome::Failed { failed })) } else { Err(failure) }
    })
}

impl Trial<'_> {
    /// Checks, times and checks again. `around` has the kernels for a time in place.
    pub fn measure(
        &self,
        stream: &CudaStream,
        stopwatch: &mut Stopwatch,
        around: &InPlace,
    ) -> Result<Outcome, Error> {
        match alive(stream, self.outcome(stream, stopwatch, around).map(Ok))? {
            Ok(outcome) | Err(outcome) => Ok(outcome),
        }
    }

    fn outcome(
        &self,
        stream: &CudaStream,
        stopwatch: &mut Stopwatch,
        around: &InPlace,
    ) -> Result<Outcome, Error> {
        if let Some(wrong) = self.fault(stream)? {
            return Ok(Outcome::Wrong { wrong });
        }
        let mut timed = stopwatch.time(|launch| (self.launch)(self.copies.address(launch)))?;
        timed.in_place = Some(self.in_place(stopwatch, around)?);
        // A workspace that hundreds of launches did not leave ready shows here.
        Ok(match self.fault(stream)? {
            Some(fault) => Outcome::Wrong { wrong: format!("after many launches: {fault}") },
            None => Outcome::Timed(timed),
        })
    }

    fn in_place(&self, stopwatch: &Stopwatch, around: &InPlace) -> Result<Spot, Error> {
        let InputKey { dtype, rows, cols, .. } = self.input.key;
        let (stride, lengths, address) = (self.stride, self.lengths, self.copies.address(0));
        let written = Written { address, rows, columns: cols, stride, lengths, dtype };
        let count = rows * self.k as usize;
        stopwatch.in_place(
            // SAFETY: the first copy holds so many rows, and the memory to the next multiple of 256; it and
            // the lengths outlive the replays, because they are waited for.
            || Ok(unsafe { around.write(&written) }?),
            || (self.launch)(address),
            // SAFETY: there is room for so many indices, which live as long.
            || Ok(unsafe { around.read(self.indices, count) }?),
        )
    }

    /// The fault of the answer of one launch.
    pub fn fault(&self, stream: &CudaStream) -> Result<Option<String>, Error> {
        let count = self.input.key.rows * self.k as usize;
        // SAFETY: there is room for so many indices.
        unsafe { set(stream, self.indices, UNWRITTEN, count * size_of::<i32>()) }?;
        (self.launch)(self.copies.address(0))?;
        // SAFETY: as above.
        let got = unsafe { fetch(stream, self.indices, count) }?;
        self.input.fault(self.k, &self.semantics, &got)
    }
}
