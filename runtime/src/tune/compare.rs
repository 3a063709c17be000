//! What tuning is worth: two ways to serve a problem, timed in turn.
//!
//! The GPU is behind [`Meter`], so that this is tested without one. It looks for no better way and
//! keeps no record. What cannot be compared says why.

use super::id::Choice;
use super::record::Effort;
use super::search::{Clock, Fault, Meter};
use crate::problem::Problem;
use std::ops::ControlFlow;
use topkit_codegen::Variant;

/// Times that each of the two runs.
const PAIRS: usize = 9;
/// A ratio nearer to 1 than this is no difference.
const LEVEL: f64 = 0.01;

/// Two ways to serve a problem.
#[derive(Debug, Clone, Copy)]
pub(super) struct Pair {
    pub(super) problem: Problem,
    pub(super) tuned: Choice,
    pub(super) shipped: Choice,
}

/// What came of comparing two ways to serve a problem.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub struct Comparison {
    /// The problem.
    pub problem: Problem,
    /// What plans by this GPU's own records pick.
    pub tuned: Choice,
    /// What plans pick without them.
    pub shipped: Choice,
    /// How they compare.
    pub finding: Finding,
}

impl Comparison {
    /// What came of comparing two choices for a problem.
    pub fn new(problem: Problem, tuned: Choice, shipped: Choice, finding: Finding) -> Comparison {
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

/// How many times as long the tuned way takes, over pairs of measurements.
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

    /// Three of four pairs say that the tuned way is slower, by more than 1 in 100.
    pub fn is_slower(&self) -> bool {
        self.low > 1.0 + LEVEL
    }

    /// Three of four pairs say that the tuned way is faster, by more than 1 in 100.
    pub fn is_faster(&self) -> bool {
        self.high < 1.0 - LEVEL
    }
}

/// Compares, until all is compared, the time is over, or `tell` breaks.
pub(super) fn compare_pairs<M: Meter>(
    pairs: &[Pair],
    meter: &mut M,
    compile: &dyn Fn(&Variant) -> Result<(), String>,
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
    Pair { problem, tuned, shipped }: &Pair,
    meter: &mut M,
    compile: &dyn Fn(&Variant) -> Result<(), String>,
) -> Result<Finding, M::Error> {
    let failed = |choice: &Choice, why: String| Finding::Failed(format!("{}: {why}", choice.id()));
    for choice in [tuned, shipped] {
        if let Err(why) = compile(&choice.variant) {
            return Ok(failed(choice, why));
        }
        if let Err(Fault::Wrong(why) | Fault::Refused(why)) = meter.check(problem, choice)? {
            return Ok(failed(choice, why));
        }
    }
    let mut ratios = Vec::new();
    for number in 0..PAIRS {
        // Each goes first as often, so that what drifts meets both alike.
        let turned = number % 2 == 1;
        let order = if turned { [shipped, tuned] } else { [tuned, shipped] };
        let mut us = [0.0; 2];
        for (choice, us) in order.into_iter().zip(&mut us) {
            match meter.time(problem, choice, Effort::Short)? {
                Ok(sample) => *us = sample.microseconds(),
                Err(Fault::Wrong(why) | Fault::Refused(why)) => return Ok(failed(choice, why)),
            }
        }
        let [one, other] = us;
        ratios.push(if turned { other / one } else { one / other });
    }
    Ok(Finding::Timed(Ratio::of(ratios)))
}

#[cfg(test)]
#[path = "compare_tests.rs"]
mod tests;
