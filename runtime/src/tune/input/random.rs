//! Reproducible random numbers: the same seed gives the same numbers on every machine and in every
//! version of every dependency, which is why no crate is used. Not for secrets. It cannot fail.

use std::{f32, f64};

/// The increment of the state for each number.
const STEP: u64 = 0x9e37_79b9_7f4a_7c15;

/// SplitMix64 (Steele, Lea, Flood: "Fast splittable pseudorandom number generators", 2014).
#[derive(Debug, Clone)]
pub struct Rng {
    state: u64,
    coarse: bool,
}

impl Rng {
    /// A generator; any seed is as good as any other.
    pub fn new(seed: u64) -> Rng {
        Rng { state: seed, coarse: false }
    }

    /// The same with coarse numbers, for large matrices: [`Rng::unit`] has 24 bits, and [`Rng::normal`]
    /// is computed in f32 from one number of 64 bits. Benches are made with it.
    pub fn coarse(seed: u64) -> Rng {
        Rng { state: seed, coarse: true }
    }

    /// Numbers of 64 bits that a call of [`Rng::normal`] takes.
    pub(super) fn draws_of_normal(&self) -> u64 {
        if self.coarse { 1 } else { 2 }
    }

    /// The generator after so many more numbers of 64 bits.
    pub fn skip(self, numbers: u64) -> Rng {
        Rng { state: self.state.wrapping_add(STEP.wrapping_mul(numbers)), ..self }
    }

    /// A generator whose seed is the next number.
    pub(super) fn own(&mut self) -> Rng {
        Rng { state: self.bits(), coarse: self.coarse }
    }

    /// 64 random bits.
    pub fn bits(&mut self) -> u64 {
        self.state = self.state.wrapping_add(STEP);
        let mut z = self.state;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    /// A number from 0 to `end - 1`, and 0 if `end` is 0; slightly uneven for an `end` that is no
    /// power of two.
    pub fn below(&mut self, end: u32) -> u32 {
        (((self.bits() >> 32) * u64::from(end)) >> 32) as u32
    }

    /// True once in `n` times.
    pub fn one_in(&mut self, n: u32) -> bool {
        self.below(n) == 0
    }

    /// A number of `[0, 1)`, from one call of [`Rng::bits`].
    pub fn unit(&mut self) -> f64 {
        if self.coarse {
            return (self.bits() >> 40) as f64 / (1u64 << 24) as f64;
        }
        (self.bits() >> 11) as f64 / (1u64 << 53) as f64
    }

    /// A number of the standard normal distribution (Box and Muller, 1958).
    pub fn normal(&mut self) -> f32 {
        if self.coarse {
            const RANGE: f32 = (1u64 << 32) as f32;
            let bits = self.bits();
            let (high, low) = ((bits >> 32) as f32, bits as u32 as f32);
            let radius = (-2.0 * ((high + 1.0) / (RANGE + 1.0)).ln()).max(0.0).sqrt();
            return radius * (f32::consts::TAU * (low / RANGE)).cos();
        }
        let radius = (-2.0 * (1.0 - self.unit()).ln()).sqrt();
        (radius * (f64::consts::TAU * self.unit()).cos()) as f32
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The first numbers of the reference implementation from seed 1234567.
    #[test]
    fn the_generator_is_splitmix64() {
        let mut rng = Rng::new(1_234_567);
        let first: [u64; 3] = std::array::from_fn(|_| rng.bits());
        let due = [6_457_827_717_110_365_317, 3_203_168_211_198_807_973, 9_817_491_932_198_370_423];
        assert_eq!(first, due);
        assert_eq!(Rng::new(1_234_567).skip(2).bits(), due[2]);
    }

    #[test]
    fn a_number_is_below_its_end() {
        let mut rng = Rng::new(1);
        assert!((1..100).all(|end| rng.below(end) < end));
        assert_eq!(rng.below(0), 0);
    }
}
