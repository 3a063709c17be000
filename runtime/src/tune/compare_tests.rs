//! Tests of comparing, on a meter of made-up times.

use super::*;
use crate::tune::search::Sample;
use crate::tune::{id, of_id};
use std::collections::HashMap;
use std::time::Duration;
use topkit_codegen::DType;

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

    fn check(&mut self, _: &Problem, choice: &Choice) -> Result<Result<(), Fault>, String> {
        let wrong = choice.id() == WRONG;
        Ok(if wrong { Err(Fault::Wrong("row 0".into())) } else { Ok(()) })
    }

    fn time(
        &mut self,
        _: &Problem,
        choice: &Choice,
        _: Effort,
    ) -> Result<Result<Sample, Fault>, String> {
        let noise = self.noise[self.timed.len() % self.noise.len()];
        self.timed.push(choice.id());
        let us = noise * self.us.get(choice.id().as_str()).ok_or("the GPU is gone")?;
        Ok(Ok(Sample { warm: us, cold: us }))
    }

    fn read_once(&mut self, _: &Problem) -> Result<Option<Sample>, String> {
        Ok(None)
    }
}

fn pair(tuned: &str, shipped: &str) -> Pair {
    let choice = |name| Choice::of_id(DType::F32, name).unwrap();
    let problem = Problem::new(DType::F32, 8, 32768, 64);
    Pair { problem, tuned: choice(tuned), shipped: choice(shipped) }
}

fn compared(mock: &mut Mock, pairs: &[Pair], seconds: u64) -> Result<Vec<Comparison>, String> {
    let compile = |variant: &Variant| {
        let gone = of_id(DType::F32, GONE).unwrap() == *variant;
        if gone { Err("no such kernel".to_owned()) } else { Ok(()) }
    };
    let clock = Clock::of(Duration::from_secs(seconds));
    compare_pairs(pairs, mock, &compile, clock, &mut |_, _| ControlFlow::Continue(()))
}

fn ratio(one: f64, other: f64, noise: &[f64]) -> Ratio {
    let us = HashMap::from([(ONE, one), (OTHER, other)]);
    let mut mock = Mock { us, noise: noise.to_vec(), timed: Vec::new() };
    let all = compared(&mut mock, &[pair(ONE, OTHER)], 600).unwrap();
    assert_eq!(mock.timed.len(), 2 * PAIRS);
    assert_eq!((mock.timed[0].as_str(), mock.timed[2].as_str()), (ONE, OTHER), "not in turn");
    match all[0].finding {
        Finding::Timed(ratio) => ratio,
        ref finding => panic!("{finding:?}"),
    }
}

#[test]
fn slower_and_faster_are_told_from_noise() {
    let slower = ratio(11.0, 10.0, &[1.0]);
    assert!((slower.median - 1.1).abs() < 1e-9 && slower.is_slower() && !slower.is_faster());
    let faster = ratio(9.0, 10.0, &[1.0]);
    assert!(faster.is_faster() && !faster.is_slower());
    let level = ratio(10.05, 10.0, &[1.0]);
    assert!(!level.is_slower() && !level.is_faster());
    // 3 in 100, and a noise of 10 in 100 that meets either.
    let noisy = ratio(10.3, 10.0, &[1.0, 1.1, 1.1, 1.0, 1.1, 0.95, 1.0]);
    assert!(!noisy.is_slower() && !noisy.is_faster(), "{noisy:?}");
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
    assert_eq!(id(&all[2].tuned.variant), GONE);
}

#[test]
fn it_ends_when_time_is_over_and_when_the_gpu_is_gone() {
    let mut mock = Mock { us: HashMap::new(), noise: vec![1.0], timed: Vec::new() };
    assert_eq!(compared(&mut mock, &[pair(ONE, OTHER)], 0).unwrap(), []);
    assert_eq!(compared(&mut mock, &[pair(ONE, OTHER)], 600).unwrap_err(), "the GPU is gone");
}
