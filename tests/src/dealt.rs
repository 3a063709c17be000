//! Rows that are hard for the way a filter deals columns: the winners are where one stripe, one thread
//! or the edge reads them, so that a threshold guessed from a sample of stripes is far off.

use crate::{Reader, Stripes};
use topkit::spec::{NanPolicy, Select, Semantics};
use topkit_lab::Rng;

/// Whose columns hold the winners.
type Crowd = fn(&Stripes, Reader) -> bool;

const CROWDS: [Crowd; 6] = [
    // The first stripe, from which the threshold is guessed.
    |_, reader| matches!(reader, Reader::Vector { stripe: 0, .. }),
    |stripes, reader| matches!(reader, Reader::Vector { stripe, .. } if stripe == stripes.count - 1),
    |_, reader| !matches!(reader, Reader::Vector { stripe: 0 | 1, .. }),
    |_, reader| matches!(reader, Reader::Vector { thread: 5, .. }),
    |_, reader| matches!(reader, Reader::Vector { stripe: 0, thread: 0..32 }),
    |_, reader| reader == Reader::Edge,
];

/// The scores around the crowd: different winners, equal winners, or among the worst scores that the
/// meaning knows.
#[derive(Clone, Copy)]
enum Others {
    Different,
    EqualWinners,
    WorstLosers,
}

const OTHERS: [Others; 3] = [Others::Different, Others::EqualWinners, Others::WorstLosers];

/// Rows of [`matrix`].
pub const ROWS: usize = CROWDS.len() * OTHERS.len();

/// A row for each crowd and each kind of other scores, without gaps. `stripes` says how the filter
/// cuts a row; at most `winners` of the crowd's columns beat the rest.
pub fn matrix(
    semantics: &Semantics,
    columns: usize,
    winners: usize,
    stripes: impl Fn(usize) -> Stripes,
) -> Vec<f32> {
    let mut rng = Rng::new(11);
    let sign = if semantics.select == Select::Largest { 1.0 } else { -1.0 };
    let nan_loses = (semantics.select == Select::Largest) == (semantics.nan == NanPolicy::Lowest);
    let mut scores = Vec::with_capacity(ROWS * columns);
    for row in 0..ROWS {
        let others = OTHERS[row % OTHERS.len()];
        let stripes = stripes(row);
        let crowd = CROWDS[row / OTHERS.len()];
        let first = scores.len();
        scores.extend((0..columns).map(|_| match others {
            Others::WorstLosers if nan_loses && rng.one_in(5) => f32::NAN,
            Others::WorstLosers => sign * f32::NEG_INFINITY,
            _ => sign * (-1.0 - rng.unit() as f32),
        }));
        let mut places = stripes.columns(columns, |reader| crowd(&stripes, reader));
        for _ in 0..winners.min(places.len()) {
            let column = places.swap_remove(rng.below(places.len() as u32) as usize);
            scores[first + column] = match others {
                Others::EqualWinners => 0.0,
                _ => sign * rng.unit() as f32,
            };
        }
    }
    scores
}
