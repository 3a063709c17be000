//! `topkit tune`: measures which kernel is fastest for which problem, and keeps it as records that
//! plans on this machine go by.
//!
//! The search is the library's; here are the problems ([`grid`]), their scores and the judge of
//! answers ([`input`]), the GPU ([`device`]) and what is told ([`report`]). Rows are written as soon as
//! they are known, so that the program may be ended at any time: the next call goes on where this one
//! stopped. Records become a shipped table by `--ship`.

mod buffer;
mod device;
mod grid;
mod input;
mod report;

use crate::exit::{Exit, Failure};
use crate::progress;
use crate::report::{Report, count};
use device::Gpu;
use grid::Grid;
use serde_json::json;
use std::ops::ControlFlow;
use std::path::{Path, PathBuf};
use std::time::Duration;
use topkit::tune::{
    Clock, Event, Order, Provenance, Recorder, Records, Row, Summary, search, ship, source_digest,
};
use topkit::{DType, Engine, KernelSpec, Problem, Variant};

const WHAT: &str = "What is measured";

/// The arguments of `topkit tune`.
#[derive(Debug, clap::Args)]
pub struct Args {
    /// Grids of problems; one or a list. Without it, and without --cell: seed. A table that ships is
    /// made of `all`.
    #[arg(long, value_name = "GRID", value_delimiter = ',', help_heading = WHAT)]
    grid: Vec<Grid>,
    /// One problem: DTYPE,ROWS,COLUMNS,K. May be repeated.
    #[arg(long, value_name = "CELL", help_heading = WHAT, value_parser = grid::cell)]
    cell: Vec<Problem>,
    /// Stop after so many seconds, with what is known by then.
    #[arg(long, value_name = "SECONDS", default_value_t = 300, help_heading = WHAT)]
    budget: u64,
    /// Measure nothing; read earlier records in place of it. Needs no GPU.
    #[arg(long, value_name = "FILE", help_heading = WHAT,
        conflicts_with_all = ["grid", "cell", "budget", "out"])]
    from: Option<PathBuf>,

    /// The file of the records, which rows are added to. Without it: the one in the cache folder,
    /// which plans on this machine go by.
    #[arg(long, value_name = "FILE", help_heading = "Output")]
    out: Option<PathBuf>,
    /// Print the fastest kernel of every problem in the records.
    #[arg(long, help_heading = "Output")]
    report: bool,
    /// Write the table that ships with the library to this file, made of the records.
    #[arg(long, value_name = "FILE", help_heading = "Output")]
    ship: Option<PathBuf>,
}

/// Measures or reads, and tells.
pub fn tune(args: &Args, json: bool) -> Result<Report, Failure> {
    match &args.from {
        Some(path) => {
            if !path.exists() {
                return Err(Failure::input(format!("there is no file {}", path.display())));
            }
            let records = read(path)?.usable(None, source_digest);
            tell(args, path, &records, None)
        }
        None => {
            let problems = args.problems();
            if topkit::Config::from_env().override_dir.is_some() {
                let message = "TOPKIT_OVERRIDE is set, and times of edited kernels would be kept as \
                               those of the generated ones; unset it";
                return Err(Failure::input(message));
            }
            let engine = Engine::new().map_err(unfit)?;
            engine.nvrtc().map_err(unfit)?;
            let here = Provenance::of(&engine);
            let here = here.ok_or_else(|| unfit(topkit::Error::Offline { arch: engine.arch() }))?;
            let path = match (&args.out, engine.records()) {
                (Some(path), _) => path.clone(),
                (None, Some(path)) => path,
                (None, None) => {
                    let message = "nothing is kept on disk here; name a file with --out";
                    return Err(Failure::input(message));
                }
            };
            let known = read(&path)?.usable(Some(&here), source_digest);
            let known: Vec<Row> = known.rows.into_iter().map(|(_, row)| row).collect();
            let mut recorder =
                Recorder::open(&path, &here).map_err(|error| unwritten(&path, &error))?;
            let summary = measure(args, &engine, &problems, &known, &mut recorder, json)?;
            let records = read(&path)?.usable(Some(&here), source_digest);
            tell(args, &path, &records, Some(summary))
        }
    }
}

impl Args {
    fn problems(&self) -> Vec<Problem> {
        let seed = self.grid.is_empty() && self.cell.is_empty();
        grid::problems(if seed { &[Grid::Seed] } else { &self.grid }, &self.cell)
    }
}

/// The family whose members are measured: all that the space of candidates may name.
fn family() -> Result<KernelSpec, Failure> {
    let builder = KernelSpec::builder("Tune").dtype(DType::ALL).k(1..=grid::MOST_K);
    Ok(builder.vec_size([4, 8]).bins([1024, 2048, 4096]).threads([128, 256, 512, 1024]).build()?)
}

fn measure(
    args: &Args,
    engine: &Engine,
    problems: &[Problem],
    known: &[Row],
    recorder: &mut Recorder,
    json: bool,
) -> Result<Summary, Failure> {
    // The budget is for all of it, the first compile included.
    let clock = Clock::of(Duration::from_secs(args.budget));
    let family = engine.family(family()?)?;
    let bar = progress::bar(problems.len(), json);
    bar.set_message("warming up");
    let mut gpu = Gpu::new(&family)?;
    let compile =
        |variant: &Variant| family.artifact(variant).map(drop).map_err(|error| error.to_string());
    let order = Order {
        spec: family.spec(),
        problems,
        limits: engine.limits(),
        known,
        compile: &compile,
        threads: std::thread::available_parallelism().map_or(1, usize::from),
        clock,
    };
    let mut unwritable = None;
    let outcome = search(&order, &mut gpu, &mut |event| {
        match event {
            Event::Problem(place, problem) => {
                bar.set_position(place as u64);
                bar.set_message(problem.to_string());
            }
            Event::Row(row) => {
                if let Err(error) = recorder.add(row) {
                    unwritable = Some(unwritten(recorder.path(), &error));
                    return ControlFlow::Break(());
                }
            }
            _ => {}
        }
        ControlFlow::Continue(())
    });
    bar.finish_and_clear();
    match unwritable {
        Some(failure) => Err(failure),
        None => outcome.map_err(|failure| {
            let place = recorder.path().display();
            Failure::environment(format!("{failure}; what was measured before is in {place}"))
        }),
    }
}

/// What was done and what is known.
fn tell(
    args: &Args,
    path: &Path,
    records: &Records,
    summary: Option<Summary>,
) -> Result<Report, Failure> {
    let winners = report::winners(records);
    let mut text = String::new();
    if args.report {
        text += &report::text(&winners);
        text += "\n";
    }
    text += &report::refused(records);
    text += &report::faults(records);
    if let Some(Summary { finished, left, wrong, .. }) = summary {
        let (finished, left) = (count(finished, "problem"), left);
        text += &format!("{finished} measured, {left} left");
        text += if left > 0 { "; call again to go on\n" } else { "\n" };
        if wrong > 0 {
            text +=
                &format!("{}, whose kernels have no time there\n", count(wrong, "wrong answer"));
        }
    }
    let known = count(records.rows.len(), "row");
    text += &format!("{known} about {} in {}\n", count(winners.len(), "problem"), path.display());
    let mut document = json!({
        "records": path.display().to_string(),
        "rows": records.rows.len(),
        "left_out": records.refused,
        "winners": report::json(&winners),
    });
    if let Some(summary) = summary {
        document["finished"] = json!(summary.finished);
        document["left"] = json!(summary.left);
        document["wrong"] = json!(summary.wrong);
    }
    if let Some(file) = &args.ship {
        let table = ship(records)
            .map_err(|why| Failure::input(format!("{} gives no table: {why}", path.display())))?;
        std::fs::write(file, &table).map_err(|error| unwritten(file, &error))?;
        text += &format!("the table that ships is in {}\n", file.display());
        document["shipped"] = json!(file.display().to_string());
    }
    let wrong = summary.is_some_and(|summary| summary.wrong > 0);
    let exit = if wrong { Exit::CheckFailed } else { Exit::Done };
    Ok(Report { text, json: document, exit })
}

fn read(path: &Path) -> Result<Records, Failure> {
    Records::read(path)
        .map_err(|error| Failure::input(format!("cannot read {}: {error}", path.display())))
}

fn unwritten(path: &Path, error: &std::io::Error) -> Failure {
    Failure::environment(format!("cannot write to {}: {error}", path.display()))
}

fn unfit(error: topkit::Error) -> Failure {
    Failure::environment(format!(
        "topkit tune needs an NVIDIA GPU, its driver and NVRTC: {error}\n`topkit doctor` looks \
         closer; `topkit tune --from FILE --report` shows what was measured elsewhere"
    ))
}
