//! `topkit bench`: times the kernels that the plan picks over grids of problems, beside the read-once
//! floor and peers, and compares with a published table.
//!
//! Cells ([`cell`], [`grid`], [`spread`]) go through a meter ([`meter`], [`device`]) into a document
//! ([`record`]); text, tables and plots are drawn from the document alone, so that `--render` draws
//! them where there is no GPU. A cell whose answer is wrong is told as such, has no time, and makes
//! the program end as one whose check failed.

mod cell;
mod clock;
mod device;
mod facts;
mod folder;
mod grid;
mod heat;
mod input;
mod kernels;
mod machine;
mod markdown;
mod memory;
mod meter;
mod peer;
mod plot;
mod ratio;
mod record;
mod spread;
mod stopwatch;
mod table;
mod text;
mod trial;

use crate::exit::{Exit, Failure};
use crate::progress;
use crate::report::Report;
use crate::spec::{Axes, named};
use cell::Cell;
use device::Gpu;
use grid::Grid;
use record::{Document, Outcome};
use serde_json::json;
use std::path::PathBuf;
use table::Table;
use topkit::DType;

const WHAT: &str = "What is measured";

/// The arguments of `topkit bench`.
#[derive(Debug, clap::Args)]
pub struct Args {
    /// Grids of problems; one or a list. Without it, and without --cell: seed.
    #[arg(long, value_name = "GRID", value_delimiter = ',', help_heading = WHAT,
        value_parser = named(Grid::NAMED, Grid::name))]
    grid: Vec<Grid>,
    /// One problem: DTYPE,ROWS,COLUMNS,K or DTYPE,ROWS,COLUMNS,K,DISTRIBUTION. May be repeated.
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
    /// Fill the L2 cache with other data before each cold replay too. Without it, small inputs are
    /// as warm in the cold graph as in published tables.
    #[arg(long, help_heading = WHAT)]
    flush: bool,
    #[command(
        flatten,
        next_help_heading = "Tuning axes (a value or a list; else the plan chooses)"
    )]
    axes: Axes,

    /// A shared library with kernels to measure beside ours. May be repeated.
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
        conflicts_with_all = ["grid", "cell", "headline", "peer", "flush", "vec_size", "bins", "threads"])]
    render: Option<PathBuf>,
}

fn parse_target(text: &str) -> Result<f64, &'static str> {
    let target = text.parse().ok().filter(|target: &f64| target.is_finite() && *target > 0.0);
    target.ok_or("a ratio is a number above 0, like 1.1")
}

/// Measures or reads, and tells.
pub fn bench(args: &Args, json: bool) -> Result<Report, Failure> {
    // Read first: a slip in a file name must not cost a measurement.
    let table = args.against.as_deref().map(Table::read).transpose()?;
    let document = match &args.render {
        Some(path) => {
            let mut document = folder::read(path)?;
            document.cells.retain(|entry| args.wants(&entry.cell));
            document
        }
        None => {
            let cells = args.cells()?;
            let progress = progress::bar(cells.len(), json);
            let (axes, peers) = (&args.axes, &args.peer);
            let mut gpu = Gpu::open(&cells, axes, peers, args.flush, &progress)?;
            let document = meter::measure(&cells, &mut gpu, &progress);
            progress.finish_and_clear();
            document
        }
    };
    report(args, &document, table.as_ref())
}

fn report(args: &Args, document: &Document, table: Option<&Table>) -> Result<Report, Failure> {
    let pairs = ratio::pairs(document, table);
    let mut json = json!(document);
    if table.is_some() || document.cells.iter().any(|entry| !entry.peers.is_empty()) {
        json["against"] = ratio::json(&pairs, args.target, table);
    }
    let mut text = text::summary(document, &pairs, args.target, table);
    if let Some(out) = &args.out {
        let mut files = plot::plots(&pairs, table)?;
        files.extend(heat::maps(&pairs, args.target)?);
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
        for cell in &self.cell {
            if !cells.contains(cell) {
                cells.push(*cell);
            }
        }
        cells.retain(|cell| self.wants(cell));
        if cells.is_empty() {
            return Err(Failure::input(
                "no cell is left to measure: --dtype, --rows, --columns and -k keep those that fit \
                 all of them",
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
    }
}
