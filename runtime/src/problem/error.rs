//! The error of a shape that no kernel can serve.

/// A size that a launch cannot address.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{what} is {value}, but at most {limit} can be served")]
#[non_exhaustive]
pub struct TooLarge {
    /// `rows`, `columns`, ...
    pub what: &'static str,
    /// The given value.
    pub value: u64,
    /// The most.
    pub limit: u64,
}
