//! What a selection means: the keys that change the answer rather than the speed.

use std::fmt;

/// Declares a fieldless enum whose members have one spelling in the macro, in text and in symbols.
macro_rules! choice {
    ($(#[$doc:meta])* $name:ident { $($(#[$vdoc:meta])* $variant:ident = $text:literal,)* }) => {
        $(#[$doc])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
        pub enum $name { $($(#[$vdoc])* $variant,)* }

        impl $name {
            /// Every choice, in the order in which documentation lists them.
            pub const ALL: &'static [$name] = &[$($name::$variant),*];

            /// How the macro spells it.
            pub const fn name(self) -> &'static str {
                match self { $($name::$variant => $text,)* }
            }

            /// The choice of that name.
            pub fn from_name(name: &str) -> Option<$name> {
                $name::ALL.iter().copied().find(|choice| choice.name() == name)
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(self.name())
            }
        }
    };
}

choice! {
    /// Which end of the order wins.
    Select {
        /// The k greatest scores.
        Largest = "largest",
        /// The k least scores.
        Smallest = "smallest",
    }
}
choice! {
    /// Where NaN, of either sign, ranks in the order of scores.
    NanPolicy {
        /// Above +inf, as `torch.topk` has it.
        Highest = "highest",
        /// Below -inf.
        Lowest = "lowest",
    }
}
choice! {
    /// Which of equal scores win when not all of them can.
    Ties {
        /// Any; the set may differ from run to run.
        Any = "any",
        /// Those at the lowest columns.
        LowestIndex = "lowest_index",
        /// Those at the highest columns.
        HighestIndex = "highest_index",
    }
}
choice! {
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
choice! {
    /// The integer type of the written indices. The fill is -1 (all bits set for `u32`).
    IndexType {
        /// 32-bit signed.
        I32 = "i32",
        /// 32-bit unsigned.
        U32 = "u32",
        /// 64-bit signed.
        I64 = "i64",
    }
}
choice! {
    /// Where the rows of the input begin and end.
    RowShape {
        /// Every row has all columns.
        Dense = "dense",
        /// Each row's `start` and `len` are read on the device.
        Ragged = "ragged",
    }
}

/// The part of a spec that decides the answer. Every member of a selector shares it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Semantics {
    /// Which end of the order wins.
    pub select: Select,
    /// Where NaN ranks.
    pub nan: NanPolicy,
    /// Which of equal scores win.
    pub ties: Ties,
    /// In what order the winners are written.
    pub order: Order,
    /// The integer type of the indices.
    pub index: IndexType,
    /// Whether the winners' scores are written too.
    pub values: bool,
    /// Rows of one length, or of a length read on the device.
    pub rows: RowShape,
}

impl Semantics {
    /// The documented defaults of the macro.
    pub const DEFAULT: Semantics = Semantics {
        select: Select::Largest,
        nan: NanPolicy::Highest,
        ties: Ties::Any,
        order: Order::Unsorted,
        index: IndexType::I32,
        values: false,
        rows: RowShape::Dense,
    };
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
