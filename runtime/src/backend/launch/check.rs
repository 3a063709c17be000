//! What can be checked of a launch on the host.

use super::RawLaunch;
use crate::error::Error;
use crate::plan::Plan;
use crate::problem::{TooLarge, span};
use topkit_codegen::{Fill, Ids, Mask, RowShape, SelectorSpec, Semantics};

/// A page has at most so many columns, as a logarithm: a row has fewer than 2^31.
pub(crate) const MOST_PAGE_SHIFT: u32 = 31;

impl RawLaunch {
    /// Refuses strides that no launch can have, and spans that no address reaches. The problem was
    /// checked.
    pub(crate) fn check_strides(&self) -> Result<(), Error> {
        if self.rows == 0 {
            return Ok(());
        }
        for (what, stride) in [
            ("indices", self.index_stride),
            ("values", self.value_stride),
            ("raw columns", self.raw_column_stride),
        ] {
            if stride < i64::from(self.k) {
                return Err(Error::OutputStride { what, stride, k: self.k });
            }
        }
        // Addresses are computed in 64-bit bytes.
        const SPAN_LIMIT: u64 = i64::MAX as u64 / 8;
        if self.page_shift > MOST_PAGE_SHIFT {
            let (value, limit) = (self.page_shift.into(), MOST_PAGE_SHIFT.into());
            return Err(TooLarge { what: "the page shift", value, limit }.into());
        }
        let pages = (self.columns as u64).div_ceil(1 << self.page_shift);
        let width = self.width() as u64;
        let spans = [
            ("the span of the ids", self.id_stride, width),
            ("the span of the page table", self.page_stride, pages),
            ("the span of the raw columns", self.raw_column_stride, u64::from(self.k)),
            ("the span of the mask", self.mask_stride, self.columns as u64),
            ("the span of the scores", self.row_stride, width),
            ("the span of the indices", self.index_stride, u64::from(self.k)),
            ("the span of the values", self.value_stride, u64::from(self.k)),
        ];
        for (what, stride, width) in spans {
            let value = span(self.rows, stride.unsigned_abs(), width);
            if value > SPAN_LIMIT {
                return Err(TooLarge { what, value, limit: SPAN_LIMIT }.into());
            }
        }
        let of_shards = [
            ("the span of the shards' scores", self.shard_stride, self.row_stride, width),
            ("the span of the shards' ids", self.shard_id_stride, self.id_stride, width),
            ("the span of the shards' counts", self.shard_count_stride, 1, 1),
        ];
        for (what, stride, row_stride, width) in of_shards {
            let of_one = span(self.rows, row_stride.unsigned_abs(), width);
            let value = span(self.shards, stride.unsigned_abs(), of_one);
            if value > SPAN_LIMIT {
                return Err(TooLarge { what, value, limit: SPAN_LIMIT }.into());
            }
        }
        Ok(())
    }

    /// Refuses shards of a selector that reads none, no shards of one that does, and columns that they do not divide.
    pub(crate) fn check_shards(&self, spec: &SelectorSpec) -> Result<(), Error> {
        let selector = || spec.name.to_string();
        let declared = "rows: shards";
        let own = [self.shard_stride, self.shard_count_stride, self.shard_id_stride];
        match (spec.semantics.rows == RowShape::Shards, self.shards) {
            (false, 0) if self.shard_counts != 0 || own != [0; 3] => {
                let what = "counts or strides of shards";
                Err(Error::NotDeclared { selector: selector(), what, declared })
            }
            (true, 0) => Err(Error::NotGiven { selector: selector(), what: "shards", declared }),
            (true, shards) if !self.columns.is_multiple_of(shards) => {
                Err(Error::UnevenShards { shards, columns: self.columns })
            }
            (false, 1..) => {
                Err(Error::NotDeclared { selector: selector(), what: "shards", declared })
            }
            (true, _) | (false, 0) => Ok(()),
        }
    }

    /// Refuses addresses that the kernel of a plan cannot take; the plan is of this launch's problem.
    pub(crate) fn check_addresses(&self, spec: &SelectorSpec, plan: &Plan) -> Result<(), Error> {
        if self.rows == 0 {
            return Ok(());
        }
        self.check_shards(spec)?;
        if spec.semantics.rows != RowShape::Ragged {
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
        self.check_keys(spec)?;
        for (what, address, align) in [
            ("score", self.scores, self.dtype.bytes()),
            ("row start", self.row_starts, 4),
            ("row length", self.row_lengths, 4),
            ("index", self.indices, spec.semantics.index.bytes()),
            ("value", self.values, self.dtype.bytes()),
            ("count", self.counts, 4),
            ("id", self.ids, spec.semantics.index.bytes()),
            ("row offset", self.row_offsets, spec.semantics.index.bytes()),
            ("page", self.pages, 4),
            ("raw column", self.raw_columns, 4),
            ("mask", self.mask, if spec.semantics.mask == Mask::Bits { 4 } else { 1 }),
            ("row k", self.row_ks, 4),
            ("shard count", self.shard_counts, 4),
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

    /// Refuses buffers for which the selector declares no key, and keys for which there is no buffer.
    fn check_keys(&self, spec: &SelectorSpec) -> Result<(), Error> {
        let Semantics { values, count, fill, ids, raw_columns, mask, k_per_row, .. } =
            spec.semantics;
        let selector = || spec.name.to_string();
        let affine = (self.id_scale, self.id_offset, self.row_offsets) != (1, 0, 0);
        let masked = match mask {
            Mask::Bits => "mask: bits",
            Mask::None | Mask::Bytes => "mask: bytes",
        };
        // A matrix without columns has no ids, no pages and no mask.
        let empty = self.columns == 0;
        for (what, declared, is_declared, is_given, is_needed) in [
            ("values", "values: true", values, self.values != 0, true),
            ("counts", "count: true", count, self.counts != 0, true),
            ("ids", "ids: given", ids == Ids::Given, self.ids != 0, !empty),
            ("factors or offsets of ids", "ids: affine", ids == Ids::Affine, affine, false),
            ("pages", "ids: pages", ids == Ids::Pages, self.pages != 0, !empty),
            ("raw columns", "raw_columns: true", raw_columns, self.raw_columns != 0, true),
            ("rows of a mask", masked, mask != Mask::None, self.mask != 0, !empty),
            ("k of its rows", "k_per_row: true", k_per_row, self.row_ks != 0, true),
        ] {
            if is_declared && !is_given && is_needed {
                return Err(Error::NotGiven { selector: selector(), what, declared });
            }
            if is_given && !is_declared {
                return Err(Error::NotDeclared { selector: selector(), what, declared });
            }
        }
        let given = self.index_fill.is_some() || self.value_fill.is_some();
        if given && fill == Fill::Standard {
            return Err(Error::FillUndeclared { selector: selector() });
        }
        if self.value_fill.is_some() && !values {
            let (what, declared) = ("a fill of the values", "values: true");
            return Err(Error::NotDeclared { selector: selector(), what, declared });
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::plan::Limits;
    use topkit_codegen::Arch;
    use topkit_codegen::DType;

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
            launch.check_keys(spec).map_err(|error| error.to_string())
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
            (&declared, launch.ids(64, 0), "without `ids: given`, but the launch has ids"),
            (&declared, launch.affine(1, 3), "without `ids: affine`"),
            (&declared, launch.row_offsets(64), "without `ids: affine`"),
            (&declared, launch.pages(64, 0, 6), "without `ids: pages`, but the launch has pages"),
            (&declared, launch.raw_columns(64, 8), "without `raw_columns: true`"),
            (&declared, launch.mask(64, 0), "without `mask: bytes`"),
            (&declared, launch.row_ks(64), "without `k_per_row: true`"),
            (&plain, RawLaunch::new(DType::Bf16, 1, 1, 1).index_fill(0), "declare `fill: given`"),
        ] {
            let error = said(spec, launch).unwrap_err();
            assert!(error.contains(words), "{error}");
        }
    }

    /// What a key needs is asked for, but for a matrix without columns.
    #[test]
    fn inputs_of_keys_are_asked_for() {
        let plain = SelectorSpec::builder("Test").dtype([DType::F32]).build().unwrap();
        let of = |semantics| SelectorSpec { semantics, ..plain.clone() };
        let default = Semantics::DEFAULT;
        let launch = RawLaunch::new(DType::F32, 2, 64, 8);
        for (semantics, given, words) in [
            (Semantics { ids: Ids::Given, ..default }, launch.ids(64, 64), Some("no ids")),
            (Semantics { ids: Ids::Affine, ..default }, launch.affine(2, 1).row_offsets(64), None),
            (Semantics { ids: Ids::Pages, ..default }, launch.pages(64, 4, 4), Some("no pages")),
            (Semantics { mask: Mask::Bits, ..default }, launch.mask(64, 2), Some("`mask: bits`")),
            (Semantics { mask: Mask::Bytes, ..default }, launch.mask(64, 0), Some("`mask: bytes`")),
            (Semantics { k_per_row: true, ..default }, launch.row_ks(64), Some("k of its rows")),
        ] {
            assert!(given.check_keys(&of(semantics)).is_ok());
            let without = launch.check_keys(&of(semantics));
            match words {
                None => assert!(without.is_ok()),
                Some(words) => {
                    let error = without.unwrap_err().to_string();
                    assert!(error.contains(words), "{error}");
                }
            }
        }
        let empty = RawLaunch::new(DType::F32, 2, 0, 8);
        assert!(empty.check_keys(&of(Semantics { mask: Mask::Bits, ..default })).is_ok());
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
            (sound.raw_columns(0, 7), "the row stride of the raw columns is 7"),
            (sound.ids(0, i64::MAX), "the span of the ids"),
            (sound.pages(0, i64::MAX, 6), "the span of the page table"),
            (sound.pages(0, 1, 32), "the page shift"),
            (sound.mask(0, i64::MIN), "the span of the mask"),
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
