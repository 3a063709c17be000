//! How long the rows of a cell are: the mixes of a serving program, made from one seed.
//!
//! The lengths of a cell are the same in every run, whatever the seed of its scores, so that a mix can be
//! compared with the parts that it was made of.

use crate::Rng;
use serde::{Deserialize, Serialize};

/// How long the rows of a cell are.
#[derive(
    Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize,
)]
#[serde(rename_all = "snake_case")]
pub enum Lengths {
    /// Every row has all columns.
    #[default]
    Full,
    /// Of each row its own, read on the device: uniform from 1024 to the columns.
    Uniform,
    /// Uniform from half of the columns to all of them.
    Half,
    /// One row has all columns; the others are uniform from 1024 to 8192.
    OneLong,
    /// Of five rows, four have fewer than 4096 columns; the fifth, from half of the columns to all.
    Short80,
    /// Requests of 4 rows, as of a program that guesses tokens ahead: uniform lengths n, and n + 1, n + 2
    /// and n + 3 in the rows after.
    NextN,
    /// Every row is shorter than k.
    AllShort,
}

/// The fewest scores of a long row.
const SHORTEST: usize = 1024;
/// The most scores of the short rows of [`Lengths::OneLong`].
pub const SHORT: usize = 8192;
/// The short rows of [`Lengths::Short80`] are from a 32th of this, and below it.
const BRIEF: usize = 4096;
/// Rows of a request in [`Lengths::NextN`].
pub const NEXT_N: usize = 4;

impl Lengths {
    /// Every one.
    pub const ALL: [Lengths; 7] = [
        Lengths::Full,
        Lengths::Uniform,
        Lengths::Half,
        Lengths::OneLong,
        Lengths::Short80,
        Lengths::NextN,
        Lengths::AllShort,
    ];

    /// Its word on the command line and in reports. `uniform` is a distribution's.
    pub fn name(self) -> &'static str {
        match self {
            Lengths::Full => "dense",
            Lengths::Uniform => "ragged",
            Lengths::Half => "half",
            Lengths::OneLong => "one_long",
            Lengths::Short80 => "short80",
            Lengths::NextN => "next_n",
            Lengths::AllShort => "all_short",
        }
    }

    /// The ragged ones of a word.
    pub fn from_name(name: &str) -> Option<Lengths> {
        Lengths::ALL.into_iter().find(|lengths| !lengths.is_full() && lengths.name() == name)
    }

    /// Whether every row has all columns.
    pub fn is_full(&self) -> bool {
        *self == Lengths::Full
    }

    /// Whether another k gives other lengths.
    pub fn depends_on_k(self) -> bool {
        self == Lengths::AllShort
    }

    /// The lengths of so many rows; none where every row has all columns.
    pub fn of(self, rows: usize, columns: usize, k: u32) -> Option<Vec<i32>> {
        let mut rng = Rng::new(0);
        let lengths: Vec<usize> = match self {
            Lengths::Full => return None,
            Lengths::Uniform => uniform(&mut rng, rows, SHORTEST, columns),
            Lengths::Half => uniform(&mut rng, rows, columns.div_ceil(2), columns),
            Lengths::OneLong => {
                let short = uniform(&mut rng, rows.saturating_sub(1), SHORTEST, SHORT.min(columns));
                spread(&mut rng, short, vec![columns; rows.min(1)])
            }
            Lengths::Short80 => {
                let long = long_rows(rows);
                let half = uniform(&mut rng, long, columns.div_ceil(2), columns);
                let short = uniform(&mut rng, rows - long, BRIEF / 32, (BRIEF - 1).min(columns));
                spread(&mut rng, short, half)
            }
            Lengths::NextN => {
                let requests = rows.div_ceil(NEXT_N);
                let first =
                    uniform(&mut rng, requests, SHORTEST, columns - columns.min(NEXT_N - 1));
                let rows_of =
                    |first: usize| (0..NEXT_N).map(move |next| (first + next).min(columns));
                first.into_iter().flat_map(rows_of).take(rows).collect()
            }
            Lengths::AllShort => {
                let most = (k as usize).saturating_sub(1).min(columns);
                uniform(&mut rng, rows, 1, most)
            }
        };
        Some(lengths.into_iter().map(|length| i32::try_from(length).unwrap_or(i32::MAX)).collect())
    }
}

/// The long rows of [`Lengths::Short80`].
pub fn long_rows(rows: usize) -> usize {
    rows / 5
}

/// Uniform lengths from `least`, or the most where that is less, to `most`.
fn uniform(rng: &mut Rng, rows: usize, least: usize, most: usize) -> Vec<usize> {
    let least = least.min(most);
    let lengths = (most - least + 1) as u64;
    (0..rows).map(|_| least + (rng.bits() % lengths) as usize).collect()
}

/// The short rows in order, with the long ones at random places among them.
fn spread(rng: &mut Rng, short: Vec<usize>, long: Vec<usize>) -> Vec<usize> {
    let rows = short.len() + long.len();
    let (mut short, mut long) = (short.into_iter(), long.into_iter());
    let row = |row: usize| {
        let taken = (rng.below((rows - row) as u32) as usize) < long.len();
        if taken { long.next() } else { short.next() }
    };
    (0..rows).filter_map(row).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    const COLUMNS: usize = 131_072;

    fn of(lengths: Lengths, rows: usize, columns: usize) -> Vec<usize> {
        let lengths = lengths.of(rows, columns, 512).unwrap();
        lengths.into_iter().map(|length| length as usize).collect()
    }

    #[test]
    fn words_are_of_ragged_rows_and_no_distributions() {
        for lengths in Lengths::ALL.into_iter().filter(|lengths| !lengths.is_full()) {
            assert_eq!(Lengths::from_name(lengths.name()), Some(lengths));
            assert_eq!(crate::Distribution::from_name(lengths.name()), None);
        }
        assert_eq!(Lengths::from_name("dense"), None);
        assert_eq!(Lengths::Full.of(3, COLUMNS, 8), None);
    }

    #[test]
    fn uniform_lengths_are_within_the_row() {
        let lengths = of(Lengths::Uniform, 1000, COLUMNS);
        assert!(lengths.iter().all(|length| (1024..=COLUMNS).contains(length)));
        let mean = lengths.iter().sum::<usize>() as f64 / 1000.0;
        assert!((mean / 66_048.0 - 1.0).abs() < 0.05, "{mean}");
        assert!(of(Lengths::Half, 1000, COLUMNS).iter().all(|&length| length >= COLUMNS / 2));
    }

    #[test]
    fn one_row_is_long_and_the_others_are_a_batch_of_their_own() {
        for rows in [1, 2, 64, 512] {
            let mut lengths = of(Lengths::OneLong, rows, COLUMNS);
            let long = lengths.iter().position(|&length| length == COLUMNS).unwrap();
            lengths.remove(long);
            let rest = Lengths::Uniform.of(rows - 1, SHORT, 512).unwrap();
            assert!(rest.iter().map(|&length| length as usize).eq(lengths), "{rows} rows");
        }
        assert_ne!(of(Lengths::OneLong, 64, COLUMNS)[0], COLUMNS, "it is not the first");
    }

    #[test]
    fn four_of_five_rows_are_short_and_the_long_ones_a_batch_of_their_own() {
        let lengths = of(Lengths::Short80, 64, COLUMNS);
        let long = lengths.iter().copied().filter(|&length| length >= COLUMNS / 2);
        let half = Lengths::Half.of(long_rows(64), COLUMNS, 512).unwrap();
        assert!(long.eq(half.iter().map(|&length| length as usize)));
        let short = lengths.iter().filter(|length| (128..4096).contains(*length)).count();
        assert_eq!(short, 64 - 12);
    }

    #[test]
    fn the_rows_of_a_request_are_one_longer_each() {
        for request in of(Lengths::NextN, 64, COLUMNS).chunks_exact(NEXT_N) {
            assert!(request.windows(2).all(|pair| pair[0] + 1 == pair[1]));
            assert!(request[0] >= 1024 && request[NEXT_N - 1] <= COLUMNS);
        }
        assert_eq!(of(Lengths::NextN, 5, COLUMNS).len(), 5);
    }

    #[test]
    fn every_row_is_shorter_than_k() {
        let lengths = Lengths::AllShort.of(256, COLUMNS, 512).unwrap();
        assert!(lengths.iter().all(|length| (1..512).contains(length)));
        assert!(lengths.iter().any(|&length| length > 400));
        assert_eq!(Lengths::AllShort.of(2, COLUMNS, 1).unwrap(), [0, 0]);
    }

    #[test]
    fn no_row_is_longer_than_its_columns() {
        for lengths in Lengths::ALL {
            for (rows, columns) in [(0, 100), (1, 1), (9, 100), (9, 3)] {
                let made = lengths.of(rows, columns, 2048);
                let made = made.unwrap_or_else(|| vec![columns as i32; rows]);
                assert_eq!(made.len(), rows);
                assert!(made.iter().all(|&length| length as usize <= columns), "{lengths:?}");
            }
        }
        assert_eq!(of(Lengths::Uniform, 3, 100), [100; 3]);
    }
}
