//! Tests of the search, on a meter of made-up times.

use super::*;
use crate::tune::trial::median;
use std::collections::{HashMap, HashSet};
use std::sync::Mutex;
use topkit_codegen::{Arch, DType};

/// Takes the times that the names say, and logs every name.
#[derive(Default)]
struct Mock {
    us: HashMap<&'static str, f64>,
    wrong: HashSet<&'static str>,
    unfit: HashSet<&'static str>,
    checked: Vec<String>,
    timed: Vec<(String, Effort)>,
    dies_after: Option<usize>,
    /// There is no memory for problems of so many rows.
    too_large: Option<usize>,
    /// Its compile fails, which it is not to blame for.
    uncompiled: Option<&'static str>,
    readings: Vec<Problem>,
}

impl Meter for Mock {
    type Error = String;

    fn check(&mut self, of: &Problem, launch: &VariantLaunch) -> Result<Result<(), Fault>, String> {
        if self.too_large == Some(of.rows) {
            return Err(NO_MEMORY.into());
        }
        let name = launch.name();
        self.checked.push(name.clone());
        let wrong = self.wrong.contains(name.as_str());
        Ok(if wrong { Err(Fault::Wrong("row 0".into())) } else { Ok(()) })
    }

    fn time(
        &mut self,
        _: &Problem,
        launch: &VariantLaunch,
        effort: Effort,
    ) -> Result<Result<Sample, Fault>, String> {
        let name = launch.name();
        assert!(self.checked.contains(&name), "{name} was timed before it was checked");
        if self.dies_after == Some(self.timed.len()) {
            return Err("the GPU is gone".into());
        }
        self.timed.push((name.clone(), effort));
        if self.unfit.contains(name.as_str()) {
            return Ok(Err(Fault::Refused("no room".into())));
        }
        let us = self.us.get(name.as_str()).copied().unwrap_or(9.0);
        Ok(Ok(Sample { warm: us / 2.0, cold: us * 2.0 }))
    }

    fn read_once(&mut self, problem: &Problem) -> Result<Option<Sample>, String> {
        self.readings.push(*problem);
        Ok(Some(Sample { warm: 1.0, cold: 1.0 }))
    }

    fn goes_on(&self, error: &String) -> bool {
        error == NO_MEMORY
    }
}

const NO_MEMORY: &str = "no memory for the scores";

const BLOCK: &str = "block_filter v4_b2048_t512_r32_pdl";
const LATE: &str = "block_filter v4_b2048_t512_r32";
const SMALL: &str = "block_filter v4_b2048_t512_r16_pdl";
const HELD: &str = "block_resident v4_b2048_t512_r64_pdl";
const PAIR: &str = "cluster_resident v4_b4096_t512_r32_c2";
const FOUR: &str = "cluster_resident v4_b4096_t512_r16_c4_pdl";

struct Found {
    rows: Vec<Row>,
    readings: Vec<Reading>,
    result: Result<Summary, String>,
    compiled: Vec<String>,
}

impl Found {
    fn last(&self, name: &str) -> &Outcome {
        &self.rows.iter().rev().find(|row| row.launch.name() == name).unwrap().outcome
    }
}

fn problems() -> Vec<Problem> {
    [8, 16].map(|rows| Problem::new(DType::F32, rows, 32768, 64)).to_vec()
}

fn searched(mock: &mut Mock, known: &[Row], seconds: u64, stop_at: usize) -> Found {
    searched_for(mock, &problems(), known, seconds, stop_at)
}

fn searched_for(
    mock: &mut Mock,
    problems: &[Problem],
    known: &[Row],
    seconds: u64,
    stop_at: usize,
) -> Found {
    let spec = SelectorSpec::builder("Test").dtype([DType::F32]).build().unwrap();
    let limits = Limits::of_arch(Arch::of_device(9, 0));
    let compiled = Mutex::new(Vec::new());
    let uncompiled = mock.uncompiled;
    let order = Order {
        spec: &spec,
        problems,
        limits: &limits,
        known,
        readings: &[],
        compile: &|variant: &Variant| {
            compiled.lock().unwrap().push(variant.short_name());
            assert_ne!(variant.short_name(), "block_filter v4_b2048_t512_r16", "this one panics");
            let rows = variant.semantics.rows;
            assert!(problems.iter().any(|problem| problem.ragged == (rows == RowShape::Ragged)));
            if uncompiled == Some(variant.short_name().as_str()) {
                return Err("the compiler has no memory".into());
            }
            Ok(if variant.short_name() == PAIR {
                Err("refused by the compiler".into())
            } else {
                Ok(())
            })
        },
        threads: 3,
        clock: Clock::of(Duration::from_secs(seconds)),
    };
    let (mut rows, mut readings) = (Vec::new(), Vec::new());
    let result = search(&order, mock, &mut |event| {
        match event {
            Event::Row(row) => rows.push(row.clone()),
            Event::Reading(reading) => readings.push(*reading),
            Event::Problem(..) => {}
        }
        if rows.len() == stop_at { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
    });
    Found { rows, readings, result, compiled: compiled.into_inner().unwrap() }
}

#[test]
fn every_candidate_has_a_row_and_the_best_are_timed_with_care() {
    let us = HashMap::from([(BLOCK, 5.0), (FOUR, 5.1), (HELD, 7.6)]);
    let mut mock = Mock { us, ..Mock::default() };
    let found = searched(&mut mock, &[], 600, usize::MAX);
    let summary = found.result.clone().unwrap();
    assert_eq!((summary.finished, summary.left, summary.wrong), (2, 0, 0));
    let early = format!("{PAIR}_pdl");
    assert_eq!(found.last(&early), &Outcome::Refused("refused by the compiler".into()));
    assert!(matches!(found.last(PAIR), Outcome::PassedOver(_)));
    assert!(matches!(found.last(SMALL), Outcome::Refused(why) if why.contains("stopped")));
    let Outcome::Timed { warm, cold, effort } = *found.last(BLOCK) else { panic!() };
    assert_eq!((warm, cold, effort), (2.5, 10.0, Effort::Full));
    // More than 1.5 times the best.
    assert!(matches!(found.last(HELD), Outcome::Timed { effort: Effort::Short, .. }));
    let full: Vec<_> = mock.timed.iter().filter(|(_, effort)| *effort == Effort::Full).collect();
    // In two problems the best two of three, since the third is more than 1.5 times as slow, and
    // the best kernels in their default launch were launched without PDL too.
    assert_eq!(full.len(), 2 * 2, "{full:?}");
    // Each problem begins once, and then they take turns.
    let short =
        |name: &str| mock.timed.iter().filter(|t| **t == (name.into(), Effort::Short)).count();
    assert_eq!([BLOCK, FOUR, HELD].map(short), [8, 8, 2]);
    let distinct: HashSet<_> = found.compiled.iter().collect();
    assert_eq!(distinct.len(), found.compiled.len(), "compiled twice");
    let measured = |row: &&Row| !matches!(row.outcome, Outcome::PassedOver(_));
    assert!(found.rows.iter().filter(measured).all(|row| row.source.len() == 16));
}

#[test]
fn the_best_are_launched_late_too_and_either_may_win() {
    let us = HashMap::from([(BLOCK, 5.0), (LATE, 4.0), (FOUR, 5.1)]);
    let mut mock = Mock { us, ..Mock::default() };
    let found = searched(&mut mock, &[], 600, usize::MAX);
    assert_eq!(found.result.as_ref().unwrap().finished, 2);
    let full = |name: &str| matches!(found.last(name), Outcome::Timed { effort: Effort::Full, .. });
    assert_eq!([LATE, BLOCK, FOUR].map(full), [true; 3]);
    let first = mock.timed.iter().position(|(name, _)| name == LATE).unwrap();
    let default = mock.timed.iter().position(|(name, _)| name == FOUR).unwrap();
    assert!(first > default, "{:?}", mock.timed);
    // A variant that is far behind is not launched with the other setting of PDL.
    assert!(matches!(found.last("block_resident v4_b2048_t512_r64"), Outcome::PassedOver(_)));
}

#[test]
fn what_cannot_serve_has_a_row_with_the_reason() {
    let found = searched(&mut Mock::default(), &[], 600, usize::MAX);
    let reason = |name: &str| match found.last(name) {
        Outcome::PassedOver(why) => why.clone(),
        outcome => panic!("{name}: {outcome:?}"),
    };
    let short = reason("block_resident v4_b2048_t512_r8_pdl");
    assert!(short.contains("at most 4096 columns"), "{short}");
    assert!(reason("block_radix v4_b2048_t1024").contains("fewer times"));
    // Sizes that are never measured have none.
    assert!(found.rows.iter().all(|row| row.launch.variant.vec_size == 4));
}

#[test]
fn reading_once_is_timed_once_for_every_k_and_layout() {
    let problem = problems()[0];
    let ragged = Problem { ragged: true, ..problem };
    let all = [problem, Problem { k: 128, ..problem }, ragged];
    let mut mock = Mock::default();
    let found = searched_for(&mut mock, &all, &[], 600, usize::MAX);
    assert_eq!(mock.readings, [problem, ragged]);
    let told: Vec<Problem> = found.readings.iter().map(|reading| reading.problem).collect();
    assert_eq!(told, [problem, ragged].map(|problem| Problem { k: 0, ..problem }));
    // The kernels have the problem's kind of rows, and rows name them by the default semantics.
    assert!(found.rows.iter().all(|row| row.launch == row.launch.plain()));
}

#[test]
fn the_run_off_decides_by_medians() {
    let samples = [3.0, 1.0, 2.0, 9.0].map(|us| Sample { warm: us, cold: 10.0 * us }).to_vec();
    assert_eq!(median(samples), Sample { warm: 2.0, cold: 20.0 });
}

#[test]
fn a_wrong_answer_has_no_time() {
    let mut mock = Mock::default();
    mock.wrong.insert(BLOCK);
    mock.unfit.insert(FOUR);
    let found = searched(&mut mock, &[], 600, usize::MAX);
    assert_eq!(found.last(BLOCK), &Outcome::Wrong("row 0".into()));
    assert_eq!(found.last(FOUR), &Outcome::Refused("no room".into()));
    assert!(mock.timed.iter().all(|(name, _)| name != BLOCK));
    assert_eq!(found.result.unwrap().wrong, 2);
}

#[test]
fn a_compile_that_fails_through_no_fault_of_its_kernel_is_no_row() {
    let name = "block_filter v4_b2048_t512_r32";
    let mut mock = Mock { uncompiled: Some(name), ..Mock::default() };
    let failed = searched(&mut mock, &[], 600, usize::MAX);
    assert_eq!(failed.result.unwrap_err(), "the compiler has no memory");
    let of_it = |row: &&Row| row.launch.variant.short_name() == name;
    assert_eq!(failed.rows.iter().find(of_it), None);
    // The next search measures the kernel.
    let found = searched(&mut Mock::default(), &failed.rows, 600, usize::MAX);
    assert_eq!(found.result.as_ref().unwrap().finished, 2);
    assert!(matches!(found.last(BLOCK), Outcome::Timed { .. }));
}

#[test]
fn what_is_known_is_not_measured_again() {
    let whole = searched(&mut Mock::default(), &[], 600, usize::MAX);
    let mut again = Mock::default();
    let found = searched(&mut again, &whole.rows, 600, usize::MAX);
    assert_eq!((found.rows.len(), found.result.unwrap().finished), (0, 2));
    assert!(again.timed.is_empty() && found.compiled.is_empty());
    // The second problem was not finished.
    let (first, second) = (problems()[0], problems()[1]);
    let part: Vec<Row> = whole.rows.iter().filter(|row| row.problem == first).cloned().collect();
    let rest = searched(&mut Mock::default(), &part, 600, usize::MAX);
    assert!(!rest.rows.is_empty() && rest.rows.iter().all(|row| row.problem == second));
}

#[test]
fn it_ends_when_told_when_time_is_over_and_when_the_gpu_is_gone() {
    let told = searched(&mut Mock::default(), &[], 600, 3);
    let summary = told.result.unwrap();
    assert_eq!((told.rows.len(), summary.finished, summary.left), (3, 0, 2));
    let over = searched(&mut Mock::default(), &[], 0, usize::MAX);
    assert_eq!((over.rows.len(), over.result.unwrap().left), (0, 2));
    let mut gone = Mock { dies_after: Some(2), ..Mock::default() };
    let gone = searched(&mut gone, &[], 600, usize::MAX);
    assert_eq!(gone.result.unwrap_err(), "the GPU is gone");
    let timed = |row: &&Row| row.outcome.microseconds().is_some();
    assert_eq!(gone.rows.iter().filter(timed).count(), 2, "what was known is lost");
}

#[test]
fn a_problem_without_memory_is_left_and_the_others_are_measured() {
    let mut mock = Mock { too_large: Some(8), ..Mock::default() };
    let found = searched(&mut mock, &[], 60, usize::MAX);
    assert_eq!(found.result, Err(NO_MEMORY.to_owned()));
    let timed = |row: &Row| row.outcome.microseconds().is_some();
    assert!(found.rows.iter().any(|row| row.problem.rows == 16 && timed(row)));
    // A variant that was not to blame has no row, so that another search tries it again.
    let tried = |row: &&Row| !matches!(row.outcome, Outcome::PassedOver(_));
    assert_eq!(found.rows.iter().filter(tried).filter(|row| row.problem.rows == 8).count(), 0);
    let again = searched(&mut Mock::default(), &found.rows, 60, usize::MAX);
    assert_eq!(again.result.map(|summary| (summary.finished, summary.left)), Ok((2, 0)));
}
