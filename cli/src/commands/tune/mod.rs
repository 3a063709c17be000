//! `topkit tune`: measures the fastest variant of each problem, and writes the times as records, from which this
//! machine's plans are made.
//!
//! The library measures, and the laboratory has the problems. This module has the report: text ([`report`]),
//! a page ([`page`]), and the gain of tuning ([`check`]). Records are written as they are measured, so the
//! program may end at any time, by Ctrl-C ([`interrupt`]) or a crash; the next call continues there. `--ship`
//! makes a shipped table of the records.

mod check;
mod interrupt;
mod page;
mod report;

use crate::args::document;
use crate::args::spec::named;
use crate::ui::exit::{Exit, Failure};
use crate::ui::progress;
use crate::ui::report::{Report, count};
use interrupt::Interrupt;
use serde_json::json;
use std::path::{Path, PathBuf};
use std::time::Duration;
use topkit::tune::{Event, Records, Summary, Tuning, ship, source_digest};
use topkit::{DType, Engine, Problem, SelectorSpec};
use topkit_lab::cell::{Lengths, grid};
use topkit_lab::{Cell, Distribution, Grid};

/// The greatest k that is tuned for.
const MOST_K: u32 = 1 << 20;

const WHAT: &str = "What is measured";

/// The arguments of `topkit tune`.
#[derive(Debug, clap::Args)]
pub struct Args {
    /// Grids of problems; one or a list. Without it, and without --cell: seed. A table that ships is
    /// made of `all`, and of `odd` for ragged and less aligned rows.
    #[arg(long, value_name = "GRID", value_delimiter = ',', help_heading = WHAT,
        value_parser = named(Grid::TUNE, Grid::name))]
    grid: Vec<Grid>,
    /// One problem: DTYPE,ROWS,COLUMNS,K, with `ragged` or `unaligned` or both behind it where its rows
    /// are. May be repeated.
    #[arg(long, value_name = "CELL", help_heading = WHAT)]
    cell: Vec<Cell>,
    /// Stop after so many seconds; the records until then stay. Ctrl-C stops it too, before the next
    /// kernel; a second Ctrl-C at once.
    #[arg(long, value_name = "SECONDS", default_value_t = 300, help_heading = WHAT)]
    budget: u64,
    /// Measure nothing; read earlier records in place of it. Needs no GPU.
    #[arg(long, value_name = "FILE", help_heading = WHAT,
        conflicts_with_all = ["grid", "cell", "budget", "out", "check"])]
    from: Option<PathBuf>,
    /// Tune nothing; measure, in pairs, plans by the records against plans without them.
    /// Exit code 1 where they are slower by more than 2 %, in the median of three rounds.
    #[arg(long, help_heading = WHAT, conflicts_with_all = ["report", "ship"])]
    check: bool,

    /// The file of the records; rows are added to it. Without it: the file in the cache folder, from
    /// which plans on this machine are made.
    #[arg(long, value_name = "FILE", help_heading = "Output")]
    out: Option<PathBuf>,
    /// Print the fastest kernel of every problem in the records. With a file, write it a page too:
    /// HTML with the maps of who wins where, and of how far from the read-once floor.
    #[arg(long, value_name = "FILE", num_args = 0..=1, help_heading = "Output")]
    report: Option<Option<PathBuf>>,
    /// Write the table that ships with the library to this file, made of the records.
    #[arg(long, value_name = "FILE", help_heading = "Output")]
    ship: Option<PathBuf>,
}

/// Measures or reads, and reports.
pub fn tune(args: &Args, json: bool) -> Result<Report, Failure> {
    if let Some(path) = &args.from {
        if !path.exists() {
            return Err(Failure::input(format!("there is no file {}", path.display())));
        }
        let records = read(path)?.usable(None, source_digest);
        return tell(args, path, &records, None);
    }
    let problems = args.problems()?;
    if topkit::Config::from_env().override_dir.is_some() {
        return Err(Failure::input(
            "TOPKIT_OVERRIDE is set, and times of edited kernels would be kept as those of the \
             generated ones; unset it",
        ));
    }
    let engine = Engine::new().map_err(unfit)?;
    engine.nvrtc().map_err(unfit)?;
    let path = match (&args.out, engine.records()) {
        (Some(path), _) => path.clone(),
        (None, Some(path)) => path,
        (None, None) => {
            let message = "nothing is kept on disk here; name a file with --out";
            return Err(Failure::input(message));
        }
    };
    let spec = spec()?;
    let budget = Duration::from_secs(args.budget);
    let tuning = Tuning::new(&spec, &problems, budget, &path);
    let interrupt = Interrupt::listen()?;
    if args.check {
        return check(&engine, &tuning, &interrupt, json);
    }
    let summary = measure(&engine, &tuning, &interrupt, json)?;
    let records = read(&path)?.usable(engine.provenance().as_ref(), source_digest);
    tell(args, &path, &records, Some((summary, &interrupt)))
}

impl Args {
    fn problems(&self) -> Result<Vec<Problem>, Failure> {
        for cell in &self.cell {
            if cell.dist != Distribution::Normal {
                return Err(Failure::input(format!(
                    "{cell}: a tuning has scores of its own; leave out the distribution"
                )));
            }
            if !matches!(cell.lengths, Lengths::Full | Lengths::Uniform) {
                return Err(Failure::input(format!(
                    "{cell}: a tuning has lengths of its own; write `ragged`"
                )));
            }
            if cell.k > MOST_K {
                return Err(Failure::input(format!("{cell}: k is at most {MOST_K}")));
            }
        }
        let seed = self.grid.is_empty() && self.cell.is_empty();
        Ok(grid::problems(if seed { &[Grid::Seed] } else { &self.grid }, &self.cell))
    }
}

/// The selector whose variants are measured: all that a tuning may name.
fn spec() -> Result<SelectorSpec, Failure> {
    let builder = SelectorSpec::builder("Tune").dtype(DType::ALL).k(1..=MOST_K);
    Ok(builder.vec_size([4, 8]).bins([1024, 2048, 4096]).threads([128, 256, 512, 1024]).build()?)
}

fn measure(
    engine: &Engine,
    tuning: &Tuning<'_>,
    interrupt: &Interrupt,
    json: bool,
) -> Result<Summary, Failure> {
    let bar = progress::bar(tuning.problems.len(), json);
    bar.set_message("warming up");
    let outcome = topkit::tune::tune(engine, tuning, &mut |event| {
        if let Event::Problem(place, problem) = event {
            bar.set_position(place as u64);
            bar.set_message(problem.to_string());
        }
        interrupt.flow()
    });
    bar.finish_and_clear();
    Ok(outcome?)
}

/// The gain of plans by the records.
fn check(
    engine: &Engine,
    tuning: &Tuning<'_>,
    interrupt: &Interrupt,
    json: bool,
) -> Result<Report, Failure> {
    let bar = progress::bar(tuning.problems.len(), json);
    let compared = topkit::tune::compare(engine, tuning, &mut |place, problem| {
        bar.set_position(place as u64);
        bar.set_message(problem.to_string());
        interrupt.flow()
    });
    bar.finish_and_clear();
    let compared = compared?;
    let left = tuning.problems.len() - compared.len();
    // Records that do not hold here leave everything the same, which must not pass for a result.
    let records = read(tuning.records)?.usable(engine.provenance().as_ref(), source_digest);
    let mut told = check::report(&compared, left, interrupt.was());
    told.text += &report::refused(&records);
    told.text += &format!("by {} of records\n", count(records.rows.len(), "row"));
    told.json["left_out"] = json!(records.refused);
    told.json["rows"] = json!(records.rows.len());
    Ok(told)
}

/// The report: the work done, and the records.
fn tell(
    args: &Args,
    path: &Path,
    records: &Records,
    search: Option<(Summary, &Interrupt)>,
) -> Result<Report, Failure> {
    let summary = search.map(|(summary, _)| summary);
    let winners = report::winners(records);
    let mut text = String::new();
    let mut page = None;
    if let Some(report) = &args.report {
        text += &report::text(&winners);
        text += "\n";
        page = report.as_deref();
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
    if let Some(file) = page {
        let html = page::html(&winners, records)?;
        std::fs::write(file, html).map_err(|error| unwritten(file, &error))?;
        text += &format!("the page is in {}\n", file.display());
        document["page"] = json!(file.display().to_string());
    }
    if let Some(file) = &args.ship {
        let table = ship(records)
            .map_err(|why| Failure::input(format!("{} gives no table: {why}", path.display())))?;
        std::fs::write(file, &table).map_err(|error| unwritten(file, &error))?;
        text += &format!("the table that ships is in {}\n", file.display());
        document["shipped"] = json!(file.display().to_string());
    }
    let wrong = summary.is_some_and(|summary| summary.wrong > 0);
    let exit = match search {
        Some((_, interrupt)) if interrupt.was() => Exit::Interrupted,
        _ if wrong => Exit::CheckFailed,
        _ => Exit::Done,
    };
    Ok(Report { text, json: document, exit })
}

fn read(path: &Path) -> Result<Records, Failure> {
    Records::read(path).map_err(|error| document::unread(path, &error))
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
