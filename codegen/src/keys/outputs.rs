//! What the keys of a launch's inputs and outputs add to a kernel: words of its argument, after the fields of a program,
//! and the constants that `templates/sink/outputs.cuh` reads.
//!
//! A selector that declares none of these keys has neither: its kernels write bare columns.

use super::{Fill, Ids, Mask, Order, RowShape, Semantics};

macro_rules! launch_words {
    ($($(#[doc = $doc:literal])* $word:ident $name:literal: $type:literal, $is_of:expr;)*) => {
        /// A word of 8 bytes that a launch passes because of a key.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
        pub enum LaunchWord {
            $($(#[doc = $doc])* $word,)*
        }

        impl LaunchWord {
            /// Every word, in the order of their places.
            pub const ALL: &'static [LaunchWord] = &[$(LaunchWord::$word,)*];

            /// Its name in the text, which begins with `key_`.
            pub const fn name(self) -> &'static str {
                match self {
                    $(LaunchWord::$word => $name,)*
                }
            }

            /// Its type in the text, with the space before the name.
            pub(crate) const fn cuda_type(self) -> &'static str {
                match self {
                    $(LaunchWord::$word => $type,)*
                }
            }

            /// Whether kernels of these semantics have it.
            fn is_of(self, semantics: &Semantics) -> bool {
                let is_of: fn(&Semantics) -> bool = match self {
                    $(LaunchWord::$word => $is_of,)*
                };
                is_of(semantics)
            }
        }
    };
}

launch_words! {
    /// The address of the first value of the first row.
    Values "key_values": "void* ", |it| it.values;
    /// Elements from row to row of the values.
    ValueStride "key_value_stride": "i64 ", |it| it.values;
    /// The address of the first row's count.
    Counts "key_counts": "i32* ", |it| it.count;
    /// The index where a row has no score left.
    IndexFill "key_index_fill": "i64 ", |it| it.fill == Fill::Given;
    /// The bits of the value where a row has no score left.
    ValueFill "key_value_fill": "u64 ", |it| it.fill == Fill::Given && it.values;
    /// The address of the first id of the first row, of the type of the indices.
    Ids "key_ids": "const void* ", |it| it.ids == Ids::Given;
    /// Elements from row to row of the ids.
    IdStride "key_id_stride": "i64 ", |it| it.ids == Ids::Given;
    /// What a column is multiplied by.
    IdScale "key_id_scale": "i64 ", |it| it.ids == Ids::Affine;
    /// What is added to it.
    IdOffset "key_id_offset": "i64 ", |it| it.ids == Ids::Affine;
    /// The address of what the first row adds, of the type of the indices, or 0.
    RowOffsets "key_row_offsets": "const void* ", |it| it.ids == Ids::Affine;
    /// The address of the first page of the first row.
    Pages "key_pages": "const i32* ", |it| it.ids == Ids::Pages;
    /// Entries from row to row of the page table.
    PageStride "key_page_stride": "i64 ", |it| it.ids == Ids::Pages;
    /// The logarithm of the columns of a page.
    PageShift "key_page_shift": "u64 ", |it| it.ids == Ids::Pages;
    /// The address of the first column of the first row.
    RawColumns "key_raw_columns": "i32* ", |it| it.raw_columns;
    /// Elements from row to row of the columns.
    RawColumnStride "key_raw_column_stride": "i64 ", |it| it.raw_columns;
    /// The address of the first row's mask.
    Mask "key_mask": "const void* ", |it| it.mask != Mask::None;
    /// Words or bytes from row to row of the mask.
    MaskStride "key_mask_stride": "i64 ", |it| it.mask != Mask::None;
    /// The address of the first row's k.
    RowKs "key_row_ks": "const i32* ", |it| it.k_per_row;
    /// Candidates of a row that a shard has room for.
    ShardWidth "key_shard_width": "i64 ", |it| it.rows == RowShape::Shards;
    /// Elements from shard to shard of the scores.
    ShardStride "key_shard_stride": "i64 ", |it| it.rows == RowShape::Shards;
    /// The address of the first shard's count of the first row, or 0 where all shards are full.
    ShardCounts "key_shard_counts": "const i32* ", |it| it.rows == RowShape::Shards;
    /// Elements from shard to shard of the counts.
    ShardCountStride "key_shard_count_stride": "i64 ", |it| it.rows == RowShape::Shards;
    /// Elements from shard to shard of the ids.
    ShardIdStride "key_shard_id_stride": "i64 ",
        |it| it.rows == RowShape::Shards && it.ids == Ids::Given;
}

impl LaunchWord {
    /// Bytes of each.
    pub const BYTES: usize = 8;
}

impl Semantics {
    /// The words that keys add to a launch, in the order of their places.
    pub fn launch_words(&self) -> impl Iterator<Item = LaunchWord> {
        LaunchWord::ALL.iter().copied().filter(|word| word.is_of(self))
    }

    /// Whether winners are written in an order.
    pub(crate) const fn sorts(&self) -> bool {
        !matches!(self.order, Order::Unsorted)
    }

    /// Whether kernels do more than write the columns of the k winners as they find them.
    pub const fn has_outputs(&self) -> bool {
        self.sorts()
            || self.values
            || self.count
            || self.k_per_row
            || matches!(self.fill, Fill::Given)
            || !matches!(self.ids, Ids::Columns)
            || !matches!(self.mask, Mask::None)
    }

    /// Whether kernels write columns first, and all of the winners anew when a row ends.
    pub const fn rewrites(&self) -> bool {
        self.sorts() || !matches!(self.mask, Mask::None)
    }

    /// The constants of `Config` that `Outputs` reads; for kernels that have it. `keys_tell` says whether
    /// a key tells the element: not one of a program, of an integer or of a widened score; `emits` and
    /// `keeps`, whether a function of the selector makes the ids, and whether one keeps elements from winning.
    pub(crate) fn output_constants(
        &self,
        keys_tell: bool,
        emits: bool,
        keeps: bool,
    ) -> Vec<String> {
        let ids = if emits { "EMITTED" } else { self.ids.cuda_name() };
        let words = [("Order", "ORDER", self.order.cuda_name()), ("Ids", "IDS", ids)];
        let words =
            words.map(|(of, name, value)| format!("static constexpr {of} {name} = {of}::{value};"));
        let flags = [
            ("VALUES", self.values),
            ("COUNTS", self.count),
            ("RAW_COLUMNS", self.raw_columns),
            ("FILL_IS_GIVEN", self.fill == Fill::Given),
            ("MASKED", keeps || self.mask != Mask::None),
            ("KEYS_TELL_VALUES", keys_tell),
        ];
        let flags = flags.map(|(name, value)| format!("static constexpr bool {name} = {value};"));
        words.into_iter().chain(flags).collect()
    }
}

impl Order {
    /// How the generated text spells it.
    const fn cuda_name(self) -> &'static str {
        match self {
            Order::Unsorted => "UNSORTED",
            Order::ByValue => "BY_VALUE",
            Order::ByIndex => "BY_INDEX",
        }
    }
}

impl Ids {
    /// How the generated text spells it.
    const fn cuda_name(self) -> &'static str {
        match self {
            Ids::Columns => "COLUMNS",
            Ids::Given => "GIVEN",
            Ids::Affine => "AFFINE",
            Ids::Pages => "PAGES",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::program::{FieldType, Program, Scalar};

    #[test]
    fn words_are_those_of_the_declared_keys() {
        let words = |semantics: Semantics| -> Vec<_> {
            semantics.launch_words().map(LaunchWord::name).collect()
        };
        let plain = Semantics::DEFAULT;
        assert!(words(plain).is_empty() && !plain.has_outputs());
        let sorted = Semantics { order: Order::ByIndex, ..plain };
        assert!(words(sorted).is_empty() && sorted.has_outputs());
        assert_eq!(words(Semantics { values: true, ..plain }), ["key_values", "key_value_stride"]);
        let filled = Semantics { fill: Fill::Given, count: true, ..plain };
        assert_eq!(words(filled), ["key_counts", "key_index_fill"]);
        assert_eq!(
            words(Semantics { k_per_row: true, mask: Mask::Bits, ..plain }),
            ["key_mask", "key_mask_stride", "key_row_ks"]
        );
        let of_ids = |ids| words(Semantics { ids, raw_columns: true, ..plain });
        assert_eq!(
            of_ids(Ids::Given),
            ["key_ids", "key_id_stride", "key_raw_columns", "key_raw_column_stride"]
        );
        assert_eq!(of_ids(Ids::Affine)[..3], ["key_id_scale", "key_id_offset", "key_row_offsets"]);
        assert_eq!(of_ids(Ids::Pages)[..3], ["key_pages", "key_page_stride", "key_page_shift"]);
        let all = Semantics { values: true, ..filled };
        // A program's fields have other names.
        for &word in LaunchWord::ALL {
            let program = Program::builder("struct Own {};").source("Own");
            let error = program.field(word.name(), FieldType::Scalar(Scalar::U8)).build();
            let error = error.unwrap_err().to_string();
            assert!(error.contains("two members of its argument are called"), "{error}");
        }
        assert_eq!(words(all).len(), 5);
        let constants = all.output_constants(false, false, false);
        assert!(constants.contains(&"static constexpr bool KEYS_TELL_VALUES = false;".to_owned()));
        assert!(constants.contains(&"static constexpr Order ORDER = Order::UNSORTED;".to_owned()));
    }
}
