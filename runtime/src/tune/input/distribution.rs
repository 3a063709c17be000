//! The one generator of the scores on which kernels are tuned, measured and tested.
//!
//! The same distribution, seed and shape give the same scores, whatever the number of threads. The
//! caller passes the memory, so nothing here can fail. The right answer is computed elsewhere.

use super::crafted;
use super::random::Rng;
use crate::problem::Score;
use std::fmt;
use std::thread;
use topkit_codegen::DType;

/// How the scores of a matrix are distributed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Distribution {
    /// Standard normal.
    Normal,
    /// Uniform over `[0, 1)`: nearly all winners share an exponent.
    Uniform,
    /// Uniform over `[-1, 1)`.
    Symmetric,
    /// Each row rises from 0 to 1; with 16 bits, neighbours may be equal. The winners are at its end.
    Ascending,
    /// Each row falls from 0 to -1.
    Descending,
    /// One score everywhere: every column is tied.
    Equal,
    /// Normal with three bits of mantissa: few distinct scores, and many ties at the threshold.
    FewBits,
    /// All upper bits are the same: only the last 4 bits of a 16-bit score, the last 12 of an `f32` and the last 28
    /// of an `f64` differ.
    Narrow,
    /// All winners are in three stretches of a 64th of the row: a few threads read all of them.
    Blocks,
    /// Magnitudes over the whole range of the dtype, with infinities and NaN among them.
    HeavyTail,
    /// One in 1024 is 1, the rest 0: fewer ones than k, then ties over the whole row.
    TwoValues,
    /// At most 64 distinct scores.
    Distinct64,
    /// In each row one sign and one top of the bits: the top 8 of a 16-bit score, the top 12 of an
    /// `f32` or an `f64`, which is one bin of any histogram of up to 4096. The bits below are random.
    OneBin,
    /// Mostly +0 and -0, among the least subnormals and ones of both signs.
    SignedZeros,
    /// Normal with one NaN in eight, of both signs, quiet and signalling.
    Nan,
    /// Normal with one infinity in eight, of both signs.
    Infinities,
    /// All -inf but for a few normal scores at random columns. Their number depends on the row:
    /// [`MASKED_FINITE`].
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
    /// As an indexer scores the tokens of a context: a sum of weighted heads, of which each counts above 0
    /// alone, and more for the last tokens.
    Indexer,
    /// Each row counts its columns: 0, 1, 2, ... With 16 bits, hundreds of columns at its end are equal.
    Ramp,
    /// Normal, but for a best score that k - 1, k, k + 1 or 2 k columns share, row by row, over and over.
    Collide,
    /// Normal, but for k winners side by side: at the end of even rows, at the start of odd ones.
    Runs,
}

/// How many finite scores the rows of [`Distribution::Masked`] and of its kin have: the first row 40,
/// the second none, and so on, over and over. A matrix of three rows has one with fewer than k for any
/// k.
pub const MASKED_FINITE: [usize; 4] = [40, 0, 1, 17];

/// Scores from which on threads share the work.
const SHARED: usize = 1 << 16;

impl Distribution {
    /// Every distribution.
    pub const ALL: [Distribution; 25] = [
        Distribution::Normal,
        Distribution::Uniform,
        Distribution::Symmetric,
        Distribution::Ascending,
        Distribution::Descending,
        Distribution::Equal,
        Distribution::FewBits,
        Distribution::Narrow,
        Distribution::Blocks,
        Distribution::HeavyTail,
        Distribution::TwoValues,
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
        Distribution::Indexer,
        Distribution::Ramp,
        Distribution::Collide,
        Distribution::Runs,
    ];

    /// A short name for the command line and for files. Distributions of published tables keep their
    /// published names.
    pub const fn name(self) -> &'static str {
        match self {
            Distribution::Normal => "randn",
            Distribution::Uniform => "uniform",
            Distribution::Symmetric => "symmetric",
            Distribution::Ascending => "asc",
            Distribution::Descending => "desc",
            Distribution::Equal => "equal",
            Distribution::FewBits => "fewbits",
            Distribution::Narrow => "narrow",
            Distribution::Blocks => "blocks",
            Distribution::HeavyTail => "heavy_tail",
            Distribution::TwoValues => "two_values",
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
            Distribution::Indexer => "indexer",
            Distribution::Ramp => "ramp",
            Distribution::Collide => "collide",
            Distribution::Runs => "runs",
        }
    }

    /// The distribution of a name.
    pub fn from_name(name: &str) -> Option<Distribution> {
        Distribution::ALL.into_iter().find(|distribution| distribution.name() == name)
    }

    /// Whether another seed gives other scores.
    pub const fn is_seeded(self) -> bool {
        use Distribution::{Ascending, Descending, Equal, Ramp};
        !matches!(self, Ascending | Descending | Equal | Ramp)
    }

    /// Whether another k gives other scores.
    pub const fn depends_on_k(self) -> bool {
        matches!(self, Distribution::Collide | Distribution::Runs)
    }

    /// A matrix of `rows` x `columns` scores without gaps, for a k of a 64th of the columns where the
    /// scores depend on k.
    pub fn fill<S: Score>(self, seed: u64, rows: usize, columns: usize) -> Vec<S> {
        let mut scores = vec![S::FILL; rows * columns];
        self.write(&Rng::new(seed), columns, usual_k(columns), &mut scores);
        scores
    }

    /// The same into memory of the caller, in whole rows of `columns` scores, with the next numbers of a
    /// generator. `k` counts where [the scores depend on it](Self::depends_on_k).
    pub fn write<S: Score>(self, rng: &Rng, columns: usize, k: u32, scores: &mut [S]) {
        let columns = columns.max(1);
        let rows = scores.len() / columns;
        let draws = self.draws_of_row(rng, columns as u64);
        let share = match draws {
            Some(_) if scores.len() >= SHARED => {
                rows.div_ceil(thread::available_parallelism().map_or(1, usize::from))
            }
            _ => rows,
        };
        let work = |first: usize, scores: &mut [S]| {
            let mut rng = rng.clone().skip(first as u64 * draws.unwrap_or(0));
            for (row, scores) in scores.chunks_exact_mut(columns).enumerate() {
                self.write_row(&mut rng, first + row, k, scores);
            }
        };
        if share >= rows {
            return work(0, scores);
        }
        thread::scope(|scope| {
            for (part, scores) in scores.chunks_mut(share * columns).enumerate() {
                scope.spawn(move || work(part * share, scores));
            }
        });
    }

    /// Random numbers of 64 bits that each row takes; `None` where that depends on the scores.
    fn draws_of_row(self, rng: &Rng, columns: u64) -> Option<u64> {
        match self {
            Distribution::Ascending
            | Distribution::Descending
            | Distribution::Equal
            | Distribution::Ramp => Some(0),
            // The seed of a generator of its own.
            Distribution::Indexer | Distribution::Collide => Some(1),
            Distribution::Uniform
            | Distribution::Symmetric
            | Distribution::Narrow
            | Distribution::HeavyTail
            | Distribution::TwoValues
            | Distribution::Distinct64 => Some(columns),
            Distribution::Normal
            | Distribution::FewBits
            | Distribution::Blocks
            | Distribution::Runs => Some(columns * rng.draws_of_normal()),
            Distribution::OneBin
            | Distribution::SignedZeros
            | Distribution::Nan
            | Distribution::Infinities
            | Distribution::Masked
            | Distribution::MaskedNan
            | Distribution::NanPadding
            | Distribution::MostlyNan
            | Distribution::BothInfinities => None,
        }
    }

    /// One row, with the next numbers of a generator; `k` as for [`write`](Self::write).
    pub fn write_row<S: Score>(self, rng: &mut Rng, row: usize, k: u32, out: &mut [S]) {
        let number = number::<S>;
        let columns = out.len();
        match self {
            Distribution::Normal => out.fill_with(|| number(rng.normal())),
            Distribution::Uniform => out.fill_with(|| number(rng.unit() as f32)),
            Distribution::Symmetric => {
                out.fill_with(|| number((rng.unit() * 2.0 - 1.0) as f32));
            }
            Distribution::Ascending => by_column(out, |column| number(part(column, columns))),
            Distribution::Descending => by_column(out, |column| number(-part(column, columns))),
            Distribution::Equal => out.fill(number(0.5)),
            Distribution::FewBits => {
                out.fill_with(|| number(f32::from_bits(rng.normal().to_bits() & 0xfff0_0000)));
            }
            Distribution::Narrow => {
                let free = match S::DTYPE.bytes() {
                    4 => 0xfff,
                    8 => 0xfff_ffff,
                    _ => 0xf,
                };
                let one = number(1.0).to_bits();
                out.fill_with(|| S::from_bits(one | (rng.bits() & free)));
            }
            Distribution::Blocks => {
                let width = columns.div_ceil(64);
                let blocks = columns.div_ceil(width.max(1)).max(1) as u64;
                let of_row = Rng::new(0).skip((row as u64) << 2);
                let best: [u64; 3] = [0, 1, 2].map(|n| of_row.clone().skip(n).bits() % blocks);
                by_column(out, |column| {
                    let lift = best.contains(&((column / width) as u64));
                    number(rng.normal() + if lift { 8.0 } else { 0.0 })
                });
            }
            Distribution::HeavyTail => out.fill_with(|| heavy(rng.bits())),
            Distribution::TwoValues => {
                out.fill_with(|| number(f32::from(rng.bits().is_multiple_of(1024))));
            }
            Distribution::Distinct64 => {
                out.fill_with(|| number(rng.below(64) as f32 * 0.25 - 8.0));
            }
            Distribution::OneBin => {
                let sign = if rng.one_in(2) { sign_bit::<S>() } else { 0 };
                let top = sign | number(1.0).to_bits();
                let free = free_bits::<S>();
                out.fill_with(|| S::from_bits((top & !free) | (rng.bits() & free)));
            }
            Distribution::SignedZeros => out.fill_with(|| {
                let magnitude = match rng.below(16) {
                    0 => number(1.0).to_bits(),
                    1 | 2 => 1,
                    _ => 0,
                };
                S::from_bits(magnitude | (u64::from(rng.below(2)) * sign_bit::<S>()))
            }),
            Distribution::Nan => {
                out.fill_with(|| if rng.one_in(8) { nan(rng) } else { number(rng.normal()) });
            }
            Distribution::Infinities => out.fill_with(|| match rng.below(16) {
                0 => number(f32::INFINITY),
                1 => number(f32::NEG_INFINITY),
                _ => number(rng.normal()),
            }),
            Distribution::Masked => few_finite(rng, row, out, |_| number(f32::NEG_INFINITY)),
            Distribution::MaskedNan => {
                let infinity =
                    if row.is_multiple_of(2) { f32::NEG_INFINITY } else { f32::INFINITY };
                let rest = |rng: &mut Rng| if rng.one_in(5) { nan(rng) } else { number(infinity) };
                few_finite(rng, row, out, rest);
            }
            Distribution::NanPadding => {
                let width = (columns / 20 + rng.below((columns / 7).max(1) as u32) as usize).max(1);
                let start = rng.below((columns.saturating_sub(width) + 1) as u32) as usize;
                let window = start..start + width;
                by_column(out, |column| {
                    if window.contains(&column) { number(rng.normal()) } else { nan(rng) }
                });
            }
            Distribution::MostlyNan => few_finite(rng, row, out, nan),
            Distribution::BothInfinities => few_finite(rng, row, out, |rng| match rng.below(16) {
                0 => nan(rng),
                odd if odd % 2 == 1 => number(f32::INFINITY),
                _ => number(f32::NEG_INFINITY),
            }),
            Distribution::Indexer => crafted::indexer(rng.own(), out),
            Distribution::Ramp => by_column(out, |column| S::from_f32(column as f32)),
            Distribution::Collide => crafted::collide(rng.own(), row, k, out),
            Distribution::Runs => crafted::runs(rng, row, k, out),
        }
    }
}

impl fmt::Display for Distribution {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

pub(super) fn by_column<S>(out: &mut [S], mut score: impl FnMut(usize) -> S) {
    for (column, place) in out.iter_mut().enumerate() {
        *place = score(column);
    }
}

/// The k of scores that are made for no k.
pub(super) fn usual_k(columns: usize) -> u32 {
    u32::try_from(columns / 64).unwrap_or(u32::MAX).max(1)
}

/// A row of [`MASKED_FINITE`] normal scores at random columns, and the rest as `rest` says.
fn few_finite<S: Score>(rng: &mut Rng, row: usize, out: &mut [S], rest: impl Fn(&mut Rng) -> S) {
    let columns = out.len();
    let mut finite = MASKED_FINITE[row % MASKED_FINITE.len()].min(columns);
    // Each column is taken with the chance that leaves exactly `finite` at the end.
    by_column(out, |column| {
        if (rng.below((columns - column) as u32) as usize) < finite {
            finite -= 1;
            number(rng.normal())
        } else {
            rest(rng)
        }
    });
}

fn part(column: usize, columns: usize) -> f32 {
    (column as f64 / columns as f64) as f32
}

fn heavy<S: Score>(bits: u64) -> S {
    let sign = if bits & 1 == 0 { 1.0 } else { -1.0 };
    match (bits >> 1) % 1024 {
        0 => number(f32::NAN * sign),
        1 => number(f32::INFINITY * sign),
        // The bits themselves, but for an exponent of infinity and NaN.
        _ if S::DTYPE == DType::F64 => {
            let is_beyond = bits >> 52 & 0x7ff == 0x7ff;
            S::from_bits(if is_beyond { bits ^ 1 << 52 } else { bits })
        }
        _ => {
            let (least, most) = match S::DTYPE {
                DType::F64 | DType::F32 | DType::Bf16 => (-120, 127),
                DType::F16 | DType::F8E5m2 => (-14, 15),
                DType::F8E4m3 => (-9, 7),
                // In units of `number`.
                DType::I32 | DType::U32 | DType::I16 | DType::I8 | DType::U8 => (-11, 2),
            };
            let exponent = least + ((bits >> 32) % (most - least + 1) as u64) as i32;
            let fraction = ((bits << 20) >> 40) as f32 / (1u32 << 24) as f32;
            number(sign * (1.0 + fraction * 0.875) * (exponent as f32).exp2())
        }
    }
}

fn sign_bit<S: Score>() -> u64 {
    1 << (S::DTYPE.bits() - 1)
}

/// The low bits that differ within one bin.
fn free_bits<S: Score>() -> u64 {
    match S::DTYPE.bytes() {
        1 => (1 << 4) - 1,
        2 => (1 << 8) - 1,
        4 => (1 << 20) - 1,
        _ => (1 << 52) - 1,
    }
}

/// A number as a score: floats have their own, and integers so many units that most normal numbers are in
/// range and differ.
pub fn number<S: Score>(number: f32) -> S {
    let (unit, zero) = match S::DTYPE {
        DType::I32 => (134_217_728.0, 0.0),
        DType::U32 => (134_217_728.0, 2_147_483_648.0),
        DType::I16 => (4096.0, 0.0),
        DType::I8 => (16.0, 0.0),
        DType::U8 => (16.0, 128.0),
        DType::F64 | DType::F32 | DType::Bf16 | DType::F16 | DType::F8E4m3 | DType::F8E5m2 => {
            (1.0, 0.0)
        }
    };
    S::from_f32(number * unit + zero)
}

/// All exponent bits, and at least one bit below: quiet or signalling, of either sign. Integers have no NaN:
/// the least or the greatest.
pub fn nan<S: Score>(rng: &mut Rng) -> S {
    let exponent = S::from_f32(f32::INFINITY).to_bits();
    let below = match S::DTYPE {
        DType::F32 | DType::Bf16 | DType::F16 | DType::F8E5m2 => {
            // Fewer than 2^23 are possible.
            1 + u64::from(rng.below((exponent & exponent.wrapping_neg()) as u32 - 1))
        }
        DType::F64 => u64::from(rng.below(2)) << 51 | 1 << rng.below(51),
        // Every bit set is the one NaN.
        DType::F8E4m3 => exponent,
        DType::I32 | DType::U32 | DType::I16 | DType::I8 | DType::U8 => {
            let end = if rng.one_in(2) { f32::INFINITY } else { f32::NEG_INFINITY };
            return S::from_f32(end);
        }
    };
    S::from_bits(exponent | below | (u64::from(rng.below(2)) * sign_bit::<S>()))
}
