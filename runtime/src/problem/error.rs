//! The error of a shape that no kernel can serve.

/// A size is beyond what a launch can address.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{what} is {value}, but at most {limit} can be served")]
#[non_exhaustive]
pub struct TooLarge {
    /// `rows`, `columns`, ...
    pub what: &'static str,
    /// What was given.
    pub value: u64,
    /// The most.
    pub limit: u64,
}
