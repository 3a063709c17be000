//! The keys that decide the answer rather than the speed: their values, and the one table of them.
//!
//! A new key needs a row of the table, and a type of its values if they are not `bool`.

use super::SemanticKey;
use super::table::{Row, Symbol, index, semantic_keys};
use super::word::{Word, words};

words! { "value of `select`"
    /// Which end of the order wins.
    Select {
        /// The k greatest scores.
        Largest = "largest",
        /// The k least scores.
        Smallest = "smallest",
    }
}
words! { "value of `nan`"
    /// Where NaN, of either sign, ranks in the order of scores.
    NanPolicy {
        /// Above +inf, as `torch.topk` has it.
        Highest = "highest",
        /// Below -inf.
        Lowest = "lowest",
    }
}
words! { "value of `ties`"
    /// Which of equal scores win when not all of them can. With a rule the set of winners is the same on every run.
    Ties {
        /// Any; the set may differ from run to run.
        Any = "any",
        /// Those at the lowest columns.
        LowestIndex = "lowest_index",
        /// Those at the highest columns.
        HighestIndex = "highest_index",
    }
}
words! { "value of `order`"
    /// In what order the winners of a row are written.
    Order {
        /// In no order; it may differ from run to run.
        Unsorted = "unsorted",
        /// Best first; equal scores in ascending column.
        ByValue = "by_value",
        /// In ascending column.
        ByIndex = "by_index",
    }
}
words! { "value of `fill`"
    /// What is written where a row has no score left.
    Fill {
        /// -1 as the index (all bits set for `u32`), and the worst infinity as the value.
        Standard = "standard",
        /// What the launch gives.
        Given = "given",
    }
}
words! { "value of `ids`"
    /// What is written for a winner.
    Ids {
        /// Its column, counted from the start of its row.
        Columns = "columns",
        /// The id that the launch gives beside its score.
        Given = "given",
        /// Its column times a number, plus numbers of the launch and of the row.
        Affine = "affine",
        /// Its place by a page table of the row.
        Pages = "pages",
    }
}
words! { "value of `mask`"
    /// Which scores may win.
    Mask {
        /// All.
        None = "none",
        /// Those whose bit is set, in words of 32 bits.
        Bits = "bits",
        /// Those whose byte is not 0.
        Bytes = "bytes",
    }
}
words! { "value of `index`"
    /// The integer type of the written indices. The standard fill is -1 (all bits set for `u32`).
    IndexType {
        /// 32-bit signed.
        I32 = "i32",
        /// 32-bit unsigned.
        U32 = "u32",
        /// 64-bit signed.
        I64 = "i64",
    }
}
words! { "value of `rows`"
    /// Where the rows of the input begin and end.
    RowShape {
        /// Every row has all columns.
        Dense = "dense",
        /// Each row's `start` and `len` are read on the device.
        Ragged = "ragged",
        /// The candidates of several selections of a row, as an all-gather leaves them.
        Shards = "shards",
    }
}

semantic_keys! {
    /// Which end of the order wins.
    Select select: Select = Row {
        default: Select::Largest,
        symbol: Symbol::Always(""),
        config: |select| constant("LARGEST", select == Select::Largest),
    };
    /// Where NaN of either sign ranks: above +inf, as `torch.topk` has it, or below -inf.
    Nan nan: NanPolicy = Row {
        default: NanPolicy::Highest,
        symbol: Symbol::Always("nan_"),
        config: |nan| constant("NAN_HIGHEST", nan == NanPolicy::Highest),
    };
    /// Which of equal scores win when not all of them can.
    Ties ties: Ties = Row {
        default: Ties::Any,
        symbol: Symbol::UnlessDefault("ties_"),
        config: |_| None,
    };
    /// In what order the winners of a row are written.
    Order order: Order = Row {
        default: Order::Unsorted,
        symbol: Symbol::UnlessDefault("order_"),
        config: |_| None,  // of `Outputs`
    };
    /// The integer type of the indices; the standard fill is -1, all bits set for `u32`.
    Index index: IndexType = Row {
        default: IndexType::I32,
        symbol: Symbol::Always(""),
        config: |_| None,  // a type of `Output`
    };
    /// What is written for a winner: its column, or an id that is given or made of the column.
    Ids ids: Ids = Row {
        default: Ids::Columns,
        symbol: Symbol::UnlessDefault("ids_"),
        config: |_| None,  // of `Outputs`
    };
    /// Whether the winners' columns are written too, beside their ids.
    RawColumns raw_columns: bool = Row {
        default: false,
        symbol: Symbol::UnlessDefault("raw_columns_"),
        config: |_| None,  // of `Outputs`
    };
    /// Whether the winners' scores are written too.
    Values values: bool = Row {
        default: false,
        symbol: Symbol::UnlessDefault("values_"),
        config: |_| None,  // of `Outputs`
    };
    /// Whether the number of each row's winners is written too.
    Count count: bool = Row {
        default: false,
        symbol: Symbol::UnlessDefault("count_"),
        config: |_| None,  // of `Outputs`
    };
    /// What is written where a row has no score left: -1 and the worst infinity, or what the launch gives.
    Fill fill: Fill = Row {
        default: Fill::Standard,
        symbol: Symbol::UnlessDefault("fill_"),
        config: |_| None,  // of `Outputs`
    };
    /// Rows of one length, of a `start` and `len` read on the device, or of the candidates of several shards.
    Rows rows: RowShape = Row {
        default: RowShape::Dense,
        symbol: Symbol::Always(""),
        config: |rows| constant("RAGGED", rows == RowShape::Ragged),
    };
    /// Which scores may win: all, or those that the launch marks by bits or by bytes.
    Mask mask: Mask = Row {
        default: Mask::None,
        symbol: Symbol::UnlessDefault("mask_"),
        config: |_| None,  // a type of `Source`
    };
    /// Whether each row has a k of its own, read on the device, of at most the launch's.
    KPerRow k_per_row: bool = Row {
        default: false,
        symbol: Symbol::UnlessDefault("k_per_row_"),
        config: |k_per_row| constant("K_PER_ROW", k_per_row),
    };
    /// Whether an answer, order included, depends on its row alone. It needs a rule for `ties` and an `order`.
    BatchInvariant batch_invariant: bool = Row {
        default: false,
        symbol: Symbol::UnlessDefault("batch_invariant_"),
        config: |_| None,  // `ties` and `order` decide the answer
    };
}

/// A constant of `Config` that is true or false.
fn constant(name: &str, value: bool) -> Option<String> {
    Some(format!("static constexpr bool {name} = {value};"))
}

impl Semantics {
    /// The combinations of the keys that every symbol tells, and each value of another key with the defaults of
    /// all others. All combinations would be very many.
    pub(crate) fn sample() -> Vec<Semantics> {
        let (always, rare) = by_symbol();
        let rarely = rare.iter().flat_map(|key| with_each(key, &[Semantics::DEFAULT]));
        let rarely = rarely.filter(|semantics| *semantics != Semantics::DEFAULT);
        let all = always.iter().fold(vec![Semantics::DEFAULT], |all, key| with_each(key, &all));
        all.into_iter().chain(rarely).collect()
    }
}

/// The keys that every symbol tells, and those of which it tells no default.
fn by_symbol() -> (Vec<&'static SemanticKey>, Vec<&'static SemanticKey>) {
    SEMANTIC_KEYS.iter().partition(|key| matches!(key.symbol, Symbol::Always(_)))
}

/// Semantics with each value of a key.
fn with_each(key: &SemanticKey, all: &[Semantics]) -> Vec<Semantics> {
    let with = |&semantics: &Semantics| {
        (0..key.words().len()).map(move |value| {
            let mut semantics = semantics;
            (key.set)(&mut semantics, value);
            semantics
        })
    };
    all.iter().flat_map(with).collect()
}

impl Default for Semantics {
    fn default() -> Self {
        Semantics::DEFAULT
    }
}

impl IndexType {
    /// Bytes an index takes in memory.
    pub const fn bytes(self) -> u32 {
        match self {
            IndexType::I32 | IndexType::U32 => 4,
            IndexType::I64 => 8,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Key;

    #[test]
    fn words_are_set_and_told() {
        for key in SEMANTIC_KEYS {
            for word in key.words() {
                let mut semantics = Semantics::DEFAULT;
                assert!(key.set(&mut semantics, word), "{} {word}", key.key());
                assert_eq!(key.word(&semantics), *word);
                key.reset(&mut semantics);
                assert_eq!(semantics, Semantics::DEFAULT);
            }
            assert!(!key.set(&mut Semantics::default(), "nothing"));
        }
        assert_eq!(Key::Select.summary(), "Which end of the order wins.");
    }

    /// Of each two keys that a symbol tells rarely, with all of the others.
    #[test]
    fn a_symbol_tells_every_value_even_those_that_contradict_each_other() {
        let (always, rare) = by_symbol();
        let pair = |(at, one): (usize, &&'static SemanticKey)| {
            let one = with_each(one, &[Semantics::DEFAULT]);
            rare[at + 1..].iter().flat_map(|other| with_each(other, &one)).collect::<Vec<_>>()
        };
        let pairs = rare.iter().enumerate().flat_map(pair).collect();
        let all: Vec<Semantics> = always.iter().fold(pairs, |all, key| with_each(key, &all));
        assert!(all.len() > 5_000, "{}", all.len());
        for semantics in all {
            let parts: String =
                SEMANTIC_KEYS.iter().map(|key| key.symbol_part(&semantics)).collect();
            let mut read = Semantics::DEFAULT;
            let rest = SEMANTIC_KEYS
                .iter()
                .try_fold(&parts[1..], |rest, key| key.read_symbol_part(rest, &mut read));
            assert_eq!((rest, read), (Some(""), semantics), "{parts}");
        }
    }
}
