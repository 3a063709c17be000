//! The errors of a shape: no kernel can serve it, or a buffer does not hold it.

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

/// A buffer is shorter than the shape needs.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{what} holds {len} elements, but {shape} needs {needed}")]
#[non_exhaustive]
pub struct TooShort {
    /// Which buffer.
    pub what: &'static str,
    /// Its length.
    pub len: usize,
    /// The shape, in words.
    pub shape: String,
    /// The least length that will do.
    pub needed: u64,
}
