//! The report of a search and of records: the fastest kernel of each problem and how far ahead it is.

use crate::ui::report::table;
use serde_json::{Value, json};
use std::cmp::Reverse;
use std::collections::{BTreeMap, BTreeSet};
use topkit::Problem;
use topkit::tune::{Outcome, Records, Row, Sample, VariantLaunch};

/// The fastest kernel of a problem.
#[derive(Debug)]
pub struct Winner<'a> {
    row: &'a Row,
    /// The time to read its scores once, where that was measured.
    floor: Option<Sample>,
    /// The next, where there is one.
    next: Option<&'a Row>,
    /// Kernels that have a row.
    tried: usize,
}

fn us(row: &Row) -> f64 {
    row.outcome.microseconds().unwrap_or(f64::INFINITY)
}

/// The winner of every problem that has one, in the order of dtype, k, rows and columns.
pub fn winners(records: &Records) -> Vec<Winner<'_>> {
    let mut all: BTreeMap<_, Vec<&Row>> = BTreeMap::new();
    for (run, row) in &records.rows {
        let Problem { dtype, rows, columns, k, vec_size, ragged, .. } = row.problem;
        let layout = (ragged, Reverse(vec_size));
        all.entry((run, layout, dtype, k, rows, columns)).or_default().push(row);
    }
    all.into_iter()
        .filter_map(|((run, ..), mut rows)| {
            rows.retain(|row| !matches!(row.outcome, Outcome::PassedOver(_)));
            let tried = rows.len();
            rows.retain(|row| row.outcome.microseconds().is_some());
            rows.sort_by(|a, b| us(a).total_cmp(&us(b)));
            let next = rows.get(1).copied();
            rows.first().map(|row| {
                let floor = records.read_once(run, &row.problem);
                Winner { row, floor, next, tried }
            })
        })
        .collect()
}

/// For people.
pub fn text(winners: &[Winner<'_>]) -> String {
    let head = [
        "dtype", "k", "rows", "columns", "layout", "fastest", "warm us", "cold us", "of floor",
        "next", "of",
    ];
    let mut lines = vec![head.map(str::to_owned).to_vec()];
    lines.extend(winners.iter().map(Winner::cells));
    table("lrrrllrrrlr", &lines)
}

/// For programs.
pub fn json(winners: &[Winner<'_>]) -> Value {
    winners.iter().map(Winner::json).collect()
}

impl Winner<'_> {
    fn times(&self) -> (f64, f64) {
        match self.row.outcome {
            Outcome::Timed { warm, cold, .. } => (warm, cold),
            _ => (f64::INFINITY, f64::INFINITY),
        }
    }

    /// The problem.
    pub fn problem(&self) -> &Problem {
        &self.row.problem
    }

    /// The fastest kernel and how it is launched.
    pub fn launch(&self) -> &VariantLaunch {
        &self.row.launch
    }

    /// Its time.
    pub fn sample(&self) -> Sample {
        let (warm, cold) = self.times();
        Sample { warm, cold }
    }

    /// How many times as long as to read the scores once it takes, warm and cold.
    pub fn above_floor(&self) -> Option<[f64; 2]> {
        let (warm, cold) = self.times();
        self.floor.map(|floor| [warm / floor.warm, cold / floor.cold])
    }

    fn cells(&self) -> Vec<String> {
        let Problem { dtype, rows, columns, k, .. } = self.row.problem;
        let (warm, cold) = self.times();
        let next = |next: &Row| format!("{:.2}x {}", us(next) / us(self.row), next.launch.name());
        let floor = |[warm, cold]: [f64; 2]| format!("{warm:.2} {cold:.2}");
        vec![
            dtype.to_string(),
            k.to_string(),
            rows.to_string(),
            columns.to_string(),
            layout(&self.row.problem),
            self.row.launch.name(),
            format!("{warm:.2}"),
            format!("{cold:.2}"),
            self.above_floor().map(floor).unwrap_or_default(),
            self.next.map(next).unwrap_or_default(),
            self.tried.to_string(),
        ]
    }

    fn json(&self) -> Value {
        let Problem { dtype, rows, columns, k, vec_size, ragged, .. } = self.row.problem;
        let (warm, cold) = self.times();
        json!({
            "dtype": dtype.name(), "rows": rows, "columns": columns, "k": k,
            "vec_size": vec_size, "ragged": ragged,
            "read_once": self.floor,
            "variant": self.row.launch.name(), "warm": warm, "cold": cold, "tried": self.tried,
            "next": self.next.map(|next| json!({ "variant": next.launch.name(), "us": us(next) })),
        })
    }
}

/// The layout of a problem in a word or two; empty where rows are dense and aligned to 16 bytes.
pub fn layout(problem: &Problem) -> String {
    let ragged = if problem.ragged { "ragged" } else { "" };
    match problem.vec_size * problem.dtype.bytes() {
        16.. => ragged.to_owned(),
        bytes => format!("{ragged} by {bytes} B").trim_start().to_owned(),
    }
}

/// The rows of records that are not used, each reason on a line, the first few.
pub fn refused(records: &Records) -> String {
    const SHOWN: usize = 8;
    let mut text: String =
        records.refused.iter().take(SHOWN).map(|why| format!("left out: {why}\n")).collect();
    if let Some(more) = records.refused.len().checked_sub(SHOWN).filter(|more| *more > 0) {
        text += &format!("left out: {more} more\n");
    }
    text
}

/// Kernels without a time, with the reason, each kernel and kind of fault once.
pub fn faults(records: &Records) -> String {
    let mut told = BTreeSet::new();
    let mut text = String::new();
    for (_, row) in &records.rows {
        let (what, why) = match &row.outcome {
            Outcome::Wrong(why) => ("wrong answer", why),
            Outcome::Refused(why) => ("refused", why),
            Outcome::Timed { .. } | Outcome::PassedOver(_) => continue,
        };
        if told.insert((what, row.launch.name())) {
            let why = why.lines().next().unwrap_or_default();
            text += &format!("{what}: {} at {}: {why}\n", row.launch.name(), row.problem);
        }
    }
    text
}
