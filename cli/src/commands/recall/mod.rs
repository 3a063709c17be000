//! `topkit recall`: the share of the F32 selection that remains if scores are first rounded to BF16 or F16, for
//! logits like an indexer's or for scores from a file.
//!
//! Rounding is to nearest, ties to even. Any of several equal scores may win, so the last digits of the
//! recall may differ between machines.

mod select;

use crate::args::place::{Choice, Place};
use crate::args::scores::{self, Read, Reading, Told};
use crate::args::spec::named;
use crate::ui::exit::Failure;
use crate::ui::progress;
use crate::ui::report::{Report, labelled, table};
use half::{bf16, f16};
use indicatif::ProgressBar;
use serde_json::json;
use std::num::NonZeroUsize;
use std::path::{Path, PathBuf};
use topkit::cudarc::driver::DeviceRepr;
use topkit::interpret::Word;
use topkit::{DType, Problem, Score};
use topkit_lab::memory;
use topkit_lab::recall::{self, Recall, Shares};
use topkit_lab::scores::indexer::Indexer;

const GENERATED: &str = "Generated logits, like a lightning indexer's, without a file";

/// The arguments of `topkit recall`.
#[derive(Debug, clap::Args)]
pub struct Args {
    /// F32 scores: a .npy, .npz or .safetensors file. The last dimension is a row.
    file: Option<PathBuf>,
    #[command(flatten)]
    flags: scores::Flags,
    /// Converts the scores of a file to it; what that loses is told.
    #[arg(long, requires = "file", value_parser = named(&[DType::F32], DType::name))]
    dtype: Option<DType>,

    /// Queries.
    #[arg(long, value_name = "N", default_value = "32", conflicts_with = "file", help_heading = GENERATED)]
    rows: NonZeroUsize,
    /// Keys of each query.
    #[arg(long, value_name = "N", default_value = "32768", conflicts_with = "file", help_heading = GENERATED)]
    columns: NonZeroUsize,
    /// Heads of a query.
    #[arg(long, value_name = "N", default_value = "64", conflicts_with = "file", help_heading = GENERATED)]
    heads: NonZeroUsize,
    /// Dimensions of a head.
    #[arg(long, value_name = "N", default_value = "128", conflicts_with = "file", help_heading = GENERATED)]
    dim: NonZeroUsize,
    /// The same seed gives the same logits.
    #[arg(long, default_value_t = 0, conflicts_with = "file", help_heading = GENERATED)]
    seed: u64,

    /// Winners a row, fewer than the columns; one or a list.
    #[arg(short, value_name = "K", value_delimiter = ',', default_value = "512,1024,2048",
        value_parser = clap::value_parser!(u32).range(1..), allow_negative_numbers = true)]
    k: Vec<u32>,

    #[command(flatten)]
    choice: Choice,
}

/// F32 scores and where they came from.
struct Input {
    source: String,
    told: Option<Told>,
    scores: Vec<f32>,
    rows: usize,
    columns: usize,
}

/// Selects from the scores and from their roundings, and compares.
pub fn recall(args: &Args, json: bool) -> Result<Report, Failure> {
    args.choice.check()?;
    let reading = args.flags.reading(args.dtype);
    let read = args.file.as_ref().map(|file| read(file, &reading)).transpose()?;
    let (rows, columns) = match &read {
        Some(input) => (input.rows, input.columns),
        None => (args.rows.get(), args.columns.get()),
    };
    args.check_k(columns)?;
    let place = args.choice.place()?;
    let progress = progress::spinner(json);
    // All that can be refused is refused before logits are made.
    for dtype in [DType::F32, DType::Bf16, DType::F16] {
        for &k in &args.k {
            select::check(&place, &Problem::new(dtype, rows, columns, k), &progress)?;
        }
    }
    progress.finish_and_clear();
    let input = match read {
        Some(input) => input,
        None => args.generate(json)?,
    };
    let progress = progress::spinner(json);
    let mut found = Vec::new();
    for &k in &args.k {
        progress.set_message(format!("selecting the top {k}"));
        let due = select::select(&place, &input.scores, input.columns, k, &progress)?;
        found.push(rounded::<bf16>(&place, &input, k, &due, &progress)?);
        found.push(rounded::<f16>(&place, &input, k, &due, &progress)?);
    }
    progress.finish_and_clear();
    found.sort_by_key(|recall| recall.dtype);
    Ok(report(&input, &place, &found))
}

impl Args {
    /// A k that selects every column would have a recall of 1, whatever the scores.
    fn check_k(&self, columns: usize) -> Result<(), Failure> {
        match self.k.iter().find(|&&k| k as usize >= columns) {
            None => Ok(()),
            Some(k) => Err(Failure::input(format!(
                "k = {k} of {columns} columns leaves nothing out, so there is nothing to recall; \
                 give a smaller -k"
            ))),
        }
    }

    fn generate(&self, json: bool) -> Result<Input, Failure> {
        let (rows, columns) = (self.rows.get(), self.columns.get());
        let (heads, dim, seed) = (self.heads.get(), self.dim.get(), self.seed);
        let progress = progress::bar(rows, json);
        progress.set_message("rows of logits");
        let scores = Indexer { rows, columns, heads, dim, seed }.logits(&progress)?;
        progress.finish_and_clear();
        let source =
            format!("generated, a lightning indexer of {heads} heads x {dim}, seed {seed}");
        Ok(Input { source, told: None, scores, rows, columns })
    }
}

fn read(file: &Path, reading: &Reading) -> Result<Input, Failure> {
    let Read { matrix, told } = scores::read(file, reading)?;
    if matrix.scores.dtype() != DType::F32 {
        return Err(Failure::input(format!(
            "{} holds {}; what rounding loses can only be seen in f32 scores",
            matrix.source,
            matrix.scores.dtype()
        )));
    }
    let (rows, columns) = (matrix.rows, matrix.columns);
    let scores = matrix.scores.into_values();
    Ok(Input { source: matrix.source, told: Some(told), scores, rows, columns })
}

/// The recall of the scores rounded to `S`.
fn rounded<S: Score + DeviceRepr + Word>(
    place: &Place,
    input: &Input,
    k: u32,
    due: &[i32],
    progress: &ProgressBar,
) -> Result<Recall, Failure> {
    let mut scores = memory::reserved::<S>("the rounded scores", input.scores.len())?;
    scores.extend(input.scores.iter().map(|&score| S::from_f32(score)));
    let found = select::select(place, &scores, input.columns, k, progress)?;
    Ok(recall::recall(&input.scores, &scores, input.columns, k, due, &found)?)
}

fn report(input: &Input, place: &Place, found: &[Recall]) -> Report {
    let Input { source, told, rows, columns, .. } = input;
    let (ran_on, ran_on_json) = select::ran_on(place);
    let mut about = vec![
        ("scores", format!("{source}; {rows} x {columns} f32")),
        ("ran on", ran_on),
        ("recall", "the share of the k best f32 scores that are selected after rounding".into()),
        ("tied", "columns a row that share the k-th best score after rounding".into()),
    ];
    if let Some(notes) = told.as_ref().and_then(Told::text) {
        about.insert(1, ("read as", notes));
    }
    let mut head = vec!["dtype", "k", "tied", "recall", "worst row", ""];
    // Where no f32 scores tie at the k-th, it says the same again.
    let by_score = found.iter().any(|recall| recall.by_score != recall.recall);
    if by_score {
        about.push(("by score", "the same, where equal f32 scores count as one another".into()));
        head.extend(["by score", "worst row", ""]);
    }
    let mut lines: Vec<Vec<String>> = vec![head.into_iter().map(str::to_owned).collect()];
    lines.extend(found.iter().map(|recall| {
        let tied = format!("{:.1}", recall.tied);
        let mut cells = vec![recall.dtype.to_string(), recall.k.to_string(), tied];
        let shares =
            if by_score { &[recall.recall, recall.by_score][..] } else { &[recall.recall] };
        for Shares { mean, worst, worst_row } in shares {
            cells.extend([percent(*mean), percent(*worst), format!("({worst_row})")]);
        }
        cells
    }));
    let about: Vec<_> = about.into_iter().map(|(label, text)| (label.to_owned(), text)).collect();
    let text = labelled(&about) + "\n" + &table("lrrrrlrrl", &lines);
    let mut scores = json!({ "source": source, "rows": rows, "columns": columns });
    if let Some(told) = told {
        told.add_to(&mut scores);
    }
    let json = json!({
        "scores": scores,
        "ran_on": ran_on_json,
        "recall": found.iter().map(Recall::json).collect::<Vec<_>>(),
    });
    Report::done(text, json)
}

fn percent(share: f64) -> String {
    format!("{:.2} %", share * 100.0)
}
