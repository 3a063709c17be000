//! `topkit bench`: times the planned kernels over grids of problems, beside the read-once floor and peers,
//! and compares the times with a published table.
//!
//! The laboratory measures (`topkit_lab::bench`) and makes a document of cells. Text, tables and plots are
//! drawn from the document alone, so `--render` needs no GPU. A cell with a wrong answer is reported
//! without a time, and the program ends with the exit code of a failed check.

mod bars;
mod folder;
mod heat;
mod markdown;
mod plot;
mod text;

use crate::args::document;
use crate::args::spec::{self, Axes, named};
use crate::ui::exit::{Exit, Failure};
use crate::ui::progress;
use crate::ui::report::Report;
use serde_json::json;
use std::path::{Path, PathBuf};
use topkit::spec::{Semantics, Ties};
use topkit::{DType, Problem};
use topkit_lab::bench::gpu::{Gpu, Settings};
use topkit_lab::bench::record::{Document, Outcome};
use topkit_lab::bench::table::Table;
use topkit_lab::bench::{builds, meter, ratio};
use topkit_lab::{Cell, Distribution, Grid};

const WHAT: &str = "What is measured";

/// The arguments of `topkit bench`.
#[derive(Debug, clap::Args)]
pub struct Args {
    /// Grids of problems; one or a list. Without it, and without --cell: seed.
    #[arg(long, value_name = "GRID", value_delimiter = ',', help_heading = WHAT,
        value_parser = named(Grid::BENCH, Grid::name))]
    grid: Vec<Grid>,
    /// One problem: DTYPE,ROWS,COLUMNS,K, behind it a DISTRIBUTION or LENGTHS (ragged, half, one_long,
    /// short80, next_n, all_short). May be repeated.
    #[arg(long, value_name = "CELL", help_heading = WHAT)]
    cell: Vec<Cell>,
    /// Measure the seed grid in f16 too, and tell bf16 and f16 over f32.
    #[arg(long, help_heading = WHAT)]
    headline: bool,
    /// Only cells of these score types.
    #[arg(long, value_delimiter = ',', help_heading = WHAT,
        value_parser = named(&DType::ALL, DType::name))]
    dtype: Vec<DType>,
    /// Only cells of so many rows; one or a list.
    #[arg(long, value_name = "N", value_delimiter = ',', help_heading = WHAT)]
    rows: Vec<usize>,
    /// Only cells of so many columns; one or a list.
    #[arg(long, value_name = "N", value_delimiter = ',', help_heading = WHAT)]
    columns: Vec<usize>,
    /// Only cells of this k; one or a list.
    #[arg(short, value_delimiter = ',', help_heading = WHAT)]
    k: Vec<u32>,
    /// Only cells of these distributions.
    #[arg(long, value_name = "DISTRIBUTION", value_delimiter = ',', help_heading = WHAT,
        value_parser = named(&Distribution::ALL, Distribution::name))]
    dist: Vec<Distribution>,
    /// Seeds of a cell: our kernel is timed warm on the scores of each. A cell whose scores have no seed
    /// has one, and a cell of billions of scores fewer.
    #[arg(long, value_name = "N", default_value_t = 24, help_heading = WHAT,
        value_parser = clap::value_parser!(u64).range(1..=1000))]
    seeds: u64,
    /// Which of equal scores win. A peer that lets others win gives wrong answers.
    #[arg(long, default_value = "any", help_heading = WHAT, value_parser = named(Ties::ALL, Ties::name))]
    ties: Ties,
    /// Fill the L2 cache with other data before each cold replay too. Without it, small inputs are
    /// as warm in the cold graph as in published tables.
    #[arg(long, help_heading = WHAT)]
    flush: bool,
    #[command(
        flatten,
        next_help_heading = "Tuning axes (a value or a list; else the plan chooses)"
    )]
    axes: Axes,

    /// A shared library with kernels to measure beside ours. May be repeated. Another build of topkit
    /// is compared with this one and is no peer.
    #[arg(long, value_name = "LIBRARY", help_heading = "What it is compared with")]
    peer: Vec<PathBuf>,
    /// A JSON table of the best peers' times.
    #[arg(long, value_name = "FILE", help_heading = "What it is compared with")]
    against: Option<PathBuf>,
    /// List the cells that are less than so many times as fast as the best peer.
    #[arg(long, value_name = "RATIO", default_value_t = 1.1,
        help_heading = "What it is compared with", value_parser = parse_target)]
    target: f64,

    /// Write bench.json, bench.md and plots into this folder.
    #[arg(long, value_name = "FOLDER", help_heading = "Output")]
    out: Option<PathBuf>,
    /// Measure nothing; draw text, tables and plots from an earlier bench.json. Needs no GPU.
    #[arg(long, value_name = "FILE", help_heading = "Output",
        conflicts_with_all = ["grid", "cell", "headline", "peer", "flush", "seeds", "ties", "vec_size", "bins",
            "threads"])]
    render: Option<PathBuf>,
}

fn parse_target(text: &str) -> Result<f64, &'static str> {
    let target = text.parse().ok().filter(|target: &f64| target.is_finite() && *target > 0.0);
    target.ok_or("a ratio is a number above 0, like 1.1")
}

/// Measures or reads, and reports.
pub fn bench(args: &Args, json: bool) -> Result<Report, Failure> {
    // Read first: a slip in a file name must not cost a measurement.
    let table = args.against.as_deref().map(published).transpose()?;
    let document = match &args.render {
        Some(path) => {
            let mut document = folder::read(path)?;
            document.cells.retain(|entry| args.wants(&entry.cell));
            document
        }
        None => {
            let cells = args.cells()?;
            let progress = progress::bar(cells.len(), json);
            let specs = |problem: &Problem| {
                let semantics = Semantics { ties: args.ties, ..Semantics::DEFAULT };
                spec::for_problem(problem, &semantics, &args.axes)
            };
            let settings = Settings { flush: args.flush, seeds: args.seeds };
            let mut gpu = Gpu::open(&cells, &specs, &args.peer, settings, &progress)?;
            let document = meter::measure(&cells, &mut gpu, &progress);
            progress.finish_and_clear();
            document
        }
    };
    report(args, &document, table.as_ref())
}

/// Reads a published table.
fn published(path: &Path) -> Result<Table, Failure> {
    Table::parse(&document::read(path)?).map_err(|error| {
        let place = path.display();
        Failure::input(format!("{place} is no table of times to compare with: {error}"))
    })
}

fn report(args: &Args, document: &Document, table: Option<&Table>) -> Result<Report, Failure> {
    let pairs = ratio::pairs(document, table);
    let mut json = json!(document);
    if table.is_some() || document.cells.iter().any(|entry| !entry.peers.is_empty()) {
        json["against"] = ratio::json(&pairs, args.target, table);
        json["builds"] = builds::json(document);
    }
    let mut text = text::summary(document, &pairs, args.target, table);
    if let Some(out) = &args.out {
        let mut files = plot::plots(document, &pairs, table)?;
        files.extend(heat::maps(&pairs, args.target, plot::command(table))?);
        let plots: Vec<String> = files.iter().map(|(name, _)| name.clone()).collect();
        let page = markdown::page(document, &pairs, args.target, table, &plots);
        files.push(("bench.md".to_owned(), page));
        files.push(("bench.json".to_owned(), format!("{json:#}\n")));
        folder::write(out, &files)?;
        text += &format!("\nwritten to {}\n", out.display());
    }
    let right = document.cells.iter().all(|entry| matches!(entry.ours, Outcome::Timed(_)));
    let exit = match (&document.stopped, right) {
        (Some(_), _) => Exit::Environment,
        (None, false) => Exit::CheckFailed,
        (None, true) => Exit::Done,
    };
    Ok(Report { text, json, exit })
}

impl Args {
    /// The cells to measure; at least one.
    fn cells(&self) -> Result<Vec<Cell>, Failure> {
        let mut grids = self.grid.clone();
        if self.headline {
            grids.extend([Grid::Seed, Grid::Headline]);
        } else if grids.is_empty() && self.cell.is_empty() {
            grids.push(Grid::Seed);
        }
        grids.sort_unstable();
        grids.dedup();
        let mut cells: Vec<Cell> = grids.iter().flat_map(|grid| grid.cells()).collect();
        if let Some(cell) = self.cell.iter().find(|cell| cell.unaligned) {
            return Err(Failure::input(format!(
                "{cell}: a bench has rows that begin at multiples of 16 bytes where they can; leave out \
                 `unaligned`, and for rows that cannot, choose an odd number of columns"
            )));
        }
        for cell in &self.cell {
            if !cells.contains(cell) {
                cells.push(*cell);
            }
        }
        cells.retain(|cell| self.wants(cell));
        if cells.is_empty() {
            return Err(Failure::input(
                "no cell is left to measure: --dtype, --rows, --columns, -k and --dist keep those that \
                 fit all of them",
            ));
        }
        Ok(cells)
    }

    fn wants(&self, cell: &Cell) -> bool {
        fn any<T: PartialEq>(wanted: &[T], value: &T) -> bool {
            wanted.is_empty() || wanted.contains(value)
        }
        any(&self.dtype, &cell.dtype)
            && any(&self.rows, &cell.rows)
            && any(&self.columns, &cell.cols)
            && any(&self.k, &cell.k)
            && any(&self.dist, &cell.dist)
    }
}
