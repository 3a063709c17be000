//! What is told of a search, and of records: the winner of each problem and how far ahead it is.

use crate::report::table;
use serde_json::{Value, json};
use std::collections::{BTreeMap, BTreeSet};
use topkit::Problem;
use topkit::tune::{Outcome, Records, Row, id};

/// The fastest kernel of a problem.
#[derive(Debug)]
pub struct Winner<'a> {
    row: &'a Row,
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
        let Problem { dtype, rows, columns, k } = row.problem;
        all.entry((run, dtype, k, rows, columns)).or_default().push(row);
    }
    all.into_values()
        .filter_map(|mut rows| {
            let tried = rows.len();
            rows.retain(|row| row.outcome.microseconds().is_some());
            rows.sort_by(|a, b| us(a).total_cmp(&us(b)));
            let next = rows.get(1).copied();
            rows.first().map(|row| Winner { row, next, tried })
        })
        .collect()
}

/// For people.
pub fn text(winners: &[Winner<'_>]) -> String {
    let head = ["dtype", "k", "rows", "columns", "fastest", "warm us", "cold us", "next", "of"];
    let mut lines = vec![head.map(str::to_owned).to_vec()];
    lines.extend(winners.iter().map(Winner::cells));
    table("lrrrlrrlr", &lines)
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

    fn cells(&self) -> Vec<String> {
        let Problem { dtype, rows, columns, k } = self.row.problem;
        let (warm, cold) = self.times();
        let next = |next: &Row| format!("{:.2}x {}", us(next) / us(self.row), id(&next.variant));
        vec![
            dtype.to_string(),
            k.to_string(),
            rows.to_string(),
            columns.to_string(),
            id(&self.row.variant),
            format!("{warm:.2}"),
            format!("{cold:.2}"),
            self.next.map(next).unwrap_or_default(),
            self.tried.to_string(),
        ]
    }

    fn json(&self) -> Value {
        let Problem { dtype, rows, columns, k } = self.row.problem;
        let (warm, cold) = self.times();
        json!({
            "dtype": dtype.name(), "rows": rows, "columns": columns, "k": k,
            "candidate": id(&self.row.variant), "warm": warm, "cold": cold, "tried": self.tried,
            "next": self.next.map(|next| json!({ "candidate": id(&next.variant), "us": us(next) })),
        })
    }
}

/// What was left out of records, each reason on a line, the first few.
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
            Outcome::Timed { .. } => continue,
        };
        if told.insert((what, row.variant.symbol())) {
            let why = why.lines().next().unwrap_or_default();
            text += &format!("{what}: {} at {}: {why}\n", row.variant, row.problem);
        }
    }
    text
}
