//! Seeded score matrices, each hard for a selection in its own way.
//!
//! Every distribution serves every score type; a suite walks [`Distribution::ALL`], so that a new
//! one is tested everywhere without a word. Nothing here knows what the right answer is.

use crate::Rng;
use std::fmt;
use topkit::{DType, Score};

/// How the scores of a matrix are spread.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Distribution {
    /// Standard normal.
    Normal,
    /// Uniform over `[-1, 1)`.
    Uniform,
    /// Each row rises from -1 towards 1; with 16 bits, neighbours may be equal.
    Ascending,
    /// Each row falls from 1 towards -1.
    Descending,
    /// One score for the whole matrix.
    AllEqual,
    /// At most 64 distinct scores.
    Distinct64,
    /// In each row one sign and one top of the bits: the top 8 of a 16-bit score, the top 12 of an
    /// `f32`, which is one bin of any histogram of up to 4096. The bits below are random.
    OneBin,
    /// Mostly +0 and -0, among the least subnormals and ones of both signs.
    SignedZeros,
    /// Normal with one NaN in eight, of both signs, quiet and signalling.
    Nan,
    /// Normal with one infinity in eight, of both signs.
    Infinities,
    /// All -inf but for a few normal scores at random columns. Their number goes round with the
    /// row: [`MASKED_FINITE`].
    Masked,
    /// One NaN in five, of both signs, among one infinity, but for a few normal scores as in
    /// [`Distribution::Masked`]. The infinity is negative in even rows and positive in odd ones, so
    /// that under each meaning some rows mix the infinity that loses with NaN.
    MaskedNan,
    /// A window of normal scores, a twentieth to a fifth of the row, at a random place among NaN of
    /// both signs.
    NanPadding,
    /// All NaN, of both signs, but for a few normal scores as in [`Distribution::Masked`].
    MostlyNan,
    /// Half +inf and half -inf, but for one NaN in sixteen and a few normal scores as in
    /// [`Distribution::Masked`].
    BothInfinities,
}

/// How many finite scores the rows of [`Distribution::Masked`] and of its kin have: the first row 40,
/// the second none, and so on, round and round. A matrix of three rows has one with fewer than k for
/// any k.
pub const MASKED_FINITE: [usize; 4] = [40, 0, 1, 17];

/// Starts and lengths of ragged rows at every edge of `columns`; some out of range, which a kernel
/// clamps.
pub fn edge_spans(columns: usize) -> Vec<(i32, i32)> {
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

impl Distribution {
    /// Every distribution.
    pub const ALL: [Distribution; 15] = [
        Distribution::Normal,
        Distribution::Uniform,
        Distribution::Ascending,
        Distribution::Descending,
        Distribution::AllEqual,
        Distribution::Distinct64,
        Distribution::OneBin,
        Distribution::SignedZeros,
        Distribution::Nan,
        Distribution::Infinities,
        Distribution::Masked,
        Distribution::MaskedNan,
        Distribution::NanPadding,
        Distribution::MostlyNan,
        Distribution::BothInfinities,
    ];

    /// Those with NaN or infinities in great number: where the worst scores of a row are many, and
    /// the finite ones few.
    pub const SPECIAL: [Distribution; 7] = [
        Distribution::Nan,
        Distribution::Infinities,
        Distribution::Masked,
        Distribution::MaskedNan,
        Distribution::NanPadding,
        Distribution::MostlyNan,
        Distribution::BothInfinities,
    ];

    /// A short name, for messages.
    pub const fn name(self) -> &'static str {
        match self {
            Distribution::Normal => "normal",
            Distribution::Uniform => "uniform",
            Distribution::Ascending => "ascending",
            Distribution::Descending => "descending",
            Distribution::AllEqual => "all_equal",
            Distribution::Distinct64 => "distinct_64",
            Distribution::OneBin => "one_bin",
            Distribution::SignedZeros => "signed_zeros",
            Distribution::Nan => "nan",
            Distribution::Infinities => "infinities",
            Distribution::Masked => "masked",
            Distribution::MaskedNan => "masked_nan",
            Distribution::NanPadding => "nan_padding",
            Distribution::MostlyNan => "mostly_nan",
            Distribution::BothInfinities => "both_infinities",
        }
    }

    /// A matrix of `rows` x `columns` scores without gaps. The same arguments give the same bits.
    pub fn fill<S: Score>(self, seed: u64, rows: usize, columns: usize) -> Vec<S> {
        let mut rng = Rng::new(seed);
        let mut scores = Vec::with_capacity(rows * columns);
        for row in 0..rows {
            self.fill_row(&mut rng, row, columns, &mut scores);
        }
        scores
    }

    fn fill_row<S: Score>(self, rng: &mut Rng, row: usize, columns: usize, out: &mut Vec<S>) {
        let number = S::from_f32;
        match self {
            Distribution::Normal => out.extend((0..columns).map(|_| number(rng.normal()))),
            Distribution::Uniform => {
                out.extend((0..columns).map(|_| number((rng.unit() * 2.0 - 1.0) as f32)));
            }
            Distribution::Ascending => {
                out.extend((0..columns).map(|column| number(ramp(column, columns))));
            }
            Distribution::Descending => {
                out.extend((0..columns).map(|column| number(-ramp(column, columns))));
            }
            Distribution::AllEqual => out.extend((0..columns).map(|_| number(0.375))),
            Distribution::Distinct64 => {
                out.extend((0..columns).map(|_| number(rng.below(64) as f32 * 0.25 - 8.0)));
            }
            Distribution::OneBin => {
                let sign = if rng.one_in(2) { sign_bit::<S>() } else { 0 };
                let top = sign | number(1.0).to_bits();
                let free = free_bits::<S>();
                out.extend(
                    (0..columns).map(|_| S::from_bits((top & !free) | (rng.bits() as u32 & free))),
                );
            }
            Distribution::SignedZeros => out.extend((0..columns).map(|_| {
                let magnitude = match rng.below(16) {
                    0 => number(1.0).to_bits(),
                    1 | 2 => 1,
                    _ => 0,
                };
                S::from_bits(magnitude | (rng.below(2) * sign_bit::<S>()))
            })),
            Distribution::Nan => out.extend(
                (0..columns).map(|_| if rng.one_in(8) { nan(rng) } else { number(rng.normal()) }),
            ),
            Distribution::Infinities => out.extend((0..columns).map(|_| match rng.below(16) {
                0 => number(f32::INFINITY),
                1 => number(f32::NEG_INFINITY),
                _ => number(rng.normal()),
            })),
            Distribution::Masked => {
                few_finite(rng, row, columns, out, |_| number(f32::NEG_INFINITY))
            }
            Distribution::MaskedNan => {
                let infinity =
                    if row.is_multiple_of(2) { f32::NEG_INFINITY } else { f32::INFINITY };
                let rest = |rng: &mut Rng| if rng.one_in(5) { nan(rng) } else { number(infinity) };
                few_finite(rng, row, columns, out, rest);
            }
            Distribution::NanPadding => {
                let width = (columns / 20 + rng.below((columns / 7).max(1) as u32) as usize).max(1);
                let start = rng.below((columns.saturating_sub(width) + 1) as u32) as usize;
                let window = start..start + width;
                out.extend((0..columns).map(|column| {
                    if window.contains(&column) { number(rng.normal()) } else { nan(rng) }
                }));
            }
            Distribution::MostlyNan => few_finite(rng, row, columns, out, nan),
            Distribution::BothInfinities => {
                few_finite(rng, row, columns, out, |rng| match rng.below(16) {
                    0 => nan(rng),
                    odd if odd % 2 == 1 => number(f32::INFINITY),
                    _ => number(f32::NEG_INFINITY),
                })
            }
        }
    }
}

impl fmt::Display for Distribution {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// A row of [`MASKED_FINITE`] normal scores at random columns, and the rest as `rest` says.
fn few_finite<S: Score>(
    rng: &mut Rng,
    row: usize,
    columns: usize,
    out: &mut Vec<S>,
    rest: impl Fn(&mut Rng) -> S,
) {
    let mut finite = MASKED_FINITE[row % MASKED_FINITE.len()].min(columns);
    // Each column is taken with the chance that leaves exactly `finite` at the end.
    out.extend((0..columns).map(|column| {
        if (rng.below((columns - column) as u32) as usize) < finite {
            finite -= 1;
            S::from_f32(rng.normal())
        } else {
            rest(rng)
        }
    }));
}

fn ramp(column: usize, columns: usize) -> f32 {
    (column as f64 / columns as f64 * 2.0 - 1.0) as f32
}

fn sign_bit<S: Score>() -> u32 {
    1 << (S::DTYPE.key_bits() - 1)
}

/// The low bits that differ within one bin.
fn free_bits<S: Score>() -> u32 {
    match S::DTYPE {
        DType::F32 => (1 << 20) - 1,
        _ => (1 << 8) - 1,
    }
}

/// All exponent bits, and at least one bit below: quiet or signalling, of either sign.
pub(crate) fn nan<S: Score>(rng: &mut Rng) -> S {
    let exponent = S::from_f32(f32::INFINITY).to_bits();
    let payload = 1 + rng.below((exponent & exponent.wrapping_neg()) - 1);
    S::from_bits(exponent | payload | (rng.below(2) * sign_bit::<S>()))
}
