//! A whole selection on host memory: buffers as tight as the contract allows, one launch, and the
//! winners. [`host::check`](crate::host::check()) checks the answer.

use super::launch::{Kernel, Launch};
use super::memory::{Memory, Word};
use super::{room, watched};
use crate::backend::launch::{RawLaunch, with_bytes};
use crate::backend::memory::Host;
use crate::backend::rows::Rows;
use crate::error::Fault;
use crate::problem::{IndexInt, Problem, Score};
use topkit_codegen::{IndexType, RowShape, Variant};

impl Kernel {
    /// Runs the selection of a rendered kernel as its plan says; the winners are `rows` x `k`.
    ///
    /// A block may read the scores of the row that it serves, from the row's start and as many as its
    /// length says, and the row's start and length; it may write the row's k indices. All else of
    /// these buffers is out of bounds for it: other rows and the elements between rows. A workspace is as
    /// long as the plan says, zero before the launch, and must be zero after it.
    ///
    /// # Errors
    /// A fault of the kernel, a place that it left unwritten, a workspace that it left changed, or an
    /// input that the kernel cannot serve.
    pub fn select<S: Score + Word, I: IndexInt + Word>(
        &self,
        input: &Rows<'_, S, Host>,
        k: u32,
    ) -> Result<Vec<I>, Fault> {
        let Rows { rows, columns, .. } = *input;
        let plan = self.plan(&Problem::new(S::DTYPE, rows, columns, k))?;
        self.accepts::<I>(&plan.variant, input.starts.is_some() || input.lengths.is_some())?;
        if rows == 0 {
            return check(input, k).map(|()| Vec::new());
        }
        self.select_by(&Launch::of(&plan), plan.workspace_bytes, plan.zeroed_bytes, input, k)
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
        check(input, k)?;
        let Rows { scores, rows, columns, row_stride, starts, lengths } = *input;
        let Kernel { offset, output_gap, .. } = *self;
        if rows == 0 {
            return Err(Fault::Launch { what: "there are no rows".to_owned() });
        }
        let span = (rows - 1) * row_stride + columns;
        let places = (k as usize).saturating_add(output_gap);
        room::Selection {
            rows,
            scores: span.saturating_add(offset).saturating_mul(size_of::<S>()),
            output_row: places.saturating_mul(size_of::<I>()),
            spans: [starts, lengths].iter().flatten().count(),
            workspace: workspace_bytes,
        }
        .check()?;
        let mut memory = Memory::new();
        let scores = memory.input_at("scores", offset * size_of::<S>(), &scores[..span]);
        let (k_len, index_stride) = (k as usize, k as usize + output_gap);
        let output = memory.output::<I>("indices", rows * index_stride);
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
        let raw = RawLaunch {
            scores: memory.address(scores),
            row_stride: row_stride as i64,
            row_starts,
            row_lengths,
            indices: memory.address(output),
            index_stride: index_stride as i64,
            workspace: workspace.map_or(0, |workspace| memory.address(workspace)),
            workspace_bytes,
            ..RawLaunch::new(S::DTYPE, rows, columns, k)
        };
        let (index, workspace, zeroed) = (size_of::<I>(), workspace_bytes, zeroed_bytes);
        let selection = watched::Selection { raw: &raw, index, workspace, zeroed, program: None };
        with_bytes(&raw.kernel_args(), None, |args| {
            selection.run(self, launch, args, &mut memory)
        })?;

        let written = memory.read::<I>(output);
        let mut winners = Vec::with_capacity(rows * k_len);
        for places in written.chunks_exact(index_stride) {
            winners.extend(places[..k_len].iter().flatten());
        }
        Ok(winners)
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
