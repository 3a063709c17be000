//! Finds values that no arm of a `match` has.

/// The least value from `first` to `last` that is in none of the ranges.
pub(super) fn uncovered(first: i128, last: i128, ranges: &[(i128, i128)]) -> Option<i128> {
    let mut ranges = ranges.to_vec();
    ranges.sort_unstable();
    let mut next = first;
    for (from, to) in ranges {
        if from > next {
            break;
        }
        if to >= next {
            if to >= last {
                return None;
            }
            next = to + 1;
        }
    }
    Some(next)
}

#[cfg(test)]
mod tests {
    use super::uncovered;

    #[test]
    fn the_least_uncovered_value_is_found() {
        let all = (i128::MIN, i128::MAX);
        for (ranges, found) in [
            (&[][..], Some(0)),
            (&[all], None),
            (&[(0, 9)], None),
            (&[(0, 4), (6, 9)], Some(5)),
            (&[(6, 9), (0, 5)], None),
            (&[(-3, 2), (1, 8)], Some(9)),
            (&[(1, 9)], Some(0)),
            (&[(0, 9), (3, 4), (2, 7)], None),
        ] {
            assert_eq!(uncovered(0, 9, ranges), found, "{ranges:?}");
        }
    }
}
