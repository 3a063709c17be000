//! A launch by raw device addresses, for typed launches and for other languages. Everything that can be
//! checked on the host is checked before anything is enqueued. Whether an address is valid is the
//! caller's promise.

use crate::error::Error;
use crate::plan::Plan;
use crate::problem::args::ProgramArgs;
use crate::problem::{LIMIT, Problem, Score, TooLarge, span};
use crate::with_score;
use cudarc::driver::sys::CUdeviceptr;
use topkit_codegen::{DType, Fill, KernelArgs, OutputWord, RowShape, SelectorSpec, Semantics};

/// One launch, by device addresses. Lengths and strides are in elements.
///
/// Set what is needed and leave the rest at its default:
///
/// ```
/// use topkit::{DType, RawLaunch};
///
/// # let (scores, indices) = (0x7000_0000, 0x7100_0000);
/// let launch = RawLaunch::new(DType::Bf16, 32, 131_072, 512).scores(scores).indices(indices);
/// # assert_eq!(launch.row_stride, 131_072);
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub struct RawLaunch {
    /// The type of a score.
    pub dtype: DType,
    /// Rows of the matrix.
    pub rows: usize,
    /// Columns of the matrix, at most 2^31 - 1.
    pub columns: usize,
    /// Winners a row.
    pub k: u32,
    /// The first score of the first row.
    pub scores: CUdeviceptr,
    /// From row to row of the scores; any value, as long as every row is in the buffer.
    pub row_stride: i64,
    /// `i32[rows]`, the first column of each row; 0 for none. Ragged selectors only.
    pub row_starts: CUdeviceptr,
    /// `i32[rows]`, the length of each row; 0 for none. Ragged selectors only.
    pub row_lengths: CUdeviceptr,
    /// The first index of the first row; the type is the selector's.
    pub indices: CUdeviceptr,
    /// From row to row of the indices, at least k.
    pub index_stride: i64,
    /// The first value of the first row, of the type of the scores. Selectors with `values: true` alone.
    pub values: CUdeviceptr,
    /// From row to row of the values, at least k.
    pub value_stride: i64,
    /// `i32[rows]`, the winners of each row. Selectors with `count: true` alone.
    pub counts: CUdeviceptr,
    /// The index where a row has no score left, cut to the selector's type; without it -1. Selectors with
    /// `fill: given` alone.
    pub index_fill: Option<i64>,
    /// The bits of the value there; without it those of the worst infinity. Selectors with `fill: given` and
    /// `values: true` alone.
    pub value_fill: Option<u64>,
    /// Device memory of at least the plan's `workspace_bytes`, a multiple of 16; 0 when that is 0.
    /// It is all zero before its first launch; every launch leaves it ready for the next one.
    /// Launches that may run at the same time need one each, as in threads that launch on the per-thread
    /// default stream: see [`Workspace`](crate::Workspace).
    pub workspace: CUdeviceptr,
    /// Bytes of it.
    pub workspace_bytes: usize,
}

impl RawLaunch {
    /// A launch over dense rows and a dense output, with all addresses still 0.
    pub const fn new(dtype: DType, rows: usize, columns: usize, k: u32) -> RawLaunch {
        RawLaunch {
            dtype,
            rows,
            columns,
            k,
            scores: 0,
            row_stride: columns as i64,
            row_starts: 0,
            row_lengths: 0,
            indices: 0,
            index_stride: k as i64,
            values: 0,
            value_stride: k as i64,
            counts: 0,
            index_fill: None,
            value_fill: None,
            workspace: 0,
            workspace_bytes: 0,
        }
    }

    /// Sets the address of the first score.
    pub const fn scores(self, scores: CUdeviceptr) -> RawLaunch {
        RawLaunch { scores, ..self }
    }

    /// Sets the distance from row to row of the scores, in elements.
    pub const fn row_stride(self, row_stride: i64) -> RawLaunch {
        RawLaunch { row_stride, ..self }
    }

    /// Sets the address of the first column of each row.
    pub const fn row_starts(self, row_starts: CUdeviceptr) -> RawLaunch {
        RawLaunch { row_starts, ..self }
    }

    /// Sets the address of the length of each row.
    pub const fn row_lengths(self, row_lengths: CUdeviceptr) -> RawLaunch {
        RawLaunch { row_lengths, ..self }
    }

    /// Sets the address of the first index.
    pub const fn indices(self, indices: CUdeviceptr) -> RawLaunch {
        RawLaunch { indices, ..self }
    }

    /// Sets the distance from row to row of the indices, in elements.
    pub const fn index_stride(self, index_stride: i64) -> RawLaunch {
        RawLaunch { index_stride, ..self }
    }

    /// Sets the address of the first value.
    pub const fn values(self, values: CUdeviceptr) -> RawLaunch {
        RawLaunch { values, ..self }
    }

    /// Sets the distance from row to row of the values, in elements.
    pub const fn value_stride(self, value_stride: i64) -> RawLaunch {
        RawLaunch { value_stride, ..self }
    }

    /// Sets the address of the first row's count.
    pub const fn counts(self, counts: CUdeviceptr) -> RawLaunch {
        RawLaunch { counts, ..self }
    }

    /// Sets the index that is written where a row has no score left.
    pub const fn index_fill(self, index: i64) -> RawLaunch {
        RawLaunch { index_fill: Some(index), ..self }
    }

    /// Sets the bits of the value that is written there.
    pub const fn value_fill(self, bits: u64) -> RawLaunch {
        RawLaunch { value_fill: Some(bits), ..self }
    }

    /// Sets the address of the workspace, and its bytes.
    pub const fn workspace(self, workspace: CUdeviceptr, workspace_bytes: usize) -> RawLaunch {
        RawLaunch { workspace, workspace_bytes, ..self }
    }

    /// The shape and the layout of the launch.
    pub const fn problem(&self) -> Problem {
        Problem::new(self.dtype, self.rows, self.columns, self.k).at(self.scores, self.row_stride)
    }

    /// Refuses strides that no launch can have, and spans that no address reaches. The problem was
    /// checked.
    pub(crate) fn check_strides(&self) -> Result<(), Error> {
        if self.rows == 0 {
            return Ok(());
        }
        for (what, stride) in [("indices", self.index_stride), ("values", self.value_stride)] {
            if stride < i64::from(self.k) {
                return Err(Error::OutputStride { what, stride, k: self.k });
            }
        }
        // Addresses are computed in 64-bit bytes.
        const SPAN_LIMIT: u64 = i64::MAX as u64 / 8;
        let spans = [
            ("the span of the scores", self.row_stride, self.columns as u64),
            ("the span of the indices", self.index_stride, u64::from(self.k)),
            ("the span of the values", self.value_stride, u64::from(self.k)),
        ];
        for (what, stride, width) in spans {
            let value = span(self.rows, stride.unsigned_abs(), width);
            if value > SPAN_LIMIT {
                return Err(TooLarge { what, value, limit: SPAN_LIMIT }.into());
            }
        }
        Ok(())
    }

    /// Refuses addresses that the kernel of a plan cannot take; the plan is of this launch's problem.
    pub(crate) fn check_addresses(&self, spec: &SelectorSpec, plan: &Plan) -> Result<(), Error> {
        if self.rows == 0 {
            return Ok(());
        }
        if spec.semantics.rows == RowShape::Dense {
            for (what, address) in [("starts", self.row_starts), ("lengths", self.row_lengths)] {
                if address != 0 {
                    return Err(Error::DenseRows { selector: spec.name.to_string(), what });
                }
            }
        }
        if self.scores == 0 && self.columns > 0 {
            return Err(Error::Null { what: "score" });
        }
        if self.indices == 0 {
            return Err(Error::Null { what: "index" });
        }
        self.check_outputs(spec)?;
        for (what, address, align) in [
            ("score", self.scores, self.dtype.bytes()),
            ("row start", self.row_starts, 4),
            ("row length", self.row_lengths, 4),
            ("index", self.indices, spec.semantics.index.bytes()),
            ("value", self.values, self.dtype.bytes()),
            ("count", self.counts, 4),
            ("workspace", self.workspace, 16),
        ] {
            if address % u64::from(align) != 0 {
                return Err(Error::Misaligned { what, address, align });
            }
        }
        let given = if self.workspace == 0 { 0 } else { self.workspace_bytes };
        if given < plan.workspace_bytes {
            return Err(Error::Workspace { given, needed: plan.workspace_bytes });
        }
        Ok(())
    }

    /// Refuses outputs that the selector does not write, and those that it writes and are not there.
    fn check_outputs(&self, spec: &SelectorSpec) -> Result<(), Error> {
        let Semantics { values, count, fill, .. } = spec.semantics;
        let selector = || spec.name.to_string();
        for (what, key, declared, given) in [
            ("values", "values", values, self.values != 0),
            ("counts", "count", count, self.counts != 0),
        ] {
            match (declared, given) {
                (true, false) => {
                    return Err(Error::OutputMissing { selector: selector(), what, key });
                }
                (false, true) => {
                    return Err(Error::OutputUndeclared { selector: selector(), what, key });
                }
                _ => {}
            }
        }
        let given = self.index_fill.is_some() || self.value_fill.is_some();
        if given && fill == Fill::Standard {
            return Err(Error::FillUndeclared { selector: selector() });
        }
        if self.value_fill.is_some() && !values {
            let (what, key) = ("a fill of the values", "values");
            return Err(Error::OutputUndeclared { selector: selector(), what, key });
        }
        Ok(())
    }

    /// A word of the argument that a key of the output adds.
    fn output_word(&self, word: OutputWord, semantics: &Semantics) -> u64 {
        match word {
            OutputWord::Values => self.values,
            OutputWord::ValueStride => self.value_stride as u64,
            OutputWord::Counts => self.counts,
            OutputWord::IndexFill => self.index_fill.unwrap_or(-1) as u64,
            OutputWord::ValueFill => self.value_fill.unwrap_or_else(
                || with_score!(self.dtype, S => Score::to_bits(S::worst(semantics.select))),
            ),
        }
    }

    /// The kernel's argument, but for the fields of a program and the words of the output. Call it after the checks.
    pub(crate) fn kernel_args(&self) -> KernelArgs {
        debug_assert!(self.columns <= LIMIT && self.k as usize <= LIMIT);
        KernelArgs {
            scores: self.scores,
            row_stride: self.row_stride,
            row_starts: self.row_starts,
            row_lengths: self.row_lengths,
            indices: self.indices,
            index_stride: self.index_stride,
            workspace: self.workspace,
            columns: self.columns as i32,
            k: self.k as i32,
            rows: self.rows as i64,
        }
    }
}

/// Calls with the bytes of a kernel's argument: what every launch passes, the fields of its program, and the words of
/// its output. A launch without a program allocates nothing.
pub(crate) fn with_bytes<R>(
    launch: &RawLaunch,
    semantics: &Semantics,
    program: Option<&ProgramArgs>,
    call: impl FnOnce(&[u8]) -> R,
) -> R {
    const CORE: usize = size_of::<KernelArgs>();
    let core = launch.kernel_args();
    // SAFETY: a struct of words without padding, which codegen asserts.
    let core = unsafe { std::slice::from_raw_parts(std::ptr::from_ref(&core).cast::<u8>(), CORE) };
    let words =
        semantics.output_words().map(|word| launch.output_word(word, semantics).to_le_bytes());
    if let Some(program) = program {
        let mut bytes = program.after(core);
        words.for_each(|word| bytes.extend(word));
        return call(&bytes);
    }
    let mut bytes = [0; CORE + OutputWord::ALL.len() * OutputWord::BYTES];
    bytes[..CORE].copy_from_slice(core);
    let mut end = CORE;
    for word in words {
        bytes[end..end + OutputWord::BYTES].copy_from_slice(&word);
        end += OutputWord::BYTES;
    }
    call(&bytes[..end])
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::plan::Limits;
    use topkit_codegen::Arch;

    #[test]
    fn a_plan_that_needs_a_workspace_is_given_one() {
        let spec = SelectorSpec::builder("Test").dtype([DType::F32]).build().unwrap();
        let sound =
            RawLaunch { scores: 1 << 20, indices: 1 << 21, ..RawLaunch::new(DType::F32, 1, 64, 8) };
        let limits = Limits::of_arch(Arch::of_device(9, 0));
        let plan = Plan::of(&spec, &sound.problem(), &limits).unwrap();
        let plan = Plan { workspace_bytes: 64, ..plan };
        let said =
            |launch: RawLaunch| launch.check_addresses(&spec, &plan).map_err(|e| e.to_string());

        let none = said(sound).unwrap_err();
        assert!(none.contains("no workspace was given, but the plan needs 64"), "{none}");
        assert!(none.contains("`launch_with`"), "{none}");
        let short = RawLaunch { workspace: 1 << 22, workspace_bytes: 63, ..sound };
        let short = said(short).unwrap_err();
        assert!(short.contains("the workspace has 63 bytes, but the plan needs 64"), "{short}");
        let odd = RawLaunch { workspace: (1 << 22) + 8, workspace_bytes: 64, ..sound };
        assert!(said(odd).unwrap_err().contains("the workspace pointer 0x400008"));
        let enough = RawLaunch { workspace: 1 << 22, workspace_bytes: 64, ..sound };
        assert_eq!(said(enough), Ok(()));
    }

    #[test]
    fn outputs_are_those_that_are_declared() {
        let plain = SelectorSpec::builder("Test").dtype([DType::Bf16]).build().unwrap();
        let semantics = Semantics { values: true, count: true, ..Semantics::DEFAULT };
        let declared = SelectorSpec { semantics, ..plain.clone() };
        let semantics = Semantics { fill: Fill::Given, ..semantics };
        let filled = SelectorSpec { semantics, ..plain.clone() };
        let launch = RawLaunch::new(DType::Bf16, 2, 64, 8).values(96).counts(64);
        let said = |spec: &SelectorSpec, launch: RawLaunch| {
            launch.check_outputs(spec).map_err(|error| error.to_string())
        };
        assert_eq!(said(&declared, launch), Ok(()));
        let filling = launch.index_fill(7).value_fill(1);
        assert_eq!(said(&filled, filling), Ok(()));
        for (spec, launch, words) in [
            (&plain, launch, "declared without `values: true`, but the launch has values"),
            (&plain, launch.values(0), "declared without `count: true`, but the launch has counts"),
            (
                &declared,
                launch.values(0),
                "declared with `values: true`, but the launch has no values",
            ),
            (
                &declared,
                launch.counts(0),
                "declared with `count: true`, but the launch has no counts",
            ),
            (&declared, filling, "declare `fill: given`"),
            (&plain, RawLaunch::new(DType::Bf16, 1, 1, 1).index_fill(0), "declare `fill: given`"),
        ] {
            let error = said(spec, launch).unwrap_err();
            assert!(error.contains(words), "{error}");
        }
        // The words come after what every launch passes, in their order.
        let words = |launch: RawLaunch, spec: &SelectorSpec| {
            with_bytes(&launch, &spec.semantics, None, |bytes| {
                let words = bytes[size_of::<KernelArgs>()..].chunks(8);
                words.map(|word| u64::from_le_bytes(word.try_into().unwrap())).collect::<Vec<_>>()
            })
        };
        assert_eq!(words(launch, &plain), [0; 0]);
        assert_eq!(words(launch, &declared), [96, 8, 64]);
        assert_eq!(words(filling, &filled), [96, 8, 64, 7, 1]);
        // The worst infinity of bf16.
        assert_eq!(words(launch, &filled), [96, 8, 64, u64::MAX, 0xFF80]);
    }

    #[test]
    fn strides_that_no_address_reaches_are_refused() {
        let sound = RawLaunch::new(DType::F32, 2, 64, 8);
        let said = |launch: RawLaunch| launch.check_strides().map_err(|error| error.to_string());
        for stride in [64, 0, -64, i64::MAX / 8 - 64] {
            assert_eq!(said(sound.row_stride(stride)), Ok(()));
        }
        for (launch, part) in [
            (sound.index_stride(7), "the row stride of the indices is 7, but each row has k = 8"),
            (sound.row_stride(i64::MAX / 8), "the span of the scores"),
            (sound.row_stride(i64::MIN), "the span of the scores"),
            (sound.index_stride(i64::MAX), "the span of the indices"),
            (sound.value_stride(7), "the row stride of the values is 7"),
            (sound.value_stride(i64::MAX), "the span of the values"),
        ] {
            let error = said(launch).unwrap_err();
            assert!(error.contains(part), "{error}");
            // Without rows nothing is addressed.
            assert_eq!(said(RawLaunch { rows: 0, ..launch }), Ok(()));
        }
    }
}
