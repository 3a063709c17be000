//! A whole selection on host memory: buffers as tight as the contract allows, one launch, and the
//! winners. [`host::check`](crate::host::check()) checks the answer.

use super::launch::{Kernel, Launch};
use super::memory::{Buffer, Memory, Word};
use super::{room, watched};
use crate::backend::host::Selection;
use crate::backend::launch::{RawLaunch, with_bytes};
use crate::backend::memory::Host;
use crate::backend::rows::Rows;
use crate::error::Fault;
use crate::problem::{IndexInt, Problem, Score};
use topkit_codegen::{Fill, IndexType, RowShape, Semantics, Variant};

impl Kernel {
    /// Runs the selection of a rendered kernel as its plan says; the winners are `rows` x `k`.
    ///
    /// A block may read the scores of the row that it serves, from the row's start and as many as its
    /// length says, and the row's start and length; it may write the row's k indices, and its k values and its count
    /// where the kernel has them. All else of these buffers is out of bounds for it: other rows and the elements
    /// between rows. A workspace is as long as the plan says, zero before the launch, and must be zero after it.
    ///
    /// # Errors
    /// A fault of the kernel, a place that it left unwritten, a workspace that it left changed, or an
    /// input that the kernel cannot serve.
    pub fn select<S: Score + Word, I: IndexInt + Word>(
        &self,
        input: &Rows<'_, S, Host>,
        k: u32,
    ) -> Result<Vec<I>, Fault> {
        self.select_all(input, k).map(|answer| answer.indices)
    }

    /// As [`Kernel::select`], with the values and the counts of a kernel that has them. The fill is the standard
    /// one, or that of [`Kernel::fill`].
    ///
    /// # Errors
    /// As for [`Kernel::select`].
    pub fn select_all<S: Score + Word, I: IndexInt + Word>(
        &self,
        input: &Rows<'_, S, Host>,
        k: u32,
    ) -> Result<Selection<I, S>, Fault> {
        let Rows { rows, columns, .. } = *input;
        let plan = self.plan(&Problem::new(S::DTYPE, rows, columns, k))?;
        self.accepts::<I>(&plan.variant, input.starts.is_some() || input.lengths.is_some())?;
        if rows == 0 {
            let Semantics { values, count, .. } = plan.variant.semantics;
            let (values, counts) = (values.then(Vec::new), count.then(Vec::new));
            return check(input, k).map(|()| Selection { indices: Vec::new(), values, counts });
        }
        self.answer(&Launch::of(&plan), plan.workspace_bytes, plan.zeroed_bytes, input, k)
    }

    /// Whether this machine has the memory to select by this kernel from dense rows, scores included
    /// that are not there yet: every byte that a kernel may write takes some sixty of the host's.
    /// [`Kernel::select`] asks the same of itself.
    ///
    /// # Errors
    /// The kernel cannot serve the problem, or there is not enough memory.
    pub fn fits(&self, problem: &Problem) -> Result<(), Fault> {
        let plan = self.plan(problem)?;
        let index = match plan.variant.semantics.index {
            IndexType::I64 => size_of::<i64>(),
            _ => size_of::<i32>(),
        };
        let Problem { dtype, rows, columns, k, .. } = *problem;
        let scores = rows.saturating_mul(columns).saturating_mul(dtype.bytes() as usize);
        room::Selection {
            rows,
            // As made, and as copied.
            scores: scores.saturating_mul(2),
            output_row: (k as usize).saturating_mul(index),
            spans: 0,
            workspace: plan.workspace_bytes,
        }
        .check()
    }

    /// As [`Kernel::select`], for a kernel of the caller's own that takes `LaunchArgs` of
    /// `templates/core/types.cuh`, launched in a shape of the caller's own. There is at least one
    /// row. The first `zeroed_bytes` of the workspace must be zero again at the end. Where the launch
    /// does not say which row a block serves, a block may touch all rows, and no access spans two.
    ///
    /// # Errors
    /// As for [`Kernel::select`].
    pub fn select_by<S: Score + Word, I: IndexInt + Word>(
        &self,
        launch: &Launch,
        workspace_bytes: usize,
        zeroed_bytes: usize,
        input: &Rows<'_, S, Host>,
        k: u32,
    ) -> Result<Vec<I>, Fault> {
        let answer = self.answer::<S, I>(launch, workspace_bytes, zeroed_bytes, input, k);
        answer.map(|answer| answer.indices)
    }

    fn answer<S: Score + Word, I: IndexInt + Word>(
        &self,
        launch: &Launch,
        workspace_bytes: usize,
        zeroed_bytes: usize,
        input: &Rows<'_, S, Host>,
        k: u32,
    ) -> Result<Selection<I, S>, Fault> {
        check(input, k)?;
        let Rows { scores, rows, columns, row_stride, starts, lengths } = *input;
        let Kernel { offset, output_gap, fill, .. } = *self;
        let semantics = self.variant.map_or(Semantics::DEFAULT, |variant| variant.semantics);
        if fill.is_some() && semantics.fill == Fill::Standard {
            refused("the kernel was rendered with the standard fill".to_owned())?;
        }
        if rows == 0 {
            return Err(Fault::Launch { what: "there are no rows".to_owned() });
        }
        let span = (rows - 1) * row_stride + columns;
        let places = (k as usize).saturating_add(output_gap);
        let of_winner = size_of::<I>() + if semantics.values { size_of::<S>() } else { 0 };
        let of_count = if semantics.count { size_of::<i32>() } else { 0 };
        room::Selection {
            rows,
            scores: span.saturating_add(offset).saturating_mul(size_of::<S>()),
            output_row: places.saturating_mul(of_winner).saturating_add(of_count),
            spans: [starts, lengths].iter().flatten().count(),
            workspace: workspace_bytes,
        }
        .check()?;
        let mut memory = Memory::new();
        let scores = memory.input_at("scores", offset * size_of::<S>(), &scores[..span]);
        // The rows of the values have other gaps than those of the indices.
        let (index_stride, value_stride) = (places, places + output_gap);
        let output = memory.output::<I>("indices", rows * index_stride);
        let values = semantics.values.then(|| memory.output::<S>("values", rows * value_stride));
        let counts = semantics.count.then(|| memory.output::<i32>("counts", rows));
        let mut spans = |name, spans: Option<&[i32]>| {
            spans.map_or(0, |spans| {
                let buffer = memory.input(name, &spans[..rows]);
                memory.address(buffer)
            })
        };
        let (row_starts, row_lengths) =
            (spans("row starts", starts), spans("row lengths", lengths));
        let zeros = vec![0u8; workspace_bytes];
        let workspace = (workspace_bytes > 0).then(|| memory.workspace("the workspace", &zeros));
        let address = |buffer: Option<Buffer>| buffer.map_or(0, |buffer| memory.address(buffer));
        let raw = RawLaunch {
            scores: memory.address(scores),
            row_stride: row_stride as i64,
            row_starts,
            row_lengths,
            indices: memory.address(output),
            index_stride: index_stride as i64,
            values: address(values),
            value_stride: value_stride as i64,
            counts: address(counts),
            index_fill: fill.map(|(index, _)| index),
            value_fill: fill.map(|(_, value)| value),
            workspace: address(workspace),
            workspace_bytes,
            ..RawLaunch::new(S::DTYPE, rows, columns, k)
        };
        let (workspace, zeroed) = (workspace_bytes, zeroed_bytes);
        let semantics = &semantics;
        let selection =
            watched::Selection { raw: &raw, semantics, workspace, zeroed, program: None };
        with_bytes(&raw, semantics, None, |args| selection.run(self, launch, args, &mut memory))?;
        let k = k as usize;
        Ok(Selection {
            indices: rows_of(&memory.read::<I>(output), index_stride, k),
            values: values.map(|values| rows_of(&memory.read::<S>(values), value_stride, k)),
            counts: counts.map(|counts| rows_of(&memory.read::<i32>(counts), 1, 1)),
        })
    }

    /// The answer and the rows are of the kind that the kernel was rendered for.
    fn accepts<I: IndexInt>(&self, variant: &Variant, ragged: bool) -> Result<(), Fault> {
        let index = variant.semantics.index;
        if index != I::TYPE {
            return refused(format!("the kernel selects {index} indices, not {}", I::TYPE));
        }
        if ragged && variant.semantics.rows == RowShape::Dense {
            return refused("the kernel was rendered for dense rows".to_owned());
        }
        Ok(())
    }
}

/// The first elements of each row, of which all were written.
fn rows_of<T: Copy>(written: &[Option<T>], stride: usize, width: usize) -> Vec<T> {
    written
        .chunks_exact(stride)
        .flat_map(|places| places[..width].iter().flatten())
        .copied()
        .collect()
}

fn refused(what: String) -> Result<(), Fault> {
    Err(Fault::Launch { what })
}

/// Refuses rows whose buffers are too short, and numbers that cannot be.
fn check<S: Score>(input: &Rows<'_, S, Host>, k: u32) -> Result<(), Fault> {
    let columns = input.columns;
    if k == 0 || columns > i32::MAX as usize {
        return refused(format!("top {k} of {columns} columns"));
    }
    input.check().or_else(|error| refused(error.to_string()))
}
