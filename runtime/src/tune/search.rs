//! The search: which variants are measured for which problem, in which order, and when to stop.
//!
//! Kernels are compiled on other threads; `trial` goes through the kernels of one problem. The GPU is
//! behind [`Meter`], so that this flow is tested without one. Every row is handed out as soon as it is
//! known, so that a search may end at any time. An error of the meter itself ends it.

use super::compile::Compiled;
use super::screen::{Screened, screen};
use super::trial::{Trial, ways};
use crate::plan::measured::{Effort, Outcome, Reading, Row, Sample};
use crate::plan::{Limits, VariantLaunch};
use crate::problem::Problem;
use std::collections::HashSet;
use std::ops::ControlFlow;
use std::thread;
use std::time::{Duration, Instant};
use topkit_codegen::{RowShape, SelectorSpec, Variant};

/// Something that checks and times kernels.
pub trait Meter {
    /// The error that ends measuring.
    type Error: Clone + Send;

    /// Whether the answers of a kernel are right, to a problem and to adversarial inputs. It was
    /// compiled before.
    fn check(
        &mut self,
        problem: &Problem,
        launch: &VariantLaunch,
    ) -> Result<Result<(), Fault>, Self::Error>;

    /// The time of a launch.
    fn time(
        &mut self,
        problem: &Problem,
        launch: &VariantLaunch,
        effort: Effort,
    ) -> Result<Result<Sample, Fault>, Self::Error>;

    /// The time of reading a problem's scores once; `None` if it cannot be measured.
    fn read_once(&mut self, problem: &Problem) -> Result<Option<Sample>, Self::Error>;

    /// Whether other problems can still be measured after this error. If the GPU does not answer, they
    /// cannot.
    fn goes_on(&self, error: &Self::Error) -> bool {
        let _ = error;
        false
    }
}

/// Why a kernel has no time.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Fault {
    /// Its answer is wrong.
    Wrong(String),
    /// The GPU or the compiler refused it.
    Refused(String),
}

/// A search to do, with a meter whose errors are `E`.
pub struct Order<'a, E> {
    /// The selector. Its variants are measured on ragged rows where a problem has them.
    pub spec: &'a SelectorSpec,
    /// The problems, in the order in which they are measured.
    pub problems: &'a [Problem],
    /// The limits of the GPU.
    pub limits: &'a Limits,
    /// Rows of an earlier search in the same place. The problems that it finished are passed over.
    pub known: &'a [Row],
    /// Its times of reading once.
    pub readings: &'a [Reading],
    /// Compiles a kernel; called from several threads, once for each kernel. The inner error says why it
    /// is refused, and becomes its row; the outer one ends the search, like an error of the meter.
    pub compile: &'a Compile<'a, E>,
    /// Threads that compile.
    pub threads: usize,
    /// When to stop.
    pub clock: Clock,
}

/// A compiler of kernels, whose inner error blames the kernel.
pub type Compile<'a, E> = dyn Fn(&Variant) -> Result<Result<(), String>, E> + Sync + 'a;

/// The time that a search may take.
#[derive(Debug, Clone, Copy)]
pub struct Clock {
    start: Instant,
    budget: Duration,
}

impl Clock {
    /// The given time from now on.
    pub fn of(budget: Duration) -> Clock {
        Clock { start: Instant::now(), budget }
    }

    pub(super) fn is_over(&self) -> bool {
        self.start.elapsed() >= self.budget
    }
}

/// An event of a search.
#[derive(Debug)]
#[non_exhaustive]
pub enum Event<'a> {
    /// A problem begins or is passed over, with its place among all.
    Problem(usize, &'a Problem),
    /// A candidate has an outcome.
    Row(&'a Row),
    /// The time of reading a problem's scores once is known.
    Reading(&'a Reading),
}

/// How far a search came.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Summary {
    /// Problems that were finished, in this search or before.
    pub finished: usize,
    /// Problems that were not finished.
    pub left: usize,
    /// Kernels that gave a wrong answer.
    pub wrong: usize,
}

/// Searches. It ends when all problems are finished, when the time is over, and when `tell` breaks. An
/// error after which the meter goes on, such as a problem too large for the GPU's memory, leaves its
/// problem for another search.
///
/// # Errors
/// The first error of the meter, or of a compile; rows that were handed out remain valid.
pub fn search<M: Meter>(
    order: &Order<'_, M::Error>,
    meter: &mut M,
    tell: &mut dyn FnMut(Event<'_>) -> ControlFlow<()>,
) -> Result<Summary, M::Error> {
    let spaces: Vec<Vec<Screened>> =
        order.problems.iter().map(|problem| space(order, problem)).collect();
    let finished: Vec<bool> = order
        .problems
        .iter()
        .zip(&spaces)
        .map(|(problem, space)| finished(order, problem, space))
        .collect();
    let open = spaces.iter().zip(&finished).filter(|(_, finished)| !**finished);
    let compiled = Compiled::new(open.flat_map(|(space, _)| tried(space)));
    let mut readings: HashSet<Problem> =
        order.readings.iter().map(|reading| reading.problem).collect();
    thread::scope(|scope| {
        for _ in 0..order.threads.max(1) {
            scope.spawn(|| compiled.work(order.compile));
        }
        // However the search ends, compiling ends.
        let _stop = compiled.stop_on_drop();
        let mut summary = Summary { left: order.problems.len(), ..Summary::default() };
        let mut failed = None;
        for (place, problem) in order.problems.iter().enumerate() {
            if order.clock.is_over() || tell(Event::Problem(place, problem)).is_break() {
                break;
            }
            if !finished[place] {
                let every_k = Problem { k: 0, ..*problem };
                if readings.insert(every_k)
                    && let Some(sample) = meter.read_once(problem)?
                    && tell(Event::Reading(&Reading { problem: every_k, sample })).is_break()
                {
                    break;
                }
                let mut trial = Trial::new(order, meter, &compiled, tell, problem);
                let flow = trial.run(&spaces[place]);
                summary.wrong += trial.wrong;
                match flow {
                    Ok(ControlFlow::Continue(())) => {}
                    Ok(ControlFlow::Break(())) => break,
                    Err(error) if meter.goes_on(&error) => {
                        failed.get_or_insert(error);
                        continue;
                    }
                    Err(error) => return Err(error),
                }
            }
            summary.finished += 1;
            summary.left -= 1;
        }
        failed.map_or(Ok(summary), Err)
    })
}

/// The variants of a problem, as kernels for its layout.
fn space<E>(order: &Order<'_, E>, problem: &Problem) -> Vec<Screened> {
    let rows = if problem.ragged { RowShape::Ragged } else { RowShape::Dense };
    let mut all = screen(order.spec, problem, order.limits);
    for candidate in &mut all {
        candidate.variant.semantics.rows = rows;
    }
    all
}

fn tried(space: &[Screened]) -> impl Iterator<Item = Variant> {
    let tried = space.iter().filter(|candidate| candidate.reason.is_none());
    tried.map(|candidate| candidate.variant)
}

/// Whether every candidate has a row, and a winner was timed longer where any could be.
fn finished<E>(order: &Order<'_, E>, problem: &Problem, space: &[Screened]) -> bool {
    let rows: Vec<&Row> = order.known.iter().filter(|row| row.is_of(problem, order.spec)).collect();
    let known: HashSet<VariantLaunch> = rows.iter().map(|row| row.launch).collect();
    let has = |variant: Variant| {
        ways(&variant, order.limits).all(|launch| known.contains(&launch.plain()))
    };
    let full = |row: &&Row| matches!(row.outcome, Outcome::Timed { effort: Effort::Full, .. });
    let timed = |row: &&Row| row.outcome.microseconds().is_some();
    tried(space).all(has) && (rows.iter().any(full) || !rows.iter().any(timed))
}

#[cfg(test)]
#[path = "search_tests.rs"]
mod tests;
