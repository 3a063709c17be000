//! A whole selection on host memory: buffers as tight as the contract allows, one launch, and the
//! winners. [`host::check`](crate::host::check()) checks the answer.

use super::launch::{Kernel, Launch};
use super::memory::{Buffer, Memory, Word};
use super::{room, watched};
use crate::backend::host::Selection;
use crate::backend::launch::{MOST_PAGE_SHIFT, RawLaunch, with_bytes};
use crate::backend::memory::Host;
use crate::backend::output::{Map, Output, shard_stride_of};
use crate::backend::rows::{Marks, Rows};
use crate::error::Fault;
use crate::problem::{IndexInt, Problem, Score};
use topkit_codegen::{Fill, IndexType, Mask, RowShape, Semantics, Variant};

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

    /// As [`Kernel::select`], with the values and the counts of a kernel that has them. The fill is the standard one.
    ///
    /// # Errors
    /// As for [`Kernel::select`], and a kernel whose ids are no columns.
    pub fn select_all<S: Score + Word, I: IndexInt + Word>(
        &self,
        input: &Rows<'_, S, Host>,
        k: u32,
    ) -> Result<Selection<I, S>, Fault> {
        check(input, k)?;
        let semantics = self.variant.map_or(Semantics::DEFAULT, |variant| variant.semantics);
        let places = input.rows.saturating_mul(k as usize);
        self.room::<S, I>(input, k, 0)?;
        let mut indices = vec![I::FILL; places];
        let mut values = semantics.values.then(|| vec![S::worst(semantics.select); places]);
        let mut counts = semantics.count.then(|| vec![0; input.rows]);
        let mut output = Output::host(&mut indices);
        output.values = values.as_deref_mut();
        output.counts = counts.as_deref_mut();
        self.select_into(input, k, output)?;
        Ok(Selection { indices, values, counts, raw_columns: None })
    }

    /// As [`Kernel::select`], into all that the kernel writes, with ids, strides and fills of the caller's. It writes
    /// nothing if the kernel fails.
    ///
    /// # Errors
    /// As for [`Kernel::select`], and an output that is not the kernel's.
    pub fn select_into<S: Score + Word, I: IndexInt + Word>(
        &self,
        input: &Rows<'_, S, Host>,
        k: u32,
        output: Output<'_, I, S, Host>,
    ) -> Result<(), Fault> {
        let Rows { rows, columns, .. } = *input;
        let plan = self.plan(&Problem::new(S::DTYPE, rows, columns, k))?;
        self.accepts::<I>(&plan.variant, input.is_ragged(), input.shards > 0)?;
        check(input, k)?;
        if rows == 0 {
            return Ok(());
        }
        self.answer(&Launch::of(&plan), plan.workspace_bytes, plan.zeroed_bytes, input, k, output)
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
        self.room::<S, I>(input, k, workspace_bytes)?;
        let mut indices = vec![I::FILL; input.rows * k as usize];
        let output = Output::host(&mut indices);
        self.answer(launch, workspace_bytes, zeroed_bytes, input, k, output)?;
        Ok(indices)
    }

    /// Whether this machine has the memory for a launch.
    fn room<S: Score + Word, I: IndexInt + Word>(
        &self,
        input: &Rows<'_, S, Host>,
        k: u32,
        workspace: usize,
    ) -> Result<(), Fault> {
        let Rows { rows, starts, lengths, .. } = *input;
        if rows == 0 {
            return Ok(());
        }
        let Kernel { offset, output_gap, .. } = *self;
        let semantics = self.variant.map_or(Semantics::DEFAULT, |variant| variant.semantics);
        let span = score_span(input);
        let places = (k as usize).saturating_add(output_gap);
        let of = |has: bool, bytes: usize| if has { bytes } else { 0 };
        let of_winner = size_of::<I>()
            + of(semantics.values, size_of::<S>())
            + of(semantics.raw_columns, size_of::<i32>());
        let of_row = of(semantics.count, size_of::<i32>());
        room::Selection {
            rows,
            scores: span.saturating_add(offset).saturating_mul(size_of::<S>()),
            output_row: places.saturating_mul(of_winner).saturating_add(of_row),
            spans: [starts, lengths].iter().flatten().count(),
            workspace,
        }
        .check()
    }

    fn answer<S: Score + Word, I: IndexInt + Word>(
        &self,
        launch: &Launch,
        workspace_bytes: usize,
        zeroed_bytes: usize,
        input: &Rows<'_, S, Host>,
        k: u32,
        mut output: Output<'_, I, S, Host>,
    ) -> Result<(), Fault> {
        check(input, k)?;
        let Rows { scores, rows, columns, row_stride, starts, lengths, .. } = *input;
        let Kernel { offset, output_gap, .. } = *self;
        let semantics = self.variant.map_or(Semantics::DEFAULT, |variant| variant.semantics);
        if rows == 0 {
            return Err(Fault::Launch { what: "there are no rows".to_owned() });
        }
        output.check(rows, columns, input.shards, k).or_else(|error| refused(error.to_string()))?;
        self.writes(&semantics, input, &output)?;
        self.room::<S, I>(input, k, workspace_bytes)?;
        let places = (k as usize).saturating_add(output_gap);
        let span = score_span(input);
        let mut memory = Memory::new();
        let scores = memory.input_at("scores", offset * size_of::<S>(), &scores[..span]);
        // The rows of the outputs have other gaps each.
        let (index_stride, value_stride) = (places, places + output_gap);
        let column_stride = places + 2 * output_gap;
        let indices = memory.output::<I>("indices", rows * index_stride);
        let values = semantics.values.then(|| memory.output::<S>("values", rows * value_stride));
        let counts = semantics.count.then(|| memory.output::<i32>("counts", rows));
        let raw_columns = semantics.raw_columns;
        let raw_columns =
            raw_columns.then(|| memory.output::<i32>("raw columns", rows * column_stride));
        let mut of_rows = |name, of: Option<&[i32]>| {
            of.map_or(0, |of| {
                let buffer = memory.input(name, &of[..rows]);
                memory.address(buffer)
            })
        };
        let row_starts = of_rows("row starts", starts);
        let row_lengths = of_rows("row lengths", lengths);
        let row_ks = of_rows("the k of rows", input.ks);
        let mask = input.marks.map(|marks| match marks {
            Marks::Bits(words) => memory.input("the mask", words),
            Marks::Bytes(bytes) => memory.input("the mask", bytes),
        });
        let shard_counts =
            input.shard_counts.map(|counts| memory.input("counts of shards", counts));
        let map = match output.map {
            Map::Columns | Map::Affine { offsets: None, .. } => None,
            Map::Given { ids, .. } => Some(memory.input("ids", ids)),
            Map::Affine { offsets: Some(ids), .. } => Some(memory.input("row offsets", ids)),
            Map::Pages { pages, .. } => Some(memory.input("the page table", pages)),
        };
        let zeros = vec![0u8; workspace_bytes];
        let workspace = (workspace_bytes > 0).then(|| memory.workspace("the workspace", &zeros));
        let address = |buffer: Option<Buffer>| buffer.map_or(0, |buffer| memory.address(buffer));
        let raw = RawLaunch {
            scores: memory.address(scores),
            row_stride: row_stride as i64,
            row_starts,
            row_lengths,
            indices: memory.address(indices),
            index_stride: index_stride as i64,
            values: address(values),
            value_stride: value_stride as i64,
            counts: address(counts),
            index_fill: output.index_fill.map(Into::into),
            value_fill: output.value_fill.map(|value| value.to_bits()),
            raw_columns: address(raw_columns),
            raw_column_stride: column_stride as i64,
            mask: address(mask),
            mask_stride: input.mask_stride_or_width() as i64,
            row_ks,
            shards: input.shards,
            shard_stride: if input.shards == 0 { 0 } else { input.shard_stride_or_rows() as i64 },
            shard_counts: address(shard_counts),
            shard_count_stride: if input.shards == 0 {
                0
            } else {
                input.shard_count_stride_or_rows() as i64
            },
            workspace: address(workspace),
            workspace_bytes,
            ..RawLaunch::new(S::DTYPE, rows, columns, k)
        };
        let raw = match output.map {
            Map::Columns => raw,
            Map::Given { stride, shard_stride, .. } => {
                let apart =
                    shard_stride.unwrap_or_else(|| shard_stride_of(rows, stride, input.width()));
                let apart = if input.shards == 0 { 0 } else { apart as i64 };
                raw.ids(address(map), stride as i64).shard_id_stride(apart)
            }
            Map::Affine { scale, offset, .. } => {
                raw.affine(scale, offset).row_offsets(address(map))
            }
            Map::Pages { stride, shift, .. } => raw.pages(address(map), stride as i64, shift),
        };
        let (workspace, zeroed) = (workspace_bytes, zeroed_bytes);
        let semantics = &semantics;
        let selection =
            watched::Selection { raw: &raw, semantics, workspace, zeroed, program: None };
        with_bytes(&raw, semantics, None, |args| selection.run(self, launch, args, &mut memory))?;
        let k = k as usize;
        let row_stride = output.row_stride.unwrap_or(k);
        copy(&memory.read::<I>(indices), index_stride, output.indices, row_stride, k);
        if let (Some(values), Some(to)) = (values, &mut output.values) {
            let stride = output.value_stride.unwrap_or(k);
            copy(&memory.read::<S>(values), value_stride, to, stride, k);
        }
        if let (Some(columns), Some(to)) = (raw_columns, &mut output.raw_columns) {
            let stride = output.raw_column_stride.unwrap_or(k);
            copy(&memory.read::<i32>(columns), column_stride, to, stride, k);
        }
        if let (Some(counts), Some(to)) = (counts, &mut output.counts) {
            copy(&memory.read::<i32>(counts), 1, to, 1, 1);
        }
        Ok(())
    }

    /// The kernel reads and writes what is given, and nothing else.
    fn writes<S: Score, I: IndexInt>(
        &self,
        semantics: &Semantics,
        input: &Rows<'_, S, Host>,
        output: &Output<'_, I, S, Host>,
    ) -> Result<(), Fault> {
        let given = [
            ("values", output.values.is_some(), semantics.values),
            ("counts", output.counts.is_some(), semantics.count),
            ("raw columns", output.raw_columns.is_some(), semantics.raw_columns),
            ("k of its rows", input.ks.is_some(), semantics.k_per_row),
            ("mask", input.marks.is_some(), semantics.mask != Mask::None),
        ];
        if let Some((what, given, _)) = given.into_iter().find(|(_, given, of)| given != of) {
            let has = if given { "has no" } else { "needs" };
            return refused(format!("the kernel {has} {what}"));
        }
        let fills = output.index_fill.is_some() || output.value_fill.is_some();
        if fills && semantics.fill == Fill::Standard {
            return refused("the kernel has the standard fill".to_owned());
        }
        let bits = matches!(input.marks, Some(Marks::Bits(_)));
        if input.marks.is_some() && bits != (semantics.mask == Mask::Bits) {
            return refused(format!("the kernel has `mask: {}`", semantics.mask));
        }
        if let Map::Pages { shift, .. } = output.map
            && shift > MOST_PAGE_SHIFT
        {
            return refused(format!("a page shift of {shift}; it is at most {MOST_PAGE_SHIFT}"));
        }
        if output.map.declared() != semantics.ids {
            return refused(format!("the kernel has `ids: {}`", semantics.ids));
        }
        Ok(())
    }

    /// The answer and the rows are of the kind that the kernel was rendered for.
    fn accepts<I: IndexInt>(
        &self,
        variant: &Variant,
        ragged: bool,
        sharded: bool,
    ) -> Result<(), Fault> {
        let index = variant.semantics.index;
        if index != I::TYPE {
            return refused(format!("the kernel selects {index} indices, not {}", I::TYPE));
        }
        let rows = variant.semantics.rows;
        if ragged && rows != RowShape::Ragged {
            return refused(format!("the kernel was rendered for {rows} rows"));
        }
        if sharded != (rows == RowShape::Shards) {
            return refused(format!("the kernel was rendered for `rows: {rows}`"));
        }
        Ok(())
    }
}

/// Elements from the first score to the last. There is at least one row.
fn score_span<S: Score>(input: &Rows<'_, S, Host>) -> usize {
    let of_one = (input.rows - 1).saturating_mul(input.row_stride).saturating_add(input.width());
    match input.shards {
        0 => of_one,
        shards => (shards - 1).saturating_mul(input.shard_stride_or_rows()).saturating_add(of_one),
    }
}

/// Copies the first elements of each row, of which all were written.
fn copy<T: Copy>(
    written: &[Option<T>],
    stride: usize,
    to: &mut [T],
    to_stride: usize,
    width: usize,
) {
    for (row, places) in written.chunks_exact(stride).enumerate() {
        let to = to[row * to_stride..][..width].iter_mut();
        to.zip(places.iter().flatten()).for_each(|(to, &from)| *to = from);
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
