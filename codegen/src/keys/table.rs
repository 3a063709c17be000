//! The row type of the table of semantic keys, and the macro that makes the types of all rows.

use super::word::Word;
use super::{Key, Semantics};

/// One row: the facts of a key, beside its name and its values.
pub(super) struct Row<T: 'static> {
    pub default: T,
    pub symbol: Symbol,
    /// The line of `Config` by which templates see it.
    pub config: fn(T) -> Option<String>,
}

/// How a symbol tells a value, with the text before it.
#[derive(Debug, Clone, Copy)]
pub(super) enum Symbol {
    /// In every symbol.
    Always(&'static str),
    /// Only where it is not the default.
    UnlessDefault(&'static str),
}

/// A key that decides the answer: one word out of a few, the same for every variant of a selector.
#[derive(Debug)]
pub struct SemanticKey {
    pub(super) key: Key,
    pub(super) words: &'static [&'static str],
    pub(super) paths: &'static [&'static str],
    pub(super) index: fn(&Semantics) -> usize,
    pub(super) set: fn(&mut Semantics, usize),
    pub(super) symbol: Symbol,
    pub(super) config: fn(&Semantics) -> Option<String>,
}

impl SemanticKey {
    /// Which key it is.
    pub const fn key(&self) -> Key {
        self.key
    }

    /// Every value, as a declaration spells it.
    pub const fn words(&self) -> &'static [&'static str] {
        self.words
    }

    /// Whether it is a flag: `true` or `false`.
    pub fn is_flag(&self) -> bool {
        self.words == bool::WORDS
    }

    /// The value that some semantics have.
    pub fn word(&self, semantics: &Semantics) -> &'static str {
        self.words[(self.index)(semantics)]
    }

    /// The same as Rust spells it: `Select::Largest`, `false`.
    pub fn path(&self, semantics: &Semantics) -> &'static str {
        self.paths[(self.index)(semantics)]
    }

    /// The value that is not given.
    pub fn default_word(&self) -> &'static str {
        self.word(&Semantics::DEFAULT)
    }

    /// Sets the value of that word, and says whether there is one.
    #[must_use]
    pub fn set(&self, semantics: &mut Semantics, word: &str) -> bool {
        let index = self.words.iter().position(|known| *known == word);
        index.map(|index| (self.set)(semantics, index)).is_some()
    }

    /// Puts the default back.
    pub fn reset(&self, semantics: &mut Semantics) {
        (self.set)(semantics, (self.index)(&Semantics::DEFAULT));
    }

    /// Its line in `Config`.
    pub(crate) fn config(&self, semantics: &Semantics) -> Option<String> {
        (self.config)(semantics)
    }

    /// Its part of a symbol, with the underscore before it.
    pub(crate) fn symbol_part(&self, semantics: &Semantics) -> String {
        let word = self.word(semantics);
        match self.symbol {
            Symbol::UnlessDefault(_) if word == self.default_word() => String::new(),
            Symbol::Always(before) | Symbol::UnlessDefault(before) => format!("_{before}{word}"),
        }
    }

    /// Reads a part that [`symbol_part`](Self::symbol_part) wrote, without the underscore before it,
    /// from the head of a text; returns the rest, also without its underscore.
    pub(crate) fn read_symbol_part<'a>(
        &self,
        text: &'a str,
        semantics: &mut Semantics,
    ) -> Option<&'a str> {
        let (Symbol::Always(before) | Symbol::UnlessDefault(before)) = self.symbol;
        let ends = |rest: &str| rest.is_empty() || rest.starts_with('_');
        let rest = |word: &&str| text.strip_prefix(before)?.strip_prefix(*word);
        let written = self.words.iter().filter(|word| rest(word).is_some_and(ends));
        // The longest word, where one begins with another.
        match (written.max_by_key(|word| word.len()), self.symbol) {
            (Some(word), _) if self.set(semantics, word) => {
                rest(word).map(|rest| rest.strip_prefix('_').unwrap_or(rest))
            }
            (_, Symbol::UnlessDefault(_)) => {
                self.reset(semantics);
                Some(text)
            }
            (_, Symbol::Always(_)) => None,
        }
    }
}

/// The place of a value among all of its type.
pub(super) fn index<T: Word>(value: T) -> usize {
    // `Word::ALL` has every value.
    T::ALL.iter().position(|one| *one == value).unwrap_or_default()
}

macro_rules! semantic_keys {
    ($($(#[doc = $doc:literal])* $key:ident $field:ident: $type:ty = $row:expr;)*) => {
        /// A key of `topk_kernel!`.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
        pub enum Key {
            /// Score types. Required.
            Dtype,
            /// Values of k that a plan may ask for.
            K,
            $($(#[doc = $doc])* $key,)*
            /// Elements a thread loads at once.
            VecSize,
            /// Histogram bins of one radix pass.
            Bins,
            /// Threads of a CTA.
            Threads,
        }

        impl Key {
            /// Every key, in the order in which documentation lists them.
            pub const ALL: &'static [Key] = &[
                Key::Dtype, Key::K, $(Key::$key,)* Key::VecSize, Key::Bins, Key::Threads,
            ];

            /// How the macro spells it.
            pub const fn name(self) -> &'static str {
                match self {
                    Key::Dtype => "dtype",
                    Key::K => "k",
                    $(Key::$key => stringify!($field),)*
                    Key::VecSize => "vec_size",
                    Key::Bins => "bins",
                    Key::Threads => "threads",
                }
            }

            /// Its documentation, in one line.
            pub const fn summary(self) -> &'static str {
                match self {
                    Key::Dtype => "Score types that the selector serves.",
                    Key::K => "Values of k that a plan may ask for.",
                    $(Key::$key => concat!($($doc),*).trim_ascii(),)*
                    Key::VecSize => {
                        "Elements that a thread loads at once; no demand on the caller's alignment."
                    }
                    Key::Bins => "Histogram bins of one radix pass.",
                    Key::Threads => "Threads of a CTA.",
                }
            }
        }

        /// The part of a spec that decides the answer. Every variant of a selector shares it.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
        pub struct Semantics {
            $($(#[doc = $doc])* pub $field: $type,)*
        }

        impl Semantics {
            /// The documented defaults of the macro.
            pub const DEFAULT: Semantics = Semantics {
                $($field: { const ROW: Row<$type> = $row; ROW.default },)*
            };
        }

        /// The semantic keys, in the order of symbols and banners.
        pub(crate) const SEMANTIC_KEYS: &[&SemanticKey] = &[$({
            const ROW: Row<$type> = $row;
            const KEY: &SemanticKey = &SemanticKey {
                key: Key::$key,
                words: <$type as Word>::WORDS,
                paths: <$type as Word>::PATHS,
                index: |semantics| index(semantics.$field),
                set: |semantics, index| semantics.$field = <$type as Word>::ALL[index],
                symbol: ROW.symbol,
                config: |semantics| (ROW.config)(semantics.$field),
            };
            KEY
        },)*];

        impl crate::SpecBuilder {
            $($(#[doc = $doc])*
            ///
            /// Without it: the default, [`Semantics::DEFAULT`].
            pub fn $field(mut self, $field: $type) -> Self {
                self.spec.semantics.$field = $field;
                self
            })*
        }
    };
}
pub(super) use semantic_keys;
