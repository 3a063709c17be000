//! The rows of a tensor as matrices that topkit reads in place.

use candle_core::{Layout, Result, bail};

/// Matrices of one shape: all rows of a tensor, in their order.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Matrices {
    /// The first element of each matrix, from the start of the storage.
    pub(crate) starts: Vec<usize>,
    /// Rows of one matrix.
    pub(crate) rows: usize,
    pub(crate) columns: usize,
    /// Elements from row to row.
    pub(crate) row_stride: usize,
}

impl Matrices {
    /// The fewest matrices that hold the rows of a tensor; `None` if the elements of a row are not side by side.
    pub(crate) fn of(layout: &Layout) -> Option<Matrices> {
        let (&columns, leading) = layout.dims().split_last()?;
        let (&stride, strides) = layout.stride().split_last()?;
        if columns > 1 && stride != 1 {
            return None;
        }
        // From the innermost dimension outwards; a dimension of 1 has no stride that matters.
        let mut dims =
            leading.iter().copied().zip(strides.iter().copied()).filter(|&(dim, _)| dim != 1).rev();
        let (mut rows, row_stride) = dims.next().unwrap_or((1, columns));
        let mut starts = vec![layout.start_offset()];
        let mut joined = true;
        for (dim, stride) in dims {
            joined &= stride == rows * row_stride;
            if joined {
                rows *= dim;
                continue;
            }
            // The outer dimension varies slowest.
            let inner = std::mem::take(&mut starts);
            starts = (0..dim).flat_map(|i| inner.iter().map(move |at| at + i * stride)).collect();
        }
        Some(Matrices { starts, rows, columns, row_stride })
    }

    /// As [`Matrices::of`], where the rows can only be read in place.
    pub(crate) fn in_place(layout: &Layout) -> Result<Matrices> {
        match Matrices::of(layout) {
            Some(matrices) => Ok(matrices),
            None => bail!(
                "topk: the last dimension of the scores has stride {}, not 1; pass scores.contiguous()",
                layout.stride().last().copied().unwrap_or_default()
            ),
        }
    }
}

/// The shape of the answer: that of the scores with k in the place of the last dimension.
pub(crate) fn answer(scores: &[usize], k: usize) -> Result<Vec<usize>> {
    let Some((&columns, leading)) = scores.split_last() else {
        bail!("topk: the scores are a scalar; a row is the last dimension, so a tensor needs one")
    };
    if k > columns {
        bail!("topk: k is {k}, but the last dimension of {scores:?} has {columns} scores");
    }
    Ok([leading, &[k]].concat())
}

/// k as topkit counts it. It is not above the columns, whose number topkit checks.
pub(crate) fn narrow(k: usize) -> Result<u32> {
    u32::try_from(k).map_err(|_| candle_core::Error::Msg(format!("topk: k is {k}")).bt())
}

#[cfg(test)]
mod tests {
    use super::*;
    use candle_core::Shape;

    fn of(dims: &[usize], stride: &[usize], start: usize) -> Option<Matrices> {
        Matrices::of(&Layout::new(Shape::from(dims), stride.to_vec(), start))
    }

    #[test]
    fn evenly_spaced_rows_are_one_matrix() {
        let one = |starts: &[usize], rows, columns, row_stride| {
            Some(Matrices { starts: starts.to_vec(), rows, columns, row_stride })
        };
        assert_eq!(of(&[5], &[1], 2), one(&[2], 1, 5, 5));
        assert_eq!(of(&[2, 3, 5], &[15, 5, 1], 0), one(&[0], 6, 5, 5));
        assert_eq!(of(&[2, 3, 5], &[24, 8, 1], 3), one(&[3], 6, 5, 8));
        // The middle dimension was narrowed.
        assert_eq!(of(&[2, 3, 5], &[40, 5, 1], 0), one(&[0, 40], 3, 5, 5));
        // The leading dimensions were exchanged: rows are in the tensor's order.
        assert_eq!(of(&[3, 2, 5], &[5, 15, 1], 0), one(&[0, 5, 10], 2, 5, 15));
        assert_eq!(of(&[2, 2, 3, 5], &[100, 40, 5, 1], 1), one(&[1, 41, 101, 141], 3, 5, 5));
        // Joined dimensions outside of one that is not joined stay in order.
        assert_eq!(of(&[2, 2, 3, 5], &[80, 40, 5, 1], 0), one(&[0, 40, 80, 120], 3, 5, 5));
        assert_eq!(of(&[4, 5], &[0, 1], 0), one(&[0], 4, 5, 0));
        assert_eq!(of(&[1, 4, 1, 5], &[7, 9, 2, 1], 0), one(&[0], 4, 5, 9));
        assert_eq!(of(&[4, 1], &[3, 8], 0), one(&[0], 4, 1, 3));
        assert_eq!(of(&[5, 4], &[1, 5], 0), None);
        assert_eq!(of(&[], &[], 0), None);
    }
}
