//! The scores of a problem in the memory of a GPU, in the problem's layout.

use super::input::Input;
use crate::error::Error;
use crate::measure::buffer::{Buffer, Copies, Layout};
use crate::problem::Problem;
use cudarc::driver::sys::CUdeviceptr;

/// The scores of a problem on the GPU.
#[derive(Clone, Copy)]
pub(super) struct Scores {
    pub copies: Copies,
    /// Elements from row to row.
    pub row_stride: i64,
    /// 0 for dense rows.
    pub lengths: CUdeviceptr,
}

impl Scores {
    /// Copies rows to the GPU in the layout of a problem, in copies of at least so many bytes; at most
    /// `most` copies.
    pub fn of(
        problem: &Problem,
        input: &Input,
        memory: &mut Buffer,
        lengths: &mut Buffer,
        least: usize,
        most: usize,
    ) -> Result<Scores, Error> {
        let layout = Layout::of(problem);
        let copies = Copies::of(memory, &input.bytes, layout, least, most)?;
        let row_stride = (layout.pitch / problem.dtype.bytes() as usize) as i64;
        let lengths = if problem.ragged {
            let all = (0..problem.rows).map(|row| input.length(row) as i32);
            lengths.upload(&all.collect::<Vec<i32>>())?
        } else {
            0
        };
        Ok(Scores { copies, row_stride, lengths })
    }
}
