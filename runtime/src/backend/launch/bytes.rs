//! The bytes of a kernel's argument.

use super::RawLaunch;
use crate::problem::args::ProgramArgs;
use crate::problem::{LIMIT, Score};
use crate::with_score;
use topkit_codegen::{KernelArgs, LaunchWord, Semantics};

impl RawLaunch {
    /// A word of the argument that a key adds.
    fn word(&self, word: LaunchWord, semantics: &Semantics) -> u64 {
        match word {
            LaunchWord::Ids => self.ids,
            LaunchWord::IdStride => self.id_stride as u64,
            LaunchWord::IdScale => self.id_scale as u64,
            LaunchWord::IdOffset => self.id_offset as u64,
            LaunchWord::RowOffsets => self.row_offsets,
            LaunchWord::Pages => self.pages,
            LaunchWord::PageStride => self.page_stride as u64,
            LaunchWord::PageShift => self.page_shift.into(),
            LaunchWord::RawColumns => self.raw_columns,
            LaunchWord::RawColumnStride => self.raw_column_stride as u64,
            LaunchWord::Mask => self.mask,
            LaunchWord::MaskStride => self.mask_stride as u64,
            LaunchWord::RowKs => self.row_ks,
            LaunchWord::ShardWidth => self.width() as u64,
            LaunchWord::ShardStride => self.shard_stride as u64,
            LaunchWord::ShardCounts => self.shard_counts,
            LaunchWord::ShardCountStride => self.shard_count_stride as u64,
            LaunchWord::ShardIdStride => self.shard_id_stride as u64,
            LaunchWord::Values => self.values,
            LaunchWord::ValueStride => self.value_stride as u64,
            LaunchWord::Counts => self.counts,
            LaunchWord::IndexFill => self.index_fill.unwrap_or(-1) as u64,
            LaunchWord::ValueFill => self.value_fill.unwrap_or_else(
                || with_score!(self.dtype, S => Score::to_bits(S::worst(semantics.select))),
            ),
        }
    }

    /// The kernel's argument, but for the fields of a program and the words of keys. Call it after the checks.
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
/// its keys. A launch without a program allocates nothing.
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
    let words = semantics.launch_words().map(|word| launch.word(word, semantics).to_le_bytes());
    if let Some(program) = program {
        let mut bytes = program.after(core);
        words.for_each(|word| bytes.extend(word));
        return call(&bytes);
    }
    let mut bytes = [0; CORE + LaunchWord::ALL.len() * LaunchWord::BYTES];
    bytes[..CORE].copy_from_slice(core);
    let mut end = CORE;
    for word in words {
        bytes[end..end + LaunchWord::BYTES].copy_from_slice(&word);
        end += LaunchWord::BYTES;
    }
    call(&bytes[..end])
}

#[cfg(test)]
mod tests {
    use super::*;
    use topkit_codegen::{DType, Fill, Ids, Mask, SelectorSpec};

    /// The words come after what every launch passes, in their order.
    #[test]
    fn words_are_those_of_the_keys() {
        let plain = SelectorSpec::builder("Test").dtype([DType::Bf16]).build().unwrap();
        let semantics = Semantics { values: true, count: true, ..Semantics::DEFAULT };
        let declared = SelectorSpec { semantics, ..plain.clone() };
        let semantics = Semantics { fill: Fill::Given, ..semantics };
        let filled = SelectorSpec { semantics, ..plain.clone() };
        let launch = RawLaunch::new(DType::Bf16, 2, 64, 8).values(96).counts(64);
        let filling = launch.index_fill(7).value_fill(1);
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
        let of = |semantics| SelectorSpec { semantics, ..plain.clone() };
        let of_ids = |ids| of(Semantics { ids, raw_columns: true, ..Semantics::DEFAULT });
        let launch = RawLaunch::new(DType::Bf16, 2, 64, 8).raw_columns(32, 9).ids(16, 65);
        let launch = launch.affine(3, -1).row_offsets(48).pages(80, 5, 4).mask(112, 6).row_ks(128);
        assert_eq!(words(launch, &of_ids(Ids::Given)), [16, 65, 32, 9]);
        assert_eq!(words(launch, &of_ids(Ids::Affine)), [3, u64::MAX, 48, 32, 9]);
        assert_eq!(words(launch, &of_ids(Ids::Pages)), [80, 5, 4, 32, 9]);
        let marked = Semantics { mask: Mask::Bits, k_per_row: true, ..Semantics::DEFAULT };
        assert_eq!(words(launch, &of(marked)), [112, 6, 128]);
    }
}
