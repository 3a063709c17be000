//! The search: which candidates are tried for which problem, in which order, and when to stop.
//!
//! Kernels are compiled ahead on other threads. A candidate is checked before it is timed; after a
//! short timing those that cannot win are dropped, the best are timed with care, and the last two
//! run off in pairs. The GPU is behind [`Meter`], so that this flow is tested without one. Every row
//! is handed out as soon as it is known, so that a search may end at any time. An error of the
//! meter itself ends it.

use super::compile::Compiled;
use super::provenance::hex;
use super::record::{Effort, Outcome, Row};
use super::space::candidates;
use crate::plan::Limits;
use crate::problem::Problem;
use std::ops::ControlFlow;
use std::thread;
use std::time::{Duration, Instant};
use topkit_codegen::{KernelSpec, Semantics, Variant, render};

/// A candidate that takes more than so many times what the best takes is dropped.
const HOPELESS: f64 = 1.5;
/// Candidates that are timed with care.
const FINALISTS: usize = 3;
/// Times that the last two run in turn.
const PAIRS: usize = 3;
/// The last two run off where the second takes at most so many times what the first takes.
const CLOSE: f64 = 1.05;

/// Something that checks and times kernels.
pub trait Meter {
    /// It can measure no more.
    type Error;

    /// Whether the answers of a kernel are right, to a problem and to inputs that were made to hurt.
    fn check(
        &mut self,
        problem: &Problem,
        variant: &Variant,
    ) -> Result<Result<(), Fault>, Self::Error>;

    /// What a launch takes.
    fn time(
        &mut self,
        problem: &Problem,
        variant: &Variant,
        effort: Effort,
    ) -> Result<Result<Sample, Fault>, Self::Error>;
}

/// Why a kernel has no time.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Fault {
    /// Its answer is wrong.
    Wrong(String),
    /// The GPU or the compiler refused it.
    Refused(String),
}

/// Microseconds a launch.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Sample {
    /// With its input in the L2 cache, where it fits.
    pub warm: f64,
    /// With another copy of its input for each launch.
    pub cold: f64,
}

impl Sample {
    fn microseconds(self) -> f64 {
        (self.warm * self.cold).sqrt()
    }
}

/// What is to be searched.
pub struct Order<'a> {
    /// The family.
    pub spec: &'a KernelSpec,
    /// The problems, in the order in which they are measured.
    pub problems: &'a [Problem],
    /// What the GPU can hold.
    pub limits: &'a Limits,
    /// What an earlier search of the same place found. Problems that it has finished are passed over.
    pub known: &'a [Row],
    /// Compiles and loads a kernel; called from several threads, once for each kernel.
    pub compile: &'a (dyn Fn(&Variant) -> Result<(), String> + Sync),
    /// Threads that compile.
    pub threads: usize,
    /// When to stop.
    pub clock: Clock,
}

/// The time that a search may take.
#[derive(Debug, Clone, Copy)]
pub struct Clock {
    start: Instant,
    budget: Duration,
}

impl Clock {
    /// So much time from now on.
    pub fn of(budget: Duration) -> Clock {
        Clock { start: Instant::now(), budget }
    }

    fn is_over(&self) -> bool {
        self.start.elapsed() >= self.budget
    }
}

/// What happens in a search.
#[derive(Debug)]
#[non_exhaustive]
pub enum Event<'a> {
    /// A problem is begun or passed over, with its place among all.
    Problem(usize, &'a Problem),
    /// Something is known of a candidate.
    Row(&'a Row),
}

/// How far a search came.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Summary {
    /// Problems that were finished, in this search or before.
    pub finished: usize,
    /// Problems that were not.
    pub left: usize,
    /// Kernels that gave a wrong answer.
    pub wrong: usize,
}

/// The first digits of the digest of a kernel's source; empty where it cannot be rendered.
pub fn source_digest(variant: &Variant) -> String {
    let variant = Variant { semantics: Semantics::DEFAULT, ..*variant };
    render(&variant).map(|source| hex(&source.digest)).unwrap_or_default()
}

/// Searches. It ends when all problems are finished, when the time is over, and when `tell` breaks.
///
/// # Errors
/// The meter's own; what was told before stands.
pub fn search<M: Meter>(
    order: &Order<'_>,
    meter: &mut M,
    tell: &mut dyn FnMut(Event<'_>) -> ControlFlow<()>,
) -> Result<Summary, M::Error> {
    let tried: Vec<Vec<Variant>> =
        order.problems.iter().map(|problem| tried(order, problem)).collect();
    let finished: Vec<bool> = order
        .problems
        .iter()
        .zip(&tried)
        .map(|(problem, tried)| finished(order, problem, tried))
        .collect();
    let open = tried.iter().zip(&finished).filter(|(_, finished)| !**finished);
    let compiled = Compiled::new(open.flat_map(|(variants, _)| variants.iter().copied()));
    thread::scope(|scope| {
        for _ in 0..order.threads.max(1) {
            scope.spawn(|| compiled.work(order.compile));
        }
        // Whatever ends the search ends the compiling.
        let _stop = compiled.stop_on_drop();
        let mut summary = Summary { left: order.problems.len(), ..Summary::default() };
        for (place, problem) in order.problems.iter().enumerate() {
            if order.clock.is_over() || tell(Event::Problem(place, problem)).is_break() {
                break;
            }
            if !finished[place] {
                let mut trial =
                    Trial { order, meter, compiled: &compiled, tell, wrong: 0, problem };
                let flow = trial.run(&tried[place])?;
                summary.wrong += trial.wrong;
                if flow.is_break() {
                    break;
                }
            }
            summary.finished += 1;
            summary.left -= 1;
        }
        Ok(summary)
    })
}

fn tried(order: &Order<'_>, problem: &Problem) -> Vec<Variant> {
    let all = candidates(order.spec, problem, order.limits).into_iter();
    all.filter(|candidate| candidate.reason.is_none()).map(|candidate| candidate.variant).collect()
}

/// Whether every candidate has a row, and a winner was timed with care where any could be.
fn finished(order: &Order<'_>, problem: &Problem, tried: &[Variant]) -> bool {
    let rows: Vec<&Row> = order.known.iter().filter(|row| row.problem == *problem).collect();
    let has = |variant: &Variant| rows.iter().any(|row| row.variant == plain(variant));
    let full = |row: &&Row| matches!(row.outcome, Outcome::Timed { effort: Effort::Full, .. });
    let timed = |row: &&Row| row.outcome.microseconds().is_some();
    tried.iter().all(has) && (rows.iter().any(full) || !rows.iter().any(timed))
}

/// With the default meaning, as records name it.
fn plain(variant: &Variant) -> Variant {
    Variant { semantics: Semantics::DEFAULT, ..*variant }
}

/// The search for one problem.
struct Trial<'a, 'b, M> {
    order: &'a Order<'a>,
    meter: &'a mut M,
    compiled: &'a Compiled,
    tell: &'a mut (dyn FnMut(Event<'_>) -> ControlFlow<()> + 'b),
    wrong: usize,
    problem: &'a Problem,
}

impl<M: Meter> Trial<'_, '_, M> {
    fn run(&mut self, tried: &[Variant]) -> Result<ControlFlow<()>, M::Error> {
        let mut times: Vec<(Variant, f64)> = Vec::new();
        for variant in tried {
            if self.order.clock.is_over() {
                return Ok(ControlFlow::Break(()));
            }
            let (sample, flow) = self.enter(variant)?;
            times.extend(sample.map(|sample| (*variant, sample.microseconds())));
            if flow.is_break() {
                return Ok(flow);
            }
        }
        times.sort_by(|(_, a), (_, b)| a.total_cmp(b));
        let least = times.first().map_or(0.0, |(_, us)| *us);
        times.retain(|(_, us)| *us <= HOPELESS * least);
        times.truncate(FINALISTS);
        let mut finals: Vec<(Variant, Sample)> = Vec::new();
        for (variant, _) in times {
            if let Ok(sample) = self.meter.time(self.problem, &variant, Effort::Full)? {
                finals.push((variant, sample));
            }
        }
        self.run_off(&mut finals)?;
        for (variant, sample) in finals {
            let flow = self.timed(&variant, sample, Effort::Full);
            if flow.is_break() {
                return Ok(flow);
            }
        }
        Ok(ControlFlow::Continue(()))
    }

    /// Checks a candidate and times it for a short while.
    fn enter(&mut self, variant: &Variant) -> Result<(Option<Sample>, ControlFlow<()>), M::Error> {
        if let Err(reason) = self.compiled.wait(variant) {
            return Ok((None, self.fault(variant, Fault::Refused(reason))));
        }
        if let Err(fault) = self.meter.check(self.problem, variant)? {
            return Ok((None, self.fault(variant, fault)));
        }
        Ok(match self.meter.time(self.problem, variant, Effort::Short)? {
            Ok(sample) => (Some(sample), self.timed(variant, sample, Effort::Short)),
            Err(fault) => (None, self.fault(variant, fault)),
        })
    }

    /// The best two in turn, so that what drifts meets both alike; the medians take the place of
    /// their times.
    fn run_off(&mut self, finals: &mut [(Variant, Sample)]) -> Result<(), M::Error> {
        finals.sort_by(|(_, a), (_, b)| a.microseconds().total_cmp(&b.microseconds()));
        let [first, second, ..] = finals else { return Ok(()) };
        if second.1.microseconds() > CLOSE * first.1.microseconds() {
            return Ok(());
        }
        let mut samples = [vec![first.1], vec![second.1]];
        for _ in 0..PAIRS {
            for (variant, samples) in [first.0, second.0].iter().zip(&mut samples) {
                // A launch that fails now leaves the times that stand.
                let Ok(sample) = self.meter.time(self.problem, variant, Effort::Short)? else {
                    return Ok(());
                };
                samples.push(sample);
            }
        }
        let [one, other] = samples.map(median);
        (first.1, second.1) = (one, other);
        Ok(())
    }

    fn timed(&mut self, variant: &Variant, sample: Sample, effort: Effort) -> ControlFlow<()> {
        let Sample { warm, cold } = sample;
        self.row(variant, Outcome::Timed { warm, cold, effort })
    }

    fn fault(&mut self, variant: &Variant, fault: Fault) -> ControlFlow<()> {
        let outcome = match fault {
            Fault::Wrong(wrong) => {
                self.wrong += 1;
                Outcome::Wrong(wrong)
            }
            Fault::Refused(why) => Outcome::Refused(why),
        };
        self.row(variant, outcome)
    }

    fn row(&mut self, variant: &Variant, outcome: Outcome) -> ControlFlow<()> {
        let source = self.compiled.source(variant);
        let row = Row { problem: *self.problem, variant: plain(variant), source, outcome };
        (self.tell)(Event::Row(&row))
    }
}

/// The median of warm and of cold.
fn median(samples: Vec<Sample>) -> Sample {
    let middle = |value: fn(&Sample) -> f64| {
        let mut values: Vec<f64> = samples.iter().map(value).collect();
        values.sort_by(f64::total_cmp);
        values[(values.len() - 1) / 2]
    };
    Sample { warm: middle(|sample| sample.warm), cold: middle(|sample| sample.cold) }
}

#[cfg(test)]
#[path = "search_tests.rs"]
mod tests;
