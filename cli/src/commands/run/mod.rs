//! `topkit run`: the top k of every row of a matrix, checked and timed.

mod answer;
pub mod gpu;
pub mod interpret;
mod outcome;

use crate::args::place::{Choice, Place};
use crate::args::scores::{self, Read, Told};
use crate::args::spans::{self, Spans};
use crate::args::spec::{self, Axes, named};
use crate::args::variant::Wish;
use crate::ui::exit::{Exit, Failure};
use crate::ui::progress;
use crate::ui::report::{Report, count, labelled};
use answer::Labels;
use indicatif::ProgressBar;
use outcome::OnGpu;
use serde_json::json;
use std::path::PathBuf;
use std::time::Instant;
use topkit::cudarc::driver::DeviceRepr;
use topkit::host::HostError;
use topkit::interpret::Word;
use topkit::{
    DType, Problem, Score, host,
    spec::{NanPolicy, Order, RowShape, Select, Semantics, Ties},
    with_score,
};
use topkit_lab::{Distribution, Matrix, Shape, check};

const GENERATED: &str = "Generated scores";

/// The arguments of `topkit run`.
#[derive(Debug, clap::Args)]
pub struct Args {
    /// The scores: a .npy, .npz or .safetensors file with an array of numbers. The last dimension is a
    /// row.
    file: Option<PathBuf>,
    #[command(flatten)]
    flags: scores::Flags,
    /// The type of a score. Of generated scores any; without it bf16. The scores of a file keep their
    /// type, or are converted to f32: what that loses is told.
    #[arg(long, value_parser = named(&DType::ALL, DType::name))]
    dtype: Option<DType>,
    /// Make scores in place of reading them.
    #[arg(long, value_name = "ROWSxCOLS", conflicts_with_all = ["file", "tensor", "view"],
        help_heading = GENERATED)]
    generate: Option<Shape>,
    /// The distribution of generated scores.
    #[arg(long, default_value = "randn", conflicts_with = "file", help_heading = GENERATED,
        value_parser = named(&Distribution::ALL, Distribution::name))]
    distribution: Distribution,
    /// The same seed gives the same scores.
    #[arg(long, default_value_t = 0, conflicts_with = "file", help_heading = GENERATED)]
    seed: u64,

    /// Winners a row. It may exceed the length of a row.
    #[arg(short, default_value_t = 8, value_parser = parse_k, allow_negative_numbers = true)]
    k: u32,
    /// Which end of the order wins.
    #[arg(long, default_value = "largest", value_parser = named(Select::ALL, Select::name))]
    select: Select,
    /// Where NaN ranks.
    #[arg(long, default_value = "highest", value_parser = named(NanPolicy::ALL, NanPolicy::name))]
    nan: NanPolicy,
    /// Which of equal scores win.
    #[arg(long, default_value = "any", value_parser = named(Ties::ALL, Ties::name))]
    ties: Ties,
    /// In what order the winners of a row are written. Without one they are printed best first.
    #[arg(long, default_value = "unsorted", value_parser = named(Order::ALL, Order::name))]
    order: Order,
    /// The kernel writes the winners' scores too.
    #[arg(long)]
    values: bool,
    /// The kernel writes the number of each row's winners too.
    #[arg(long)]
    count: bool,

    #[command(flatten)]
    spans: spans::Files,

    #[command(flatten)]
    choice: Choice,
    #[command(flatten)]
    wish: Wish,
    #[command(
        flatten,
        next_help_heading = "Tuning axes (a value or a list; else the plan chooses)"
    )]
    axes: Axes,

    /// A text file with a line for each column, printed beside its index.
    #[arg(long, value_name = "FILE", help_heading = "Output")]
    labels: Option<PathBuf>,
    /// A text file with a line for each row, printed above its winners.
    #[arg(long, value_name = "FILE", help_heading = "Output")]
    row_labels: Option<PathBuf>,
    /// Rows to print.
    #[arg(long, value_name = "N", default_value_t = 3, help_heading = "Output")]
    rows_show: usize,
}

fn parse_k(text: &str) -> Result<u32, String> {
    text.parse().map_err(|_| format!("k is a whole number from 1 to {}", i32::MAX))
}

/// Selects, checks and shows. All that can be refused is refused before scores are generated.
pub fn run(args: &Args, json: bool) -> Result<Report, Failure> {
    args.choice.check()?;
    let progress = progress::spinner(json);
    let (ready, matrix, told) = match (&args.file, args.generate) {
        (Some(file), _) => {
            progress.set_message("reading the scores");
            let read = scores::read(file, &args.flags.reading(args.dtype))?;
            let Read { matrix, told } = read;
            let (rows, columns) = (matrix.rows, matrix.columns);
            let problem = Problem::new(matrix.scores.dtype(), rows, columns, args.k);
            (Ready::of(args, problem, &progress)?, matrix, Some(told))
        }
        (None, Some(shape)) => {
            let dtype = args.dtype.unwrap_or(DType::Bf16);
            shape.check(dtype)?;
            let problem = Problem::new(dtype, shape.rows, shape.columns, args.k);
            let ready = Ready::of(args, problem, &progress)?;
            progress.set_message("generating the scores");
            let of = (args.distribution, args.k);
            (ready, topkit_lab::scores::generate(shape, dtype, of, args.seed)?, None)
        }
        (None, None) => return Err(Failure::input("give a file, or --generate ROWSxCOLS")),
    };
    let mut report = with_score!(matrix.scores.dtype(), S => {
        select(args, &ready, &matrix, told.as_ref(), matrix.scores.values::<S>(), &progress)?
    });
    if let Some(told) = told {
        told.add_to(&mut report.json["scores"]);
    }
    Ok(report)
}

/// A selection that is checked in all but its scores.
struct Ready {
    problem: Problem,
    semantics: Semantics,
    labels: Labels,
    row_labels: Labels,
    spans: Spans,
    runner: Runner,
}

/// The place that selects.
enum Runner {
    Gpu(Box<OnGpu>),
    Interpreter(Box<interpret::Ready>),
    /// The host, because of this.
    Host(String),
}

impl Ready {
    fn of(args: &Args, mut problem: Problem, progress: &ProgressBar) -> Result<Ready, Failure> {
        let Problem { rows, columns, k, .. } = problem;
        problem.ragged = args.spans.are_given();
        let rows_are = if problem.ragged { RowShape::Ragged } else { RowShape::Dense };
        let Args { select, nan, ties, order, values, count, .. } = *args;
        let semantics = Semantics { select, nan, ties, order, values, count, ..Semantics::DEFAULT };
        let semantics = Semantics { rows: rows_are, ..semantics };
        let spec = spec::for_problem(&problem, &semantics, &args.axes)?;
        if columns > i32::MAX as usize {
            return Err(HostError::Columns { columns }.into());
        }
        // Beyond this the answer alone takes 8 GiB, which no file that was read calls for.
        const LIMIT: usize = 1 << 31;
        if rows.checked_mul(k as usize).is_none_or(|indices| indices > LIMIT) {
            return Err(Failure::input(format!(
                "k = {k} of {rows} rows are more than {LIMIT} indices; a row has {columns} columns"
            )));
        }
        let labels = Labels::read(args.labels.as_deref(), columns, "column")?;
        let row_labels = Labels::read(args.row_labels.as_deref(), rows, "row")?;
        let spans = args.spans.read(rows, columns)?;
        let runner = match args.choice.place()? {
            Place::Gpu(engine) => {
                let ready = OnGpu::ready(&engine, spec, &problem, &args.wish, progress)?;
                Runner::Gpu(Box::new(ready))
            }
            Place::Interpreter(interpreter, seed) => {
                let wish = &args.wish;
                let ready = interpret::ready(&interpreter, seed, &spec, &problem, wish, progress)?;
                Runner::Interpreter(Box::new(ready))
            }
            Place::Host(why) if !args.wish.is_open() => {
                return Err(Failure::input(format!(
                    "--kernel, --items and --cluster name a kernel, and the host runs none: {why}"
                )));
            }
            Place::Host(why) => Runner::Host(why),
        };
        Ok(Ready { problem, semantics, labels, row_labels, spans, runner })
    }
}

fn select<S: Score + DeviceRepr + Word>(
    args: &Args,
    ready: &Ready,
    matrix: &Matrix,
    told: Option<&Told>,
    scores: &[S],
    progress: &ProgressBar,
) -> Result<Report, Failure> {
    let Ready { problem, semantics, labels, row_labels, spans, runner } = ready;
    let (rows, columns, k) = (matrix.rows, matrix.columns, args.k);
    let input = spans.of(host::Rows::host(scores, rows, columns));
    let outcome = match runner {
        Runner::Gpu(ready) => ready.select(scores, spans, progress)?,
        Runner::Interpreter(ready) => ready.select(scores, spans, progress)?,
        Runner::Host(why) => {
            progress.set_message("selecting on the host");
            let start = Instant::now();
            let selection = host::top_k(&input, k, semantics)?;
            outcome::on_host(selection, start.elapsed().as_secs_f64(), why)
        }
    };
    progress.set_message("checking the answer");
    let spans = input.spans();
    let fault = check::selection_fault(scores, columns, spans, k, semantics, &outcome.answer)?;
    progress.finish_and_clear();

    let shown = rows.min(args.rows_show);
    let winners =
        answer::rows(&input, shown, &outcome.answer, k as usize, semantics, labels, row_labels)?;
    let mut select = format!("{problem}; {}, NaN {}, ties {}", args.select, args.nan, args.ties);
    if args.order != Order::Unsorted {
        select += &format!(", {}", args.order);
    }
    for (written, what) in [(args.values, ", with values"), (args.count, ", with counts")] {
        select += if written { what } else { "" };
    }
    let mut lines =
        vec![("scores".to_owned(), matrix.source.clone()), ("select".to_owned(), select)];
    if let Some(notes) = told.and_then(Told::text) {
        lines.insert(1, ("read as".to_owned(), notes));
    }
    lines.extend(outcome.text);
    let check = match &fault {
        None => format!("exact: no difference from the oracle in {}", count(rows, "row")),
        Some(fault) => format!("WRONG: {fault}"),
    };
    lines.push(("check".to_owned(), check));
    let mut text = labelled(&lines) + "\n" + &answer::text(&winners);
    if rows > shown {
        text += &format!("and {} more\n", count(rows - shown, "row"));
    }

    let mut json = outcome.json;
    json["scores"] = json!({
        "source": matrix.source, "rows": rows, "columns": columns, "dtype": problem.dtype.name(),
    });
    json["k"] = json!(k);
    json["select"] = json!(args.select.name());
    json["nan"] = json!(args.nan.name());
    json["ties"] = json!(args.ties.name());
    json["order"] = json!(args.order.name());
    json["check"] = json!({ "ok": fault.is_none(), "fault": fault });
    json["rows"] = winners.iter().map(answer::Row::json).collect();
    let exit = if fault.is_none() { Exit::Done } else { Exit::CheckFailed };
    Ok(Report { text, json, exit })
}
