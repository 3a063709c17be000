//! The search for one problem: checks, times and drops variants.
//!
//! A variant is checked before it is timed. Each kernel first runs for a short while in its default
//! launch. Kernels that cannot win are dropped; the best are also tried without PDL. The last few are
//! timed longer, and two that are close are timed in pairs. The outcome of each variant is a row. An
//! error of the meter ends the trial; rows that were handed out remain valid.

use super::compile::Compiled;
use super::screen::Screened;
use super::search::{Event, Fault, Meter, Order};
use crate::plan::measured::space::listed;
use crate::plan::measured::{Effort, Outcome, Row, Sample};
use crate::plan::{Limits, VariantLaunch};
use crate::problem::Problem;
use std::ops::ControlFlow;
use topkit_codegen::Variant;

/// A variant that takes more than so many times the best time is dropped.
const HOPELESS: f64 = 1.5;
/// Kernels that are also launched with the other setting of PDL, and variants that are timed longer.
const FINALISTS: usize = 3;
/// Times that the last two run in turn.
const PAIRS: usize = 3;
/// The last two are timed against each other if the second takes at most so many times the first's time.
const CLOSE: f64 = 1.05;

/// The ways to launch a kernel on a GPU, the default launch first.
pub(super) fn ways(variant: &Variant, limits: &Limits) -> impl Iterator<Item = VariantLaunch> {
    let default = VariantLaunch::of(variant);
    let without = VariantLaunch { pdl: false, ..default };
    let with_pdl = Some(default).filter(|default| default.pdl && limits.pdl);
    with_pdl.into_iter().chain([without])
}

/// The search for one problem.
pub(super) struct Trial<'a, 'b, M: Meter> {
    order: &'a Order<'a, M::Error>,
    meter: &'a mut M,
    compiled: &'a Compiled<M::Error>,
    tell: &'a mut (dyn FnMut(Event<'_>) -> ControlFlow<()> + 'b),
    problem: &'a Problem,
    /// Wrong answers.
    pub(super) wrong: usize,
}

/// Candidates and their times.
type Times = Vec<(VariantLaunch, Sample)>;

impl<'a, 'b, M: Meter> Trial<'a, 'b, M> {
    pub(super) fn new(
        order: &'a Order<'a, M::Error>,
        meter: &'a mut M,
        compiled: &'a Compiled<M::Error>,
        tell: &'a mut (dyn FnMut(Event<'_>) -> ControlFlow<()> + 'b),
        problem: &'a Problem,
    ) -> Trial<'a, 'b, M> {
        Trial { order, meter, compiled, tell, problem, wrong: 0 }
    }

    pub(super) fn run(&mut self, space: &[Screened]) -> Result<ControlFlow<()>, M::Error> {
        let mut flow = self.pass_over_space(space);
        let tried = space.iter().filter(|candidate| candidate.reason.is_none());
        let (mut default, mut others) = (Vec::new(), Vec::new());
        for Screened { variant, .. } in tried {
            let mut ways = ways(variant, self.order.limits);
            default.extend(ways.next());
            others.extend(ways);
        }
        let mut times = Times::new();
        for launch in default {
            if flow.is_break() {
                return Ok(flow);
            }
            flow = self.enter(launch, &mut times)?;
        }
        self.keep_hopeful(&mut times);
        for other in others {
            if flow.is_break() {
                return Ok(flow);
            }
            let hopeful = times.iter().any(|(launch, _)| launch.variant == other.variant);
            flow = if hopeful {
                self.enter(other, &mut times)?
            } else {
                let why = "the kernel's default launch is far from the fastest, or failed";
                self.row(&other, Outcome::PassedOver(why.to_owned()))
            };
        }
        if flow.is_break() {
            return Ok(flow);
        }
        self.keep_hopeful(&mut times);
        self.finish(&times)
    }

    /// Rows for the variants that are not measured, if their sizes are ever measured.
    fn pass_over_space(&mut self, space: &[Screened]) -> ControlFlow<()> {
        let mut passed: Vec<(VariantLaunch, String)> = Vec::new();
        for Screened { variant, reason } in space.iter().filter(|one| listed(&one.variant)) {
            let default = VariantLaunch::of(variant);
            if let Some(reason) = reason {
                passed.push((default, reason.clone()));
            } else if default.pdl && !self.order.limits.pdl {
                passed.push((default, "this GPU has no programmatic dependent launch".to_owned()));
            }
        }
        let known = self.order.known.iter().filter(|row| row.is_of(self.problem, self.order.spec));
        let known: Vec<&Row> = known.collect();
        for (launch, reason) in passed {
            let outcome = Outcome::PassedOver(reason);
            let plain = launch.plain();
            let is_known = known.iter().any(|row| row.launch == plain && row.outcome == outcome);
            if !is_known && self.row(&launch, outcome).is_break() {
                return ControlFlow::Break(());
            }
        }
        ControlFlow::Continue(())
    }

    /// The best few, the fastest first.
    fn keep_hopeful(&self, times: &mut Times) {
        times.sort_by(|(_, a), (_, b)| a.microseconds().total_cmp(&b.microseconds()));
        let least = times.first().map_or(0.0, |(_, sample)| sample.microseconds());
        times.retain(|(_, sample)| sample.microseconds() <= HOPELESS * least);
        times.truncate(FINALISTS);
    }

    /// Checks a candidate and times it for a short while.
    fn enter(
        &mut self,
        launch: VariantLaunch,
        times: &mut Times,
    ) -> Result<ControlFlow<()>, M::Error> {
        if self.order.clock.is_over() {
            return Ok(ControlFlow::Break(()));
        }
        if let Err(reason) = self.compiled.wait(&launch.variant)? {
            return Ok(self.fault(&launch, Fault::Refused(reason)));
        }
        if let Err(fault) = self.meter.check(self.problem, &launch)? {
            return Ok(self.fault(&launch, fault));
        }
        Ok(match self.meter.time(self.problem, &launch, Effort::Short)? {
            Ok(sample) => {
                times.push((launch, sample));
                self.timed(&launch, sample, Effort::Short)
            }
            Err(fault) => self.fault(&launch, fault),
        })
    }

    /// Times the last few for longer.
    fn finish(&mut self, times: &Times) -> Result<ControlFlow<()>, M::Error> {
        let mut finals = Times::new();
        for (launch, _) in times {
            if let Ok(sample) = self.meter.time(self.problem, launch, Effort::Full)? {
                finals.push((*launch, sample));
            }
        }
        self.run_off(&mut finals)?;
        for (launch, sample) in finals {
            let flow = self.timed(&launch, sample, Effort::Full);
            if flow.is_break() {
                return Ok(flow);
            }
        }
        Ok(ControlFlow::Continue(()))
    }

    /// The best two in turn, so that drift affects both alike; the medians replace their times.
    fn run_off(&mut self, finals: &mut [(VariantLaunch, Sample)]) -> Result<(), M::Error> {
        finals.sort_by(|(_, a), (_, b)| a.microseconds().total_cmp(&b.microseconds()));
        let [first, second, ..] = finals else { return Ok(()) };
        if second.1.microseconds() > CLOSE * first.1.microseconds() {
            return Ok(());
        }
        let mut samples = [vec![first.1], vec![second.1]];
        for _ in 0..PAIRS {
            for (launch, samples) in [first.0, second.0].iter().zip(&mut samples) {
                // A launch that fails now leaves the earlier times.
                let Ok(sample) = self.meter.time(self.problem, launch, Effort::Short)? else {
                    return Ok(());
                };
                samples.push(sample);
            }
        }
        let [one, other] = samples.map(median);
        (first.1, second.1) = (one, other);
        Ok(())
    }

    fn timed(&mut self, launch: &VariantLaunch, sample: Sample, effort: Effort) -> ControlFlow<()> {
        let Sample { warm, cold } = sample;
        self.row(launch, Outcome::Timed { warm, cold, effort })
    }

    fn fault(&mut self, launch: &VariantLaunch, fault: Fault) -> ControlFlow<()> {
        let outcome = match fault {
            Fault::Wrong(wrong) => {
                self.wrong += 1;
                Outcome::Wrong(wrong)
            }
            Fault::Refused(why) => Outcome::Refused(why),
        };
        self.row(launch, outcome)
    }

    fn row(&mut self, launch: &VariantLaunch, outcome: Outcome) -> ControlFlow<()> {
        let source = self.compiled.source(&launch.variant);
        let (problem, program) = (*self.problem, self.order.spec.program_id());
        let row = Row { problem, program, launch: launch.plain(), source, outcome };
        (self.tell)(Event::Row(&row))
    }
}

/// The median of warm and of cold.
pub(super) fn median(samples: Vec<Sample>) -> Sample {
    let middle = |value: fn(&Sample) -> f64| {
        let mut values: Vec<f64> = samples.iter().map(value).collect();
        values.sort_by(f64::total_cmp);
        values[(values.len() - 1) / 2]
    };
    Sample { warm: middle(|sample| sample.warm), cold: middle(|sample| sample.cold) }
}
