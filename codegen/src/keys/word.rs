//! Values that a declaration writes as one word.

/// A type whose values are words of a declaration.
pub trait Word: Copy + PartialEq + 'static {
    /// Every value, in the order in which documentation lists them.
    const ALL: &'static [Self];
    /// How a declaration spells each.
    const WORDS: &'static [&'static str];
    /// How Rust spells each: `Select::Largest`, `false`.
    const PATHS: &'static [&'static str];
}

impl Word for bool {
    const ALL: &'static [bool] = &[false, true];
    const WORDS: &'static [&'static str] = &["false", "true"];
    const PATHS: &'static [&'static str] = Self::WORDS;
}

/// Declares a fieldless enum whose values have one spelling in declarations, in text and in symbols.
macro_rules! words {
    (
        $what:literal
        $(#[$doc:meta])* $name:ident { $($(#[$vdoc:meta])* $value:ident = $text:literal,)* }
    ) => {
        $(#[$doc])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
        pub enum $name { $($(#[$vdoc])* $value,)* }

        impl $name {
            /// Every value, in the order in which documentation lists them.
            pub const ALL: &'static [$name] = &[$($name::$value),*];

            /// How the macro spells it.
            pub const fn name(self) -> &'static str {
                match self { $($name::$value => $text,)* }
            }
        }

        impl $crate::keys::word::Word for $name {
            const ALL: &'static [$name] = $name::ALL;
            const WORDS: &'static [&'static str] = &[$($text),*];
            const PATHS: &'static [&'static str] =
                &[$(concat!(stringify!($name), "::", stringify!($value))),*];
        }

        $crate::naming::named! { $name, $what }
    };
}
pub(crate) use words;
