//! A whole selection on host memory: buffers as tight as the contract allows, one launch, and the
//! winners. It judges no answer; that is [`host::check`](crate::host::check()).

use super::fault::Fault;
use super::launch::{Kernel, Launch};
use super::memory::{Memory, Word};
use crate::launch::{KernelArgs, RawLaunch};
use crate::{IndexInt, Score};
use topkit_codegen::RowShape;

/// What to select from, and how it lies in memory.
#[derive(Debug, Clone, Copy)]
pub struct Question<'a, S> {
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

impl<'a, S> Question<'a, S> {
    /// Dense rows without gaps, aligned.
    pub fn new(scores: &'a [S], rows: usize, columns: usize, k: u32) -> Question<'a, S> {
        Question {
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
}

impl Kernel {
    /// Runs the selection of a rendered kernel, one CTA a row; the winners are `rows` x `k`.
    ///
    /// What lies between the rows of scores and of indices is out of bounds for the kernel.
    ///
    /// # Errors
    /// A fault of the kernel, a place that it left unwritten, or a question that does not fit it.
    pub fn select<S: Score + Word, I: IndexInt + Word>(
        &self,
        question: &Question<'_, S>,
    ) -> Result<Vec<I>, Fault> {
        let Question { scores, rows, columns, row_stride, k, offset, output_gap, .. } = *question;
        let variant = self.accepts::<S, I>(question)?;
        if rows == 0 {
            return Ok(Vec::new());
        }
        let span = (rows - 1) * row_stride + columns;
        let mut memory = Memory::new();
        let input = memory.input_at("scores", offset * size_of::<S>(), &scores[..span]);
        let windows = |stride: usize, width: usize, element: usize| {
            (0..rows).map(|row| row * stride * element..(row * stride + width) * element).collect()
        };
        memory.restrict(input, windows(row_stride, columns, size_of::<S>()));
        let (k_len, index_stride) = (k as usize, k as usize + output_gap);
        let output = memory.output::<I>("indices", rows * index_stride);
        memory.restrict(output, windows(index_stride, k_len, size_of::<I>()));
        let mut spans = |name, spans: Option<&[i32]>| {
            spans.map_or(0, |spans| {
                let buffer = memory.input(name, &spans[..rows]);
                memory.address(buffer)
            })
        };
        let (row_starts, row_lengths) =
            (spans("row starts", question.starts), spans("row lengths", question.lengths));
        let raw = RawLaunch {
            scores: memory.address(input),
            row_stride: row_stride as i64,
            row_starts,
            row_lengths,
            indices: memory.address(output),
            index_stride: index_stride as i64,
            ..RawLaunch::new(S::DTYPE, rows, columns, k)
        };
        let args = raw.kernel_args();
        // SAFETY: a plain struct of words without padding.
        let args = unsafe {
            std::slice::from_raw_parts((&raw const args).cast::<u8>(), size_of::<KernelArgs>())
        };
        self.launch(&Launch::new(rows as u32, variant), args, &mut memory)?;

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

    /// The threads of a CTA, if the question fits the kernel.
    fn accepts<S: Score, I: IndexInt>(&self, question: &Question<'_, S>) -> Result<u32, Fault> {
        let refused = |what: String| Err(Fault::Launch { what });
        let Some(variant) = self.variant else {
            return refused("the kernel was not rendered from a variant".to_owned());
        };
        let Question { scores, rows, columns, row_stride, starts, lengths, k, .. } = *question;
        if variant.dtype != S::DTYPE || variant.semantics.index != I::TYPE {
            let (dtype, index) = (variant.dtype, variant.semantics.index);
            return refused(format!(
                "the kernel selects {index} indices of {dtype}, not {} of {}",
                I::TYPE,
                S::DTYPE
            ));
        }
        let ragged = starts.is_some() || lengths.is_some();
        if ragged && variant.semantics.rows == RowShape::Dense {
            return refused("the kernel was rendered for dense rows".to_owned());
        }
        if k == 0 || row_stride < columns || columns > i32::MAX as usize {
            return refused(format!("top {k} of {columns} columns with row stride {row_stride}"));
        }
        let needed = if rows == 0 { 0 } else { (rows - 1) * row_stride + columns };
        if scores.len() < needed {
            return refused(format!("{} scores, and {needed} are needed", scores.len()));
        }
        // What the host's own selection could hold in memory, and no more.
        let places =
            (k as usize).checked_add(question.output_gap).and_then(|k| k.checked_mul(rows));
        if places.is_none_or(|places| places > 1 << 32) {
            return refused(format!("top {k} of {rows} rows is more than this machine can hold"));
        }
        for spans in [starts, lengths].into_iter().flatten() {
            if spans.len() < rows {
                return refused(format!("{} starts or lengths for {rows} rows", spans.len()));
            }
        }
        Ok(variant.threads)
    }
}
