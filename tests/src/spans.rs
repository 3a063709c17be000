//! Starts and lengths of ragged rows. It makes no scores.

/// Starts and lengths of ragged rows at every edge of `columns`; some out of range, which a kernel
/// clamps.
pub fn edges(columns: usize) -> Vec<(i32, i32)> {
    let columns = columns as i32;
    vec![
        (0, columns),
        (0, 0),
        (0, -5),
        (0, 1),
        (1, 511),
        (3, 512),
        (5, 513),
        (-7, 600),
        (columns, 10),
        (columns - 3, 10),
        (i32::MAX, i32::MAX),
        (i32::MIN, i32::MIN),
        (1, i32::MAX),
    ]
}
