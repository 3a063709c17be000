//! The errors of the selection on the host, with the numbers.

use crate::problem::TooShort;
use topkit_codegen::{Ids, IndexType, Mask};

/// A host selection that cannot be made as asked. Nothing is written then.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum HostError {
    /// k is 0.
    #[error("k is 0, which selects nothing; k starts at 1")]
    ZeroK,
    /// A row is longer than an index can say.
    #[error("a row of {columns} columns is too long; a row has at most {} columns", i32::MAX)]
    Columns {
        /// Columns asked for.
        columns: usize,
    },
    /// Rows would overlap.
    #[error(
        "the {what} have a row stride of {row_stride} elements, but a row takes {width}; \
         give a stride of at least {width}"
    )]
    Stride {
        /// Which array.
        what: &'static str,
        /// Elements from one row to the next.
        row_stride: usize,
        /// Elements that a row takes.
        width: usize,
    },
    /// An array does not have the size of its shape.
    #[error(
        "the {what} should be {needed} elements ({rows} rows of {width}, {row_stride} from one row \
         to the next), but {got} were given; mend the shape or the data"
    )]
    Size {
        /// Which array.
        what: &'static str,
        /// Number of rows.
        rows: usize,
        /// Elements that a row takes.
        width: usize,
        /// Elements from one row to the next.
        row_stride: usize,
        /// Elements that the shape takes.
        needed: usize,
        /// Elements given.
        got: usize,
    },
    /// A shape that no memory can hold.
    #[error(
        "the {what} would be {rows} rows of {width}, {row_stride} elements from one row to the \
         next, which is more than memory can address"
    )]
    TooLarge {
        /// Which array.
        what: &'static str,
        /// Number of rows.
        rows: usize,
        /// Elements that a row takes.
        width: usize,
        /// Elements from one row to the next.
        row_stride: usize,
    },
    /// The system has no memory for an answer, or for the work on a row.
    #[error(
        "the {what} take {bytes} bytes, which the system does not give; ask for a smaller k, or \
         for fewer or shorter rows"
    )]
    Memory {
        /// Which array.
        what: &'static str,
        /// Bytes that it takes.
        bytes: u64,
    },
    /// The scores, the starts or the lengths are fewer than the shape needs.
    #[error(transparent)]
    TooShort(#[from] TooShort),
    /// `starts` or `lengths` were given for rows that are declared dense.
    #[error(
        "row starts or lengths were given, but the rows are declared dense; declare \
         `rows: ragged`, or leave them out"
    )]
    DeclaredDense,
    /// Rows in shards where none are declared, or the other way round.
    #[error(
        "the rows are {}, but the scores are {}; see `Rows::shards`",
        if *.declared { "declared `rows: shards`" } else { "not declared `rows: shards`" },
        if *.declared { "in one piece" } else { "in shards" }
    )]
    Shards {
        /// Whether they are declared.
        declared: bool,
    },
    /// An answer from candidates of shards is to be checked.
    #[error(
        "an answer from shards is not checked; gather the candidates by id, as rows in one piece"
    )]
    UncheckedShards,
    /// The columns are not those of so many shards.
    #[error(
        "{columns} columns are not those of {shards} shards; give as many columns as all shards have together"
    )]
    UnevenShards {
        /// Shards.
        shards: usize,
        /// Columns of all.
        columns: usize,
    },
    /// The index type asked for is not the declared one.
    #[error("the indices are declared {declared}, but {requested} were asked for")]
    IndexType {
        /// What the semantics say.
        declared: IndexType,
        /// What the call says.
        requested: IndexType,
    },
    /// Values are declared, and there is no place for them.
    #[error("`values: true` is declared, but no values were given a place; pass a values array")]
    ValuesMissing,
    /// Values were given a place, and are not declared.
    #[error(
        "a values array was passed, but `values: false` is declared; declare `values: true`, or \
         leave it out"
    )]
    ValuesUndeclared,
    /// Counts are declared, and there is no place for them.
    #[error("`count: true` is declared, but no counts were given a place; pass a counts array")]
    CountsMissing,
    /// Counts were given a place, and are not declared.
    #[error(
        "a counts array was passed, but `count: false` is declared; declare `count: true`, or \
         leave it out"
    )]
    CountsUndeclared,
    /// The semantics ask for the winners' columns, and no place for them is given.
    #[error("`raw_columns: true`, but the output has no place for columns; give one")]
    RawColumnsMissing,
    /// A place for columns is given, and the semantics ask for none.
    #[error("the output has a place for columns, but the semantics have no `raw_columns: true`")]
    RawColumnsUndeclared,
    /// The output makes other ids than the semantics say.
    #[error(
        "`ids: {declared}`, but the output makes `ids: {given}`; give the output what the ids are made of"
    )]
    Ids {
        /// As the semantics say.
        declared: Ids,
        /// As the output has it.
        given: Ids,
    },
    /// The rows have another mask than the semantics say.
    #[error("`mask: {declared}`, but the rows have `mask: {given}`")]
    Mask {
        /// As the semantics say.
        declared: Mask,
        /// As the rows have it.
        given: Mask,
    },
    /// The rows have a k each and the semantics do not say so, or the other way round.
    #[error(
        "`k_per_row: {declared}`, but the rows {}", if *.declared { "have no k of their own" } else { "have a k each" }
    )]
    RowKs {
        /// As the semantics say.
        declared: bool,
    },
}
