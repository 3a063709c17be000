//! The gain of tuning: two launches for one problem, timed in turn.
//!
//! A launch that looks slower is timed again before it is called slower. The GPU is behind [`Meter`], so
//! that this is tested without one. It searches no better launch and keeps no record. A pair that cannot
//! be compared says why.

use super::search::{Clock, Compile, Fault, Meter};
use crate::plan::measured::Effort;
use crate::plan::{CLEAR, VariantLaunch};
use crate::problem::Problem;
use std::ops::ControlFlow;

/// Times that each of the two runs in a round.
const PAIRS: usize = 9;
/// Rounds of a pair whose first round says slower: one slow moment of the GPU is outvoted.
const ROUNDS: usize = 3;

/// Two ways to serve a problem.
#[derive(Debug, Clone, Copy)]
pub(super) struct Pair {
    pub(super) problem: Problem,
    pub(super) tuned: VariantLaunch,
    pub(super) shipped: VariantLaunch,
}

/// The result of comparing two launches for a problem.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub struct Comparison {
    /// The problem.
    pub problem: Problem,
    /// The variant by this GPU's own records.
    pub tuned: VariantLaunch,
    /// The variant without them.
    pub shipped: VariantLaunch,
    /// How they compare.
    pub finding: Finding,
}

impl Comparison {
    /// The result of comparing two launches for a problem.
    pub fn new(
        problem: Problem,
        tuned: VariantLaunch,
        shipped: VariantLaunch,
        finding: Finding,
    ) -> Comparison {
        Comparison { problem, tuned, shipped, finding }
    }
}

/// How two ways to serve a problem compare.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub enum Finding {
    /// They are the same way.
    Same,
    /// Both were timed, in turn.
    Timed(Ratio),
    /// One of them failed, and why.
    Failed(String),
}

/// How many times as long the tuned way takes, over pairs of measurements. Nearer to 1 than 2 in 100
/// is no difference, just as plans take it for none.
#[derive(Debug, Clone, Copy, PartialEq)]
#[non_exhaustive]
pub struct Ratio {
    /// A quarter of the pairs are below.
    pub low: f64,
    /// Half of them are.
    pub median: f64,
    /// Three quarters of them are.
    pub high: f64,
}

impl Ratio {
    /// The quarters of some ratios.
    pub const fn new(low: f64, median: f64, high: f64) -> Ratio {
        Ratio { low, median, high }
    }

    fn of(mut ratios: Vec<f64>) -> Ratio {
        ratios.sort_by(f64::total_cmp);
        let at = |quarter: usize| {
            ratios.get(ratios.len().saturating_sub(1) * quarter / 4).copied().unwrap_or(1.0)
        };
        Ratio::new(at(1), at(2), at(3))
    }

    /// The medians of rounds.
    fn middle(rounds: &[Ratio]) -> Ratio {
        let of = |value: fn(&Ratio) -> f64| Ratio::of(rounds.iter().map(value).collect()).median;
        Ratio::new(of(|ratio| ratio.low), of(|ratio| ratio.median), of(|ratio| ratio.high))
    }

    /// Three of four pairs say that the tuned way is slower, by more than 2 in 100.
    pub fn is_slower(&self) -> bool {
        self.low > 1.0 + CLEAR
    }

    /// Three of four pairs say that the tuned way is faster, by more than 2 in 100.
    pub fn is_faster(&self) -> bool {
        self.high < 1.0 - CLEAR
    }
}

/// Compares, until all is compared, the time is over, or `tell` breaks.
pub(super) fn compare_pairs<M: Meter>(
    pairs: &[Pair],
    meter: &mut M,
    compile: &Compile<'_, M::Error>,
    clock: Clock,
    tell: &mut dyn FnMut(usize, &Problem) -> ControlFlow<()>,
) -> Result<Vec<Comparison>, M::Error> {
    let mut all = Vec::new();
    for (place, pair) in pairs.iter().enumerate() {
        let Pair { problem, tuned, shipped } = *pair;
        if clock.is_over() || tell(place, &problem).is_break() {
            break;
        }
        let finding = if tuned == shipped { Finding::Same } else { of(pair, meter, compile)? };
        all.push(Comparison::new(problem, tuned, shipped, finding));
    }
    Ok(all)
}

fn of<M: Meter>(
    pair: &Pair,
    meter: &mut M,
    compile: &Compile<'_, M::Error>,
) -> Result<Finding, M::Error> {
    for launch in [&pair.tuned, &pair.shipped] {
        if let Err(why) = compile(&launch.variant)? {
            return Ok(failed(launch, &why));
        }
        if let Err(Fault::Wrong(why) | Fault::Refused(why)) = meter.check(&pair.problem, launch)? {
            return Ok(failed(launch, &why));
        }
    }
    let mut rounds = Vec::new();
    loop {
        match round(pair, meter)? {
            Ok(ratio) => rounds.push(ratio),
            Err(finding) => return Ok(finding),
        }
        if !rounds[0].is_slower() || rounds.len() == ROUNDS {
            return Ok(Finding::Timed(Ratio::middle(&rounds)));
        }
    }
}

/// One round of a pair, or the reason why it failed.
fn round<M: Meter>(
    Pair { problem, tuned, shipped }: &Pair,
    meter: &mut M,
) -> Result<Result<Ratio, Finding>, M::Error> {
    let mut ratios = Vec::new();
    for number in 0..PAIRS {
        // Each goes first as often, so that drift affects both alike.
        let turned = number % 2 == 1;
        let order = if turned { [shipped, tuned] } else { [tuned, shipped] };
        let mut us = [0.0; 2];
        for (launch, us) in order.into_iter().zip(&mut us) {
            match meter.time(problem, launch, Effort::Short)? {
                Ok(sample) => *us = sample.microseconds(),
                Err(Fault::Wrong(why) | Fault::Refused(why)) => {
                    return Ok(Err(failed(launch, &why)));
                }
            }
        }
        let [one, other] = us;
        ratios.push(if turned { other / one } else { one / other });
    }
    Ok(Ok(Ratio::of(ratios)))
}

fn failed(launch: &VariantLaunch, why: &str) -> Finding {
    Finding::Failed(format!("{}: {why}", launch.name()))
}

#[cfg(test)]
#[path = "compare_tests.rs"]
mod tests;
