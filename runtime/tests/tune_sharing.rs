//! Records when processes die and when they share: searches with a meter of made-up times, in copies
//! of this program.
#![allow(clippy::unwrap_used, reason = "a test stops at what it did not expect")]

mod support;

use std::collections::HashSet;
use std::ops::ControlFlow;
use std::path::Path;
use std::thread;
use std::time::Duration;
use support::{Copy, role, until};
use topkit::tune::{
    Clock, Effort, Event, Fault, Meter, Order, Outcome, Provenance, Recorder, Records, Row, Sample,
    Summary, VariantLaunch, search, source_digest, space_hash,
};
use topkit::{Arch, DType, Problem, SelectorSpec, machine::Limits};

/// A meter that takes so long to time, and then writes down the name.
struct Slow<'a> {
    pace: Duration,
    log: &'a Path,
}

impl Meter for Slow<'_> {
    type Error = String;

    fn check(&mut self, _: &Problem, _: &VariantLaunch) -> Result<Result<(), Fault>, String> {
        Ok(Ok(()))
    }

    fn time(
        &mut self,
        problem: &Problem,
        launch: &VariantLaunch,
        effort: Effort,
    ) -> Result<Result<Sample, Fault>, String> {
        thread::sleep(self.pace);
        // By name, so that every process finds the same variant fastest.
        let us = 2.0 + launch.name().bytes().map(f64::from).sum::<f64>() / 1e3;
        if effort == Effort::Short {
            let path = self.log.join(format!("{problem} {}", launch.name()).replace('/', "-"));
            std::fs::write(path, "").unwrap();
        }
        Ok(Ok(Sample { warm: us, cold: us }))
    }

    fn read_once(&mut self, _: &Problem) -> Result<Option<Sample>, String> {
        Ok(Some(Sample { warm: 1.0, cold: 1.0 }))
    }
}

fn here() -> Provenance {
    Provenance {
        device: "Sample".into(),
        arch: "sm_90a".into(),
        multiprocessors: 132,
        driver: "13.0".into(),
        compiler: "nvrtc 13.0".into(),
        space: space_hash(),
    }
}

fn problems() -> Vec<Problem> {
    [1, 8, 32].map(|rows| Problem::new(DType::F32, rows, 32768, 64)).to_vec()
}

fn records(folder: &Path) -> Records {
    Records::read(&folder.join("r.jsonl")).unwrap()
}

/// One process's tuning: reads the known rows, and continues the search.
fn tune(folder: &Path, pace: Duration) -> Summary {
    let log = folder.join("timed");
    std::fs::create_dir_all(&log).unwrap();
    let known = records(folder).usable(Some(&here()), source_digest);
    let rows: Vec<Row> = known.rows.into_iter().map(|(_, row)| row).collect();
    let readings: Vec<_> = known.readings.into_iter().map(|(_, reading)| reading).collect();
    let mut recorder = Recorder::open(&folder.join("r.jsonl"), &here()).unwrap();
    let spec = SelectorSpec::builder("Test").dtype([DType::F32]).build().unwrap();
    let order = Order {
        spec: &spec,
        problems: &problems(),
        limits: &Limits::of_arch(Arch::of_device(9, 0)),
        known: &rows,
        readings: &readings,
        compile: &|_| Ok(Ok(())),
        threads: 1,
        clock: Clock::of(Duration::from_secs(600)),
    };
    let mut tell = |event: Event<'_>| {
        match event {
            Event::Row(row) => recorder.add(row).unwrap(),
            Event::Reading(reading) => recorder.add_reading(reading).unwrap(),
            _ => {}
        }
        ControlFlow::Continue(())
    };
    search(&order, &mut Slow { pace, log: &log }, &mut tell).unwrap()
}

/// The names with a time.
fn timed(records: &Records) -> HashSet<String> {
    let timed = records.rows.iter().filter(|(_, row)| row.outcome.microseconds().is_some());
    timed.map(|(_, row)| format!("{} {}", row.problem, row.launch.name())).collect()
}

fn finished(records: &Records) -> usize {
    let full = |row: &Row| matches!(row.outcome, Outcome::Timed { effort: Effort::Full, .. });
    let problems: HashSet<Problem> =
        records.rows.iter().filter(|(_, row)| full(row)).map(|(_, row)| row.problem).collect();
    problems.len()
}

#[test]
fn a_process_that_is_killed_loses_nothing_and_the_next_goes_on() {
    if let Some((folder, _)) = role() {
        tune(&folder, Duration::from_millis(10));
        return;
    }
    let folder = tempfile::tempdir().unwrap();
    let name = "a_process_that_is_killed_loses_nothing_and_the_next_goes_on";
    let copy = Copy::of(name, folder.path(), "tuner");
    until("a problem is finished and the next begun", || finished(&records(folder.path())) == 1);
    thread::sleep(Duration::from_millis(40));
    copy.kill();

    let left = records(folder.path());
    // It may have died within the one line that it was writing.
    assert!(left.refused.len() <= 1, "{:?}", left.refused);
    let known = timed(&left);
    let log: HashSet<String> = std::fs::read_dir(folder.path().join("timed"))
        .unwrap()
        .map(|file| file.unwrap().file_name().into_string().unwrap())
        .collect();
    let lost: Vec<_> = log.difference(&known).collect();
    // Or between timing and writing.
    assert!(lost.len() <= 1 && known.len() > 3, "lost {lost:?} of {}", log.len());

    let first: Vec<(String, Row)> =
        left.rows.iter().filter(|(_, row)| row.problem == problems()[0]).cloned().collect();
    std::fs::remove_dir_all(folder.path().join("timed")).unwrap();
    let summary = tune(folder.path(), Duration::ZERO);
    assert_eq!((summary.finished, summary.left), (3, 0));
    let whole = records(folder.path());
    assert_eq!((finished(&whole), whole.readings.len()), (3, 3));
    for row in &first {
        assert!(whole.rows.contains(row), "{row:?} is gone");
    }
    // A finished problem was not timed again.
    let again = std::fs::read_dir(folder.path().join("timed")).unwrap();
    let prefix = problems()[0].to_string();
    for file in again {
        let name = file.unwrap().file_name().into_string().unwrap();
        assert!(!name.starts_with(&prefix), "{name} was timed again");
    }
}

#[test]
fn processes_that_tune_at_once_corrupt_nothing() {
    if let Some((folder, _)) = role() {
        let summary = tune(&folder, Duration::from_millis(1));
        assert_eq!((summary.finished, summary.left), (3, 0));
        return;
    }
    let folder = tempfile::tempdir().unwrap();
    let name = "processes_that_tune_at_once_corrupt_nothing";
    let copies: Vec<Copy> = (0..3).map(|_| Copy::of(name, folder.path(), "tuner")).collect();
    copies.into_iter().for_each(Copy::join);
    let all = records(folder.path());
    assert_eq!(all.refused, Vec::<String>::new());
    assert_eq!((finished(&all), all.runs.len()), (3, 1));
    // Whoever measured it, every candidate has one row, as in a tuning by one process alone.
    let alone = tempfile::tempdir().unwrap();
    tune(alone.path(), Duration::ZERO);
    assert_eq!(timed(&all), timed(&records(alone.path())));
}
