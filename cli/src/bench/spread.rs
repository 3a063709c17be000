//! How scores are spread: each score follows from its place alone, so that any number of threads
//! make the same matrix.
//!
//! The first five are those of published tables; the others were made to hurt these kernels.

use serde::{Deserialize, Serialize};
use std::f32::consts::TAU;
use topkit::Score;

/// A distribution.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Spread {
    /// Standard normal.
    Randn,
    /// Uniform over `[0, 1)`: nearly all winners share an exponent.
    Uniform,
    /// Each row rises from 0 to 1: the winners stand at its end.
    Asc,
    /// One score everywhere: every position is tied.
    Equal,
    /// Normal with three bits of mantissa: few distinct values, and many ties at the threshold.
    Fewbits,
    /// All upper bits are the same: only the last bits of a key tell scores apart.
    Narrow,
    /// All winners stand in three stretches of a 64th of the row: a few threads see all of them.
    Blocks,
    /// Magnitudes over the whole range of the type, with infinities and NaN among them.
    HeavyTail,
    /// One in 1024 is 1, the rest 0: fewer winners than k, then ties over the whole row.
    TwoValues,
}

impl Spread {
    /// Those of published tables.
    pub const PUBLISHED: &'static [Spread] =
        &[Spread::Randn, Spread::Uniform, Spread::Asc, Spread::Equal, Spread::Fewbits];
    /// Those made to hurt.
    pub const HARSH: &'static [Spread] =
        &[Spread::Narrow, Spread::Blocks, Spread::HeavyTail, Spread::TwoValues];
    /// Every one.
    pub const ALL: [Spread; 9] = [
        Spread::Randn,
        Spread::Uniform,
        Spread::Asc,
        Spread::Equal,
        Spread::Fewbits,
        Spread::Narrow,
        Spread::Blocks,
        Spread::HeavyTail,
        Spread::TwoValues,
    ];

    /// Its name on the command line and in files.
    pub fn name(self) -> &'static str {
        match self {
            Spread::Randn => "randn",
            Spread::Uniform => "uniform",
            Spread::Asc => "asc",
            Spread::Equal => "equal",
            Spread::Fewbits => "fewbits",
            Spread::Narrow => "narrow",
            Spread::Blocks => "blocks",
            Spread::HeavyTail => "heavy_tail",
            Spread::TwoValues => "two_values",
        }
    }

    /// The score at a place of a matrix with so many columns.
    pub fn score<S: Score>(self, row: usize, column: usize, columns: usize) -> S {
        let bits = mix((row * columns + column) as u64);
        let number = match self {
            Spread::Randn => normal(bits),
            Spread::Uniform => unit(bits),
            Spread::Asc => (column as f64 / columns as f64) as f32,
            Spread::Equal => 0.5,
            Spread::Fewbits => f32::from_bits(normal(bits).to_bits() & 0xfff0_0000),
            Spread::Narrow => {
                let free = if S::DTYPE.bytes() == 4 { 0xfff } else { 0xf };
                return S::from_bits(S::from_f32(1.0).to_bits() | (bits as u32 & free));
            }
            Spread::Blocks => normal(bits) + if in_block(row, column, columns) { 8.0 } else { 0.0 },
            Spread::HeavyTail => heavy::<S>(bits),
            Spread::TwoValues => f32::from(bits.is_multiple_of(1024)),
        };
        S::from_f32(number)
    }
}

/// The output function of SplitMix64 (Steele, Lea and Flood, 2014) at the n-th state.
pub fn mix(n: u64) -> u64 {
    let mut z = n.wrapping_add(1).wrapping_mul(0x9e37_79b9_7f4a_7c15);
    z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    z ^ (z >> 31)
}

/// Uniform over `[0, 1)`.
fn unit(bits: u64) -> f32 {
    (bits >> 40) as f32 / (1u32 << 24) as f32
}

/// Standard normal, by the method of Box and Muller: one half of the bits each.
fn normal(bits: u64) -> f32 {
    let (high, low) = ((bits >> 32) as f32, bits as u32 as f32);
    const RANGE: f32 = (1u64 << 32) as f32;
    let radius = (-2.0 * ((high + 1.0) / (RANGE + 1.0)).ln()).max(0.0).sqrt();
    radius * (TAU * (low / RANGE)).cos()
}

fn in_block(row: usize, column: usize, columns: usize) -> bool {
    let width = columns.div_ceil(64);
    let blocks = columns.div_ceil(width) as u64;
    let block = (column / width) as u64;
    (0..3).any(|number| mix((row as u64) << 2 | number) % blocks == block)
}

fn heavy<S: Score>(bits: u64) -> f32 {
    let sign = if bits & 1 == 0 { 1.0 } else { -1.0 };
    match (bits >> 1) % 1024 {
        0 => f32::NAN * sign,
        1 => f32::INFINITY * sign,
        _ => {
            let wide = S::from_f32(1e30).to_f32().is_finite();
            let (least, most) = if wide { (-120, 127) } else { (-14, 15) };
            let exponent = least + ((bits >> 32) % (most - least + 1) as u64) as i32;
            sign * (1.0 + unit(bits << 20) * 0.875) * (exponent as f32).exp2()
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use half::{bf16, f16};
    use std::collections::HashSet;

    const COLUMNS: usize = 32_768;

    fn row<S: Score>(spread: Spread) -> Vec<f32> {
        (0..COLUMNS).map(|column| spread.score::<S>(1, column, COLUMNS).to_f32()).collect()
    }

    fn distinct(scores: &[f32]) -> usize {
        scores.iter().map(|score| score.to_bits()).collect::<HashSet<_>>().len()
    }

    #[test]
    fn the_published_ones_are_what_they_say() {
        let mean = |scores: &[f32]| scores.iter().sum::<f32>() / scores.len() as f32;
        let normal = row::<f32>(Spread::Randn);
        let squares: Vec<f32> = normal.iter().map(|score| score * score).collect();
        assert!(mean(&normal).abs() < 0.03 && (mean(&squares) - 1.0).abs() < 0.03);
        let uniform = row::<f32>(Spread::Uniform);
        assert!(uniform.iter().all(|score| (0.0..1.0).contains(score)));
        assert!((mean(&uniform) - 0.5).abs() < 0.01);
        assert!(row::<bf16>(Spread::Asc).is_sorted());
        assert_eq!(distinct(&row::<f16>(Spread::Equal)), 1);
        let few = row::<f32>(Spread::Fewbits);
        assert!(distinct(&few) < 400 && distinct(&normal) > COLUMNS / 2, "{}", distinct(&few));
        assert_eq!(few, row::<bf16>(Spread::Fewbits));
    }

    #[test]
    fn narrow_scores_differ_in_their_last_bits_alone() {
        for (scores, most) in [
            (row::<f32>(Spread::Narrow), 4096),
            (row::<bf16>(Spread::Narrow), 16),
            (row::<f16>(Spread::Narrow), 16),
        ] {
            assert!(
                (most - most / 64..=most).contains(&distinct(&scores)),
                "{}",
                distinct(&scores)
            );
            assert!(scores.iter().all(|score| (1.0..1.125).contains(score)));
        }
    }

    #[test]
    fn blocks_hold_the_winners_together() {
        let scores = row::<f32>(Spread::Blocks);
        let stretches: HashSet<usize> = (0..COLUMNS)
            .filter(|&column| scores[column] > 5.5)
            .map(|column| column / (COLUMNS / 64))
            .collect();
        assert!((1..=3).contains(&stretches.len()), "{stretches:?}");
    }

    #[test]
    fn heavy_tails_reach_both_ends_of_the_type() {
        for (scores, most) in [
            (row::<f32>(Spread::HeavyTail), 1e37),
            (row::<bf16>(Spread::HeavyTail), 1e37),
            (row::<f16>(Spread::HeavyTail), 4e4),
        ] {
            let count = |is: fn(&f32) -> bool| scores.iter().filter(|score| is(score)).count();
            assert!((10..80).contains(&count(|score| score.is_nan())));
            assert!((10..80).contains(&count(|score| score.is_infinite())));
            let finite = || scores.iter().copied().filter(|score| score.is_finite());
            assert!(finite().fold(0.0, f32::max) > most && finite().fold(0.0, f32::min) < -most);
        }
    }

    #[test]
    fn two_values_are_two() {
        let scores = row::<bf16>(Spread::TwoValues);
        assert_eq!(distinct(&scores), 2);
        let ones = scores.iter().filter(|&&score| score == 1.0).count();
        assert!((10..80).contains(&ones), "{ones}");
    }
}
