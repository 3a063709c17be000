//! Launches that every backend refuses by their shapes, with what each error says.
//!
//! They are of a selector of dense rows, dtype f32 and k of 1 to 2000, on a buffer of [`SCORES`] scores, an index
//! buffer of [`INDICES`] and a buffer of [`SPANS`] starts or lengths.

/// Elements of the score buffer.
pub const SCORES: usize = 3000;
/// Elements of the index buffer.
pub const INDICES: usize = 100;
/// Elements of a buffer of starts or lengths.
pub const SPANS: usize = 2;

/// A launch that is refused.
#[derive(Debug, Clone, Copy)]
pub struct Refusal {
    /// Rows of the launch.
    pub rows: usize,
    /// Columns of the launch.
    pub columns: usize,
    /// From row to row of the scores, where it is set.
    pub row_stride: Option<usize>,
    /// k of the launch.
    pub k: u32,
    /// From row to row of the indices, where it is set.
    pub index_stride: Option<usize>,
    /// Whether starts are given.
    pub starts: bool,
    /// Whether lengths are given.
    pub lengths: bool,
    /// A part of the error.
    pub says: &'static str,
}

const SOUND: Refusal = Refusal {
    rows: 3,
    columns: 1000,
    row_stride: None,
    k: 10,
    index_stride: None,
    starts: false,
    lengths: false,
    says: "",
};

/// The launches.
pub const REFUSALS: [Refusal; 13] = [
    Refusal { columns: 1001, says: "holds 3000 elements, but 3 x 1001", ..SOUND },
    Refusal { row_stride: Some(1001), says: "needs 3002", ..SOUND },
    Refusal { k: 40, says: "index buffer holds 100 elements", ..SOUND },
    Refusal {
        index_stride: Some(9),
        says: "row stride of the indices is 9, but each row has k = 10",
        ..SOUND
    },
    Refusal {
        index_stride: Some(usize::MAX),
        says: "output row stride is 18446744073709551615",
        ..SOUND
    },
    Refusal { lengths: true, says: "needs 3", ..SOUND },
    Refusal { rows: 2, lengths: true, says: "declare `rows: ragged`", ..SOUND },
    Refusal { rows: 2, starts: true, says: "starts were given", ..SOUND },
    Refusal { k: 0, says: "not 0", ..SOUND },
    Refusal { k: 2001, says: "not 2001", ..SOUND },
    Refusal { rows: 1 << 31, columns: 1, k: 1, says: "rows is 2147483648", ..SOUND },
    Refusal { rows: 1, columns: 1 << 31, k: 1, says: "columns is 2147483648", ..SOUND },
    Refusal { row_stride: Some(1 << 62), says: "the span of the scores", ..SOUND },
];
