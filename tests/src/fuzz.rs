//! Rows of special scores, cheap to make: both NaN, both infinities, both zeros, scores beyond the
//! range of fp16 and below it, few winners, runs and equals.
//!
//! A row is one of a few patterns over a few scores. The same generator state gives the same row.

use topkit::{DType, Score};
use topkit_lab::Rng;

/// Scores that kernels treat apart, as bits of an `f32`. Each score type rounds them to its own.
const SPECIAL: [u32; 23] = [
    0x7fc0_0000, // NaN: more often than others, and made anew each time
    0x7fc0_0000,
    0x7fc0_0000,
    0x7f80_0000, // both infinities
    0xff80_0000,
    0x0000_0000, // both zeros
    0x8000_0000,
    0x3f80_0000, // ±1 and neighbours
    0xbf80_0000,
    0x3f81_0000,
    0xbf81_0000,
    0x477f_e000, // ±65504, the greatest of fp16
    0xc77f_e000,
    0x4780_0000, // ±65536, beyond it
    0xc780_0000,
    0x7f7f_0000, // ±3.4e38
    0xff7f_0000,
    0x3380_0000, // ±6e-8, the least of fp16
    0xb380_0000,
    0x3280_0000, // ±1.5e-8, below it
    0xb280_0000,
    0x0001_0000, // the least subnormals of bf16
    0x8001_0000,
];

/// Scores that are no `f32`: beyond its range, below it, and neighbours that it cannot tell apart.
const WIDE: [f64; 14] = [
    1e300,
    -1e300,
    f64::MAX,
    f64::MIN,
    f64::MIN_POSITIVE, // the least normal number, and subnormals
    -f64::MIN_POSITIVE,
    f64::from_bits(0x000f_ffff_ffff_ffff),
    f64::from_bits(1),
    f64::from_bits((1 << 63) | 1),
    f64::from_bits(0xffff_ffff),
    1.0 + f64::EPSILON,
    1.0 - f64::EPSILON,
    f64::from_bits(0x3ff0_0000_8000_0000),
    f64::from_bits(0x3ff0_0001_0000_0000),
];

/// Fills a row with the next pattern of the generator.
pub fn fill_row<S: Score>(rng: &mut Rng, row: &mut [S]) {
    if row.is_empty() {
        return;
    }
    match rng.below(8) {
        // One or two scores everywhere.
        0 => {
            let scores = [special(rng), special(rng)];
            let one_in = 1 + rng.below(8);
            row.fill_with(|| scores[usize::from(rng.one_in(one_in))]);
        }
        // Up to six scores, evenly.
        1 => {
            let scores: [S; 6] = std::array::from_fn(|_| special(rng));
            let count = 1 + rng.below(6);
            row.fill_with(|| scores[rng.below(count) as usize]);
        }
        // Runs of one score each.
        2 => {
            let longest = 1 + rng.below(row.len() as u32);
            let mut left = 0;
            let mut score = special(rng);
            row.fill_with(|| {
                if left == 0 {
                    left = 1 + rng.below(longest);
                    score = special(rng);
                }
                left -= 1;
                score
            });
        }
        // Any bits.
        3 => row.fill_with(|| S::from_bits(rng.bits())),
        // A window of numbers among one or two scores.
        4 => {
            let scores = [special(rng), special(rng)];
            let len = row.len() as u32;
            let start = rng.below(len) as usize;
            let end = (start + rng.below(len) as usize + 1).min(row.len());
            row.fill_with(|| scores[(rng.bits() & 1) as usize]);
            row[start..end].fill_with(|| number(rng));
        }
        // Equals, and a few numbers.
        5 => {
            let score = special(rng);
            row.fill(score);
            for _ in 0..rng.below(64) {
                let column = rng.below(row.len() as u32) as usize;
                row[column] = number(rng);
            }
        }
        // Numbers, and a few special scores.
        6 => {
            row.fill_with(|| number(rng));
            for _ in 0..rng.below(64) {
                let column = rng.below(row.len() as u32) as usize;
                row[column] = special(rng);
            }
        }
        // A score, its neighbours, and now and then another.
        _ => {
            let (near, far) = (special::<S>(rng).to_bits(), special(rng));
            let one_in = 2 + rng.below(500);
            row.fill_with(|| match rng.one_in(one_in) {
                true => far,
                false => S::from_bits(near.wrapping_add(rng.below(16).into())),
            });
        }
    }
}

/// A matrix of such rows without gaps.
pub fn matrix<S: Score>(rng: &mut Rng, rows: usize, columns: usize) -> Vec<S> {
    let mut scores = vec![S::FILL; rows * columns];
    scores.chunks_exact_mut(columns.max(1)).for_each(|row| fill_row(rng, row));
    scores
}

/// Starts and lengths of ragged rows: most within the columns, some out of range.
pub fn spans(rng: &mut Rng, rows: usize, columns: usize) -> (Vec<i32>, Vec<i32>) {
    let mut span = |valid: i32| match rng.below(8) {
        0 => rng.bits() as u32 as i32,
        1 | 2 => rng.below(columns as u32 + 2) as i32,
        3 => rng.below(40) as i32,
        _ => valid,
    };
    (0..rows).map(|_| (span(0), span(i32::MAX))).unzip()
}

/// A score of [`SPECIAL`], or of [`WIDE`]; NaN of either sign, quiet or signalling.
fn special<S: Score>(rng: &mut Rng) -> S {
    if S::DTYPE == DType::F64 && rng.one_in(2) {
        let score = WIDE[rng.below(WIDE.len() as u32) as usize];
        return S::from_bits(score.to_bits());
    }
    let score = f32::from_bits(SPECIAL[rng.below(SPECIAL.len() as u32) as usize]);
    if score.is_nan() { topkit_lab::nan(rng) } else { S::from_f32(score) }
}

/// A number from -1 to 1, evenly.
fn number<S: Score>(rng: &mut Rng) -> S {
    if S::DTYPE == DType::F64 {
        let number = (rng.bits() as i64) as f64 * (1.0 / 9_223_372_036_854_775_808.0);
        return S::from_bits(number.to_bits());
    }
    topkit_lab::number((rng.bits() as i32) as f32 * (1.0 / 2_147_483_648.0))
}
