//! `topkit run`: the top k of every row of a matrix, checked and timed.

mod answer;
pub mod gpu;
pub mod interpret;
mod outcome;
mod selection;

use crate::args::given::{self, Given};
use crate::args::place::{Choice, Place};
use crate::args::scores::{self, Read, Told};
use crate::args::spans;
use crate::args::spec::{self, Axes, named};
use crate::args::variant::Wish;
use crate::ui::exit::{Exit, Failure};
use crate::ui::progress;
use crate::ui::report::{Report, count, labelled};
use answer::Labels;
use indicatif::ProgressBar;
use outcome::OnGpu;
use selection::Columns;
use serde_json::json;
use std::path::PathBuf;
use std::time::Instant;
use topkit::cudarc::driver::DeviceRepr;
use topkit::host::{HostError, Selection};
use topkit::interpret::Word;
use topkit::spec::{
    Ids, IndexType, Key, Mask, NanPolicy, Order, RowShape, Select, Semantics, Ties,
};
use topkit::{DType, IndexInt, Problem, Score, host, with_score};
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

    /// Promise that an answer, order included, depends on its row alone. It needs a rule for --ties and an
    /// --order.
    #[arg(long)]
    batch_invariant: bool,

    #[command(flatten)]
    spans: spans::Files,
    #[command(flatten)]
    given: given::Inputs,

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
    given: Given,
    runner: Runner,
}

/// The place that selects.
enum Runner {
    Gpu(Box<OnGpu>),
    Interpreter(Box<interpret::Ready>),
    /// The host, because of this.
    Host(host::Selector, String),
}

impl Ready {
    fn of(args: &Args, mut problem: Problem, progress: &ProgressBar) -> Result<Ready, Failure> {
        let Problem { rows, columns, k, .. } = problem;
        problem.ragged = args.spans.are_given();
        let rows_are = if problem.ragged { RowShape::Ragged } else { RowShape::Dense };
        let Args { select, nan, ties, order, values, count, batch_invariant, .. } = *args;
        let semantics = Semantics { select, nan, ties, order, values, count, ..Semantics::DEFAULT };
        let semantics = Semantics { rows: rows_are, batch_invariant, ..semantics };
        let semantics = args.given.declare(semantics)?;
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
        let given = args.given.read(&problem, &semantics, spans)?;
        let runner = match args.choice.place()? {
            Place::Gpu(engine) => {
                let ready = OnGpu::ready(&engine, spec, &problem, &args.wish, &given, progress)?;
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
            Place::Host(why) => Runner::Host(host::Selector::new(spec)?, why),
        };
        Ok(Ready { problem, semantics, labels, row_labels, given, runner })
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
    let Ready { problem, semantics, labels, row_labels, given, runner } = ready;
    let (rows, columns, k) = (matrix.rows, matrix.columns, args.k);
    let input = given.rows_of(host::Rows::host(scores, rows, columns));
    let outcome = match runner {
        Runner::Gpu(ready) => ready.select(scores, given, progress)?,
        Runner::Interpreter(ready) => ready.select(scores, given, progress)?,
        Runner::Host(selector, why) => {
            progress.set_message("selecting on the host");
            let start = Instant::now();
            let answer = on_host(selector, &input, given, problem)?;
            outcome::on_host(answer, start.elapsed().as_secs_f64(), why)
        }
    };
    progress.set_message("checking the answer");
    let Columns { answer: chosen, semantics: plain, fault } =
        Columns::of(given, semantics, problem, &outcome.answer)?;
    let fault = match fault {
        None => check::selection_fault(&input, k, &plain, &chosen)?,
        fault => fault,
    };
    progress.finish_and_clear();

    let shown = rows.min(args.rows_show);
    let (answer, chosen, labels) = (&outcome.answer, &chosen.indices, [labels, row_labels]);
    let winners = answer::rows(&input, shown, answer, chosen, k as usize, semantics, labels)?;
    let select = format!("{problem}; {}", meaning(semantics, given, problem));
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
    for key in Key::semantic().iter().filter(|key| key.key() != Key::Rows) {
        let word = key.word(semantics);
        json[key.key().name()] = if key.is_flag() { json!(word == "true") } else { json!(word) };
    }
    json["check"] = json!({ "ok": fault.is_none(), "fault": fault });
    json["rows"] = winners.iter().map(answer::Row::json).collect();
    let exit = if fault.is_none() { Exit::Done } else { Exit::CheckFailed };
    Ok(Report { text, json, exit })
}

/// Selects on the host.
fn on_host<S: Score>(
    selector: &host::Selector,
    input: &host::Rows<'_, S>,
    given: &Given,
    problem: &Problem,
) -> Result<Selection<i64, S>, Failure> {
    fn of<S: Score, I: IndexInt>(
        selector: &host::Selector,
        input: &host::Rows<'_, S>,
        given: &Given,
        problem: &Problem,
    ) -> Result<Selection<i64, S>, Failure> {
        let semantics = &selector.spec().semantics;
        selection::into_host::<S, I>(given, semantics, problem, |output| {
            Ok(selector.launch(input, problem.k, output)?)
        })
    }
    match selector.spec().semantics.index {
        IndexType::I32 => of::<S, i32>(selector, input, given, problem),
        IndexType::U32 => of::<S, u32>(selector, input, given, problem),
        IndexType::I64 => of::<S, i64>(selector, input, given, problem),
    }
}

/// The keys of the selection, for people: those that every selection has, and the others where they are not the default.
fn meaning(semantics: &Semantics, given: &Given, problem: &Problem) -> String {
    let Semantics { select, nan, ties, .. } = semantics;
    let mut text = format!("{select}, NaN {nan}, ties {ties}");
    let mut add = |is_said: bool, what: &str| {
        if is_said {
            text += ", ";
            text += what;
        }
    };
    add(semantics.order != Order::Unsorted, semantics.order.name());
    add(semantics.batch_invariant, "batch-invariant");
    add(semantics.index != IndexType::I32, &format!("{} indices", semantics.index));
    add(semantics.ids != Ids::Columns, &format!("ids {}", semantics.ids));
    add(semantics.raw_columns, "with raw columns");
    add(semantics.values, "with values");
    add(semantics.count, "with counts");
    add(semantics.mask != Mask::None, &format!("mask of {}", semantics.mask));
    add(semantics.k_per_row, "a k of each row");
    if let Some(fill) = given.index_fill {
        add(true, &format!("fill {fill}"));
    }
    if let Some(fill) = given.value_fill {
        let fill = with_score!(problem.dtype, S => <S as Score>::from_bits(fill).to_f64());
        add(true, &format!("fill of values {fill}"));
    }
    text
}
