//! The keys of a spec, under the one name each has in the macro and in messages.

use std::fmt;

macro_rules! keys {
    ($($(#[$doc:meta])* $variant:ident = $name:literal,)*) => {
        /// A key of `topk_kernel!`.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
        pub enum Key { $($(#[$doc])* $variant,)* }

        impl Key {
            /// Every key, in the order in which documentation lists them.
            pub const ALL: &'static [Key] = &[$(Key::$variant),*];

            /// How the macro spells it.
            pub const fn name(self) -> &'static str {
                match self { $(Key::$variant => $name,)* }
            }
        }
    };
}

keys! {
    /// Score types. Required.
    Dtype = "dtype",
    /// Values of k that a plan may ask for.
    K = "k",
    /// Elements a thread loads at once.
    VecSize = "vec_size",
    /// Histogram bins of one radix pass.
    Bins = "bins",
    /// Threads of a CTA.
    Threads = "threads",
    /// Largest or smallest scores.
    Select = "select",
    /// Where NaN ranks.
    Nan = "nan",
    /// Which of equal scores win.
    Ties = "ties",
    /// In what order the winners are written.
    Order = "order",
    /// The integer type of the indices.
    Index = "index",
    /// Whether the winners' scores are written too.
    Values = "values",
    /// Rows of one length, or of a length read on the device.
    Rows = "rows",
}

impl Key {
    /// The key of that name.
    pub fn from_name(name: &str) -> Option<Key> {
        Key::ALL.iter().copied().find(|key| key.name() == name)
    }
}

impl fmt::Display for Key {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}
