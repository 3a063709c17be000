//! A whole selection on host memory: buffers as tight as the contract allows, one launch, and the
//! winners. [`host::check`](crate::host::check()) checks the answer.

use super::fault::Fault;
use super::launch::{Kernel, Launch};
use super::memory::{Memory, Word};
use super::room::Selection;
use crate::backend::launch::{RawLaunch, with_bytes};
use crate::problem::{IndexInt, Problem, Score};
use topkit_codegen::{IndexType, RowShape, Variant};

/// The input of a selection: scores, shape, k and layout.
#[derive(Debug, Clone, Copy)]
#[non_exhaustive]
pub struct Input<'a, S> {
    /// The first row, and after each row but the last whatever fills its stride.
    pub scores: &'a [S],
    /// Rows.
    pub rows: usize,
    /// Columns.
    pub columns: usize,
    /// Elements from row to row, at least `columns`.
    pub row_stride: usize,
    /// The first column of each row; ragged kernels only.
    pub starts: Option<&'a [i32]>,
    /// The length of each row; ragged kernels only.
    pub lengths: Option<&'a [i32]>,
    /// Winners a row.
    pub k: u32,
    /// Elements by which the first score is off an address that everything is aligned to.
    pub offset: usize,
    /// Elements between the rows of the output, which the kernel may not touch.
    pub output_gap: usize,
}

impl<'a, S> Input<'a, S> {
    /// Dense rows without gaps, aligned.
    pub fn new(scores: &'a [S], rows: usize, columns: usize, k: u32) -> Input<'a, S> {
        Input {
            scores,
            rows,
            columns,
            row_stride: columns,
            starts: None,
            lengths: None,
            k,
            offset: 0,
            output_gap: 0,
        }
    }

    /// Sets the elements from row to row.
    pub fn row_stride(self, row_stride: usize) -> Input<'a, S> {
        Input { row_stride, ..self }
    }

    /// Sets the first column of each row.
    pub fn starts(self, starts: Option<&'a [i32]>) -> Input<'a, S> {
        Input { starts, ..self }
    }

    /// Sets the length of each row.
    pub fn lengths(self, lengths: Option<&'a [i32]>) -> Input<'a, S> {
        Input { lengths, ..self }
    }

    /// Sets the elements by which the first score is off an aligned address.
    pub fn offset(self, offset: usize) -> Input<'a, S> {
        Input { offset, ..self }
    }

    /// Sets the elements between the rows of the output.
    pub fn output_gap(self, output_gap: usize) -> Input<'a, S> {
        Input { output_gap, ..self }
    }

    /// The first column of a row and how many it has, as a kernel clamps them.
    fn span(&self, row: usize) -> (usize, usize) {
        let clamped = |spans: Option<&[i32]>, most: usize| match spans {
            Some(spans) => usize::try_from(spans[row]).unwrap_or(0).min(most),
            None => most,
        };
        let start = if self.starts.is_some() { clamped(self.starts, self.columns) } else { 0 };
        (start, clamped(self.lengths, self.columns - start))
    }
}

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
        input: &Input<'_, S>,
    ) -> Result<Vec<I>, Fault> {
        let Input { rows, columns, k, .. } = *input;
        let plan = self.plan(&Problem::new(S::DTYPE, rows, columns, k))?;
        self.accepts::<I>(&plan.variant, input.starts.is_some() || input.lengths.is_some())?;
        if rows == 0 {
            return check(input).map(|()| Vec::new());
        }
        self.select_by(&Launch::of(&plan), plan.workspace_bytes, plan.zeroed_bytes, input)
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
        Selection {
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
        input: &Input<'_, S>,
    ) -> Result<Vec<I>, Fault> {
        check(input)?;
        let Input { scores, rows, columns, row_stride, k, offset, output_gap, .. } = *input;
        if rows == 0 {
            return Err(Fault::Launch { what: "there are no rows".to_owned() });
        }
        let span = (rows - 1) * row_stride + columns;
        let places = (k as usize).saturating_add(output_gap);
        Selection {
            rows,
            scores: span.saturating_add(offset).saturating_mul(size_of::<S>()),
            output_row: places.saturating_mul(size_of::<I>()),
            spans: [input.starts, input.lengths].iter().flatten().count(),
            workspace: workspace_bytes,
        }
        .check()?;
        let mut memory = Memory::new();
        let buffer = memory.input_at("scores", offset * size_of::<S>(), &scores[..span]);
        let in_bytes =
            |first: usize, len: usize, element: usize| first * element..(first + len) * element;
        let scores_of = |row: usize| {
            let (start, length) = input.span(row);
            in_bytes(row * row_stride + start, length, size_of::<S>())
        };
        memory.restrict_to_rows(buffer, (0..rows).map(scores_of).collect());
        let (k_len, index_stride) = (k as usize, k as usize + output_gap);
        let output = memory.output::<I>("indices", rows * index_stride);
        let places_of = |row: usize| in_bytes(row * index_stride, k_len, size_of::<I>());
        memory.restrict_to_rows(output, (0..rows).map(places_of).collect());
        let mut spans = |name, spans: Option<&[i32]>| {
            spans.map_or(0, |spans| {
                let buffer = memory.input(name, &spans[..rows]);
                let entry_of = |row: usize| in_bytes(row, 1, size_of::<i32>());
                memory.restrict_to_rows(buffer, (0..rows).map(entry_of).collect());
                memory.address(buffer)
            })
        };
        let (row_starts, row_lengths) =
            (spans("row starts", input.starts), spans("row lengths", input.lengths));
        let zeros = vec![0u8; workspace_bytes];
        let workspace = (workspace_bytes > 0).then(|| memory.workspace("the workspace", &zeros));
        let raw = RawLaunch {
            scores: memory.address(buffer),
            row_stride: row_stride as i64,
            row_starts,
            row_lengths,
            indices: memory.address(output),
            index_stride: index_stride as i64,
            workspace: workspace.map_or(0, |workspace| memory.address(workspace)),
            workspace_bytes,
            ..RawLaunch::new(S::DTYPE, rows, columns, k)
        };
        let placed = self.fields.as_ref().map(|fields| fields.place(&mut memory)).transpose()?;
        let program = placed.as_ref().map(|placed| &placed.args);
        let core = raw.kernel_args();
        with_bytes(&core, program, |args| self.launch(launch, args, &mut memory))?;
        if let Some(placed) = placed {
            placed.keep(&memory);
        }
        if let Some(workspace) = workspace {
            restored(&memory.read::<u8>(workspace)[..zeroed_bytes])?;
        }

        let written = memory.read::<I>(output);
        let mut winners = Vec::with_capacity(rows * k_len);
        for (row, places) in written.chunks_exact(index_stride).enumerate() {
            for (place, index) in places[..k_len].iter().enumerate() {
                let what = || format!("place {place} of row {row}");
                winners.push(index.ok_or_else(|| Fault::Unwritten { what: what() })?);
            }
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

/// Refuses an input whose buffers are too short or whose numbers cannot be.
fn check<S>(input: &Input<'_, S>) -> Result<(), Fault> {
    let Input { scores, rows, columns, row_stride, starts, lengths, k, .. } = *input;
    if k == 0 || row_stride < columns || columns > i32::MAX as usize {
        return refused(format!("top {k} of {columns} columns with row stride {row_stride}"));
    }
    let last = if rows == 0 { 0 } else { columns };
    let needed = rows.saturating_sub(1).saturating_mul(row_stride).saturating_add(last);
    if scores.len() < needed {
        return refused(format!("{} scores, and {needed} are needed", scores.len()));
    }
    for spans in [starts, lengths].into_iter().flatten() {
        if spans.len() < rows {
            return refused(format!("{} starts or lengths for {rows} rows", spans.len()));
        }
    }
    Ok(())
}

/// The workspace is as every launch finds it.
fn restored(workspace: &[Option<u8>]) -> Result<(), Fault> {
    let bytes = workspace.iter().flatten().enumerate();
    let left: Vec<(usize, &u8)> = bytes.filter(|(_, byte)| **byte != 0).collect();
    let Some((first, byte)) = left.first() else { return Ok(()) };
    let count = left.len();
    Err(Fault::Workspace {
        what: format!(
            "the launch leaves {count} of {} bytes changed, the first at byte {first}, {byte:#04x}; \
             it found them all zero, as the next launch must",
            workspace.len()
        ),
    })
}
