//! Tests of comparing, on a meter of made-up times.

use super::*;
use crate::plan::measured::Sample;
use std::collections::HashMap;
use std::time::Duration;
use topkit_codegen::{DType, Variant};

const ONE: &str = "block_filter v4_b2048_t512_r32_pdl";
const OTHER: &str = "block_filter v4_b2048_t512_r32";
const WRONG: &str = "block_filter v4_b2048_t512_r16";
const GONE: &str = "block_filter v4_b2048_t256_r32";

/// Times by name, each multiplied by the next of some factors.
struct Mock {
    us: HashMap<&'static str, f64>,
    noise: Vec<f64>,
    timed: Vec<String>,
}

impl Meter for Mock {
    type Error = String;

    fn check(&mut self, _: &Problem, launch: &VariantLaunch) -> Result<Result<(), Fault>, String> {
        let wrong = launch.name() == WRONG;
        Ok(if wrong { Err(Fault::Wrong("row 0".into())) } else { Ok(()) })
    }

    fn time(
        &mut self,
        _: &Problem,
        launch: &VariantLaunch,
        _: Effort,
    ) -> Result<Result<Sample, Fault>, String> {
        let noise = self.noise[self.timed.len() % self.noise.len()];
        self.timed.push(launch.name());
        let us = noise * self.us.get(launch.name().as_str()).ok_or("the GPU is gone")?;
        Ok(Ok(Sample { warm: us, cold: us }))
    }

    fn read_once(&mut self, _: &Problem) -> Result<Option<Sample>, String> {
        Ok(None)
    }
}

fn pair(tuned: &str, shipped: &str) -> Pair {
    let launch = |name| VariantLaunch::from_name(DType::F32, name).unwrap();
    let problem = Problem::new(DType::F32, 8, 32768, 64);
    Pair { problem, tuned: launch(tuned), shipped: launch(shipped) }
}

fn compared(mock: &mut Mock, pairs: &[Pair], seconds: u64) -> Result<Vec<Comparison>, String> {
    let compile = |variant: &Variant| {
        let gone = Variant::from_short_name(DType::F32, GONE).unwrap() == *variant;
        Ok(if gone { Err("no such kernel".to_owned()) } else { Ok(()) })
    };
    let clock = Clock::of(Duration::from_secs(seconds));
    compare_pairs(pairs, mock, &compile, clock, &mut |_, _| ControlFlow::Continue(()))
}

/// The ratio of two ways that take so long, and in how many rounds it was found.
fn timed(one: f64, other: f64, noise: &[f64]) -> (Ratio, usize) {
    let us = HashMap::from([(ONE, one), (OTHER, other)]);
    let mut mock = Mock { us, noise: noise.to_vec(), timed: Vec::new() };
    let all = compared(&mut mock, &[pair(ONE, OTHER)], 600).unwrap();
    assert_eq!((mock.timed[0].as_str(), mock.timed[2].as_str()), (ONE, OTHER), "not in turn");
    match all[0].finding {
        Finding::Timed(ratio) => (ratio, mock.timed.len() / (2 * PAIRS)),
        ref finding => panic!("{finding:?}"),
    }
}

#[test]
fn slower_and_faster_are_told_from_noise() {
    let (slower, rounds) = timed(11.0, 10.0, &[1.0]);
    assert!((slower.median - 1.1).abs() < 1e-9 && slower.is_slower() && !slower.is_faster());
    assert_eq!(rounds, ROUNDS);
    let (faster, rounds) = timed(9.0, 10.0, &[1.0]);
    assert!(faster.is_faster() && !faster.is_slower() && rounds == 1);
    for us in [10.15, 9.85] {
        let (level, rounds) = timed(us, 10.0, &[1.0]);
        assert!(!level.is_slower() && !level.is_faster() && rounds == 1);
    }
    // 3 in 100, and a noise of 10 in 100 on either.
    let (noisy, rounds) = timed(10.3, 10.0, &[1.0, 1.1, 1.1, 1.0, 1.1, 0.95, 1.0]);
    assert!(!noisy.is_slower() && !noisy.is_faster() && rounds == 1, "{noisy:?}");
}

/// The factor of each time in some rounds: the round's own for the slower launch, 1 for the other.
fn slow_in(rounds: &[f64]) -> Vec<f64> {
    let of_round = |&slow: &f64| (0..PAIRS).map(move |pair| (pair, slow));
    // The first of a pair is the tuned way in every other pair.
    let both = |(pair, slow): (usize, f64)| if pair % 2 == 0 { [slow, 1.0] } else { [1.0, slow] };
    rounds.iter().flat_map(of_round).flat_map(both).collect()
}

#[test]
fn one_slow_round_of_three_is_noise_and_two_are_not() {
    let (once, rounds) = timed(10.0, 10.0, &slow_in(&[1.1, 1.0, 1.01]));
    assert!(!once.is_slower() && rounds == ROUNDS, "{once:?}");
    assert!((once.median - 1.01).abs() < 1e-9, "{once:?}");
    let (twice, rounds) = timed(10.0, 10.0, &slow_in(&[1.1, 1.0, 1.05]));
    assert!(twice.is_slower() && rounds == ROUNDS, "{twice:?}");
    let (never, rounds) = timed(10.0, 10.0, &slow_in(&[1.01, 1.1, 1.1]));
    assert!(!never.is_slower() && rounds == 1, "{never:?}");
}

#[test]
fn the_verdict_turns_at_what_plans_take_for_a_clear_difference() {
    let at = |ratio: f64| Ratio::new(ratio, ratio, ratio);
    assert!(at(1.0 + CLEAR + 1e-9).is_slower() && !at(1.0 + CLEAR).is_slower());
    assert!(at(1.0 - CLEAR - 1e-9).is_faster() && !at(1.0 - CLEAR).is_faster());
    let middle = Ratio::middle(&[Ratio::new(1.0, 1.1, 1.2), at(1.05), Ratio::new(0.9, 1.0, 1.3)]);
    assert_eq!(middle, Ratio::new(1.0, 1.05, 1.2));
}

#[test]
fn a_way_that_is_the_same_or_fails_is_not_timed() {
    let mut mock = Mock { us: HashMap::new(), noise: vec![1.0], timed: Vec::new() };
    let pairs = [pair(ONE, ONE), pair(ONE, WRONG), pair(GONE, ONE)];
    let all = compared(&mut mock, &pairs, 600).unwrap();
    assert!(mock.timed.is_empty());
    assert_eq!(all[0].finding, Finding::Same);
    assert_eq!(all[1].finding, Finding::Failed(format!("{WRONG}: row 0")));
    assert_eq!(all[2].finding, Finding::Failed(format!("{GONE}: no such kernel")));
    assert_eq!(all[2].tuned.variant.short_name(), GONE);
}

#[test]
fn it_ends_when_time_is_over_and_when_the_gpu_is_gone() {
    let mut mock = Mock { us: HashMap::new(), noise: vec![1.0], timed: Vec::new() };
    assert_eq!(compared(&mut mock, &[pair(ONE, OTHER)], 0).unwrap(), []);
    assert_eq!(compared(&mut mock, &[pair(ONE, OTHER)], 600).unwrap_err(), "the GPU is gone");
}
