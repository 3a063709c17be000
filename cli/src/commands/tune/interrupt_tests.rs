//! Tests of Ctrl-C, by copies of the test program that search with a meter of made-up times.

use super::*;
use crate::commands::{Cli, Command as Task};
use clap::Parser;
use std::env;
use std::os::unix::process::ExitStatusExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Stdio, exit};
use std::thread;
use std::time::{Duration, Instant};
use topkit::tune::{
    Clock, Effort, Event, Fault, Meter, Order, Provenance, Recorder, Records, Sample,
    VariantLaunch, search, source_digest, space_hash,
};
use topkit::{Arch, DType, Problem, machine::Limits};

const FOLDER: &str = "TOPKIT_TEST_FOLDER";
const PACE: &str = "TOPKIT_TEST_PACE";

/// Takes so long for everything, and leaves a file when it begins.
struct Slow {
    pace: Duration,
    begun: PathBuf,
}

const BEGUN: &str = "begun";

impl Meter for Slow {
    type Error = String;

    fn check(&mut self, _: &Problem, _: &VariantLaunch) -> Result<Result<(), Fault>, String> {
        std::fs::write(&self.begun, "").map_err(|error| error.to_string())?;
        thread::sleep(self.pace);
        Ok(Ok(()))
    }

    fn time(
        &mut self,
        _: &Problem,
        _: &VariantLaunch,
        _: Effort,
    ) -> Result<Result<Sample, Fault>, String> {
        Ok(Ok(Sample { warm: 1.0, cold: 1.0 }))
    }

    fn read_once(&mut self, _: &Problem) -> Result<Option<Sample>, String> {
        Ok(None)
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

/// In a copy: the whole way of `topkit tune` but for the GPU, up to the exit code.
fn copy(folder: &Path, pace: u64) -> ! {
    let path = folder.join("r.jsonl");
    let interrupt = Interrupt::listen().unwrap();
    let spec = super::super::spec().unwrap();
    let problems = [1, 8, 32].map(|rows| Problem::new(DType::F32, rows, 32768, 64));
    let mut recorder = Recorder::open(&path, &here()).unwrap();
    let order = Order {
        spec: &spec,
        problems: &problems,
        limits: &Limits::of_arch(Arch::of_device(9, 0)),
        known: &[],
        readings: &[],
        compile: &|_| Ok(Ok(())),
        threads: 1,
        clock: Clock::of(Duration::from_secs(600)),
    };
    let mut meter = Slow { pace: Duration::from_millis(pace), begun: folder.join(BEGUN) };
    let summary = search(&order, &mut meter, &mut |event| {
        if let Event::Row(row) = event {
            recorder.add(row).unwrap();
        }
        interrupt.flow()
    });
    let records = Records::read(&path).unwrap().usable(Some(&here()), source_digest);
    let cli = Cli::try_parse_from(["topkit", "tune", "--report"]).unwrap();
    let Task::Tune(args) = &cli.command else { panic!("another command") };
    let told = super::super::tell(args, &path, &records, Some((summary.unwrap(), &interrupt)));
    let report = told.unwrap();
    println!("{}", report.text);
    exit(report.exit.number().into())
}

/// Starts a copy of the test of this name, and waits until it checks its first candidate.
fn start(test: &str, folder: &Path, pace: u64) -> Child {
    let mut command = Command::new(env::current_exe().unwrap());
    command.args([&format!("commands::tune::interrupt::tests::{test}"), "--exact", "--nocapture"]);
    command.env(FOLDER, folder).env(PACE, pace.to_string()).stdout(Stdio::piped());
    let child = command.spawn().unwrap();
    until(|| folder.join(BEGUN).exists());
    child
}

fn until(is_so: impl Fn() -> bool) {
    let start = Instant::now();
    while !is_so() {
        assert!(start.elapsed() < Duration::from_secs(60), "waited in vain");
        thread::sleep(Duration::from_millis(2));
    }
}

fn press(child: &Child) {
    let id = child.id().to_string();
    assert!(Command::new("kill").args(["-INT", &id]).status().unwrap().success());
}

fn end(child: Child) -> (ExitStatus, String) {
    let output = child.wait_with_output().unwrap();
    (output.status, String::from_utf8_lossy(&output.stdout).into_owned())
}

/// In a copy, its folder and pace.
fn role() -> Option<(PathBuf, u64)> {
    Some((env::var_os(FOLDER)?.into(), env::var(PACE).ok()?.parse().ok()?))
}

#[test]
fn the_first_ends_the_search_and_tells_what_is_known() {
    if let Some((folder, pace)) = role() {
        copy(&folder, pace);
    }
    let folder = tempfile::tempdir().unwrap();
    let child = start("the_first_ends_the_search_and_tells_what_is_known", folder.path(), 100);
    let path = folder.path().join("r.jsonl");
    until(|| std::fs::read_to_string(&path).is_ok_and(|text| text.contains("timed")));
    press(&child);
    let (status, said) = end(child);
    assert_eq!(status.code(), Some(130), "{said}");
    assert!(said.contains("0 problems measured, 3 left; call again to go on"), "{said}");
    assert!(said.contains("fastest") && said.contains("f32"), "no table in {said}");
    let records = Records::read(&path).unwrap();
    assert_eq!(records.refused, Vec::<String>::new());
}

#[test]
fn the_second_ends_the_program() {
    if let Some((folder, pace)) = role() {
        copy(&folder, pace);
    }
    let folder = tempfile::tempdir().unwrap();
    // The first candidate takes longer than the test waits.
    let mut child = start("the_second_ends_the_program", folder.path(), 600_000);
    press(&child);
    thread::sleep(Duration::from_millis(200));
    assert_eq!(child.try_wait().unwrap(), None, "one was enough");
    press(&child);
    let (status, _) = end(child);
    assert_eq!(status.signal(), Some(SIGINT));
}
