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
    /// Of ragged rows, as many lengths after each other as there are mixes; 0 for dense rows.
    lengths: CUdeviceptr,
    rows: usize,
}

/// Mixes of lengths: every other launch has the second.
const MIXES: usize = 2;

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
        let rows = problem.rows;
        let lengths = if problem.ragged {
            let graded = (0..rows).map(|row| input.length(row) as i32);
            let one_long = (0..rows).map(|row| one_long(problem, row) as i32);
            lengths.upload(&graded.chain(one_long).collect::<Vec<i32>>())?
        } else {
            0
        };
        Ok(Scores { copies, row_stride, lengths, rows })
    }

    /// The lengths of a launch; 0 for dense rows. Those of launch 0 are the input's, by which answers are
    /// checked.
    pub fn lengths(&self, launch: usize) -> CUdeviceptr {
        match self.lengths {
            0 => 0,
            first => first + (launch % MIXES * self.rows * size_of::<i32>()) as u64,
        }
    }
}

/// How many scores of a row count in the second mix: one long row is among short ones.
fn one_long(problem: &Problem, row: usize) -> usize {
    const SHORT: usize = 4096;
    if row == problem.rows / 2 { problem.columns } else { problem.columns.min(SHORT) }
}

/// Scores of a launch of a ragged problem, on average.
pub(super) fn ragged_scores(problem: &Problem, input: &Input) -> usize {
    let of_row = |row| input.length(row) + one_long(problem, row);
    (0..problem.rows).map(of_row).sum::<usize>() / MIXES
}
