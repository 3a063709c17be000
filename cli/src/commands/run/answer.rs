//! Prints the winners of the first rows, best first, as text or JSON.

use crate::args::lines;
use crate::ui::exit::Failure;
use crate::ui::report::table;
use serde_json::{Value, json};
use std::cmp::Reverse;
use std::path::Path;
use topkit::host::Rows;
use topkit::{
    Score,
    host::Selection,
    spec::{Order, Select, Semantics},
};
use topkit_lab::memory;

/// Winners of a row that are printed for a person; `--json` gives all of them.
const SHOWN: usize = 16;
/// Winners without labels on one line.
const ABREAST: usize = 4;
/// Characters that an index takes, so that the rows line up with each other.
const INDEX_CHARS: usize = 8;
/// Characters of a label that are printed for a person.
const LABEL_CHARS: usize = 88;
/// Bytes that a winner takes as JSON and as text, its label aside.
const TOLD_BYTES: usize = 1 << 10;

/// The winners of one row.
#[derive(Debug)]
pub struct Row {
    number: usize,
    label: Option<String>,
    winners: Vec<Winner>,
    /// As the kernel wrote it.
    count: Option<i32>,
}

#[derive(Debug)]
struct Winner {
    /// As the kernel wrote it: the column, or its id.
    index: i64,
    /// The column, counted from the start of the row.
    column: i32,
    /// The kernel wrote the column too.
    told: bool,
    score: f64,
    /// The place of the score in the order of scores.
    key: u64,
    /// Shown without decimals.
    integer: bool,
    /// As the kernel wrote it.
    value: Option<f64>,
    label: Option<String>,
}

/// Names of rows or columns, one a line.
#[derive(Debug, Default)]
pub struct Labels(Option<Vec<String>>);

impl Labels {
    /// Reads a file that has one line for each of `expected` rows or columns.
    pub fn read(path: Option<&Path>, expected: usize, what: &str) -> Result<Labels, Failure> {
        let read = |path: &Path| lines::read(path, "the labels", expected, what);
        Ok(Labels(path.map(read).transpose()?))
    }

    fn of(&self, position: usize) -> Option<String> {
        self.0.as_ref()?.get(position).cloned()
    }
}

/// The winners of the first `shown` rows, in the order of the answer if it has one. `columns` are those of the answer,
/// and count from the start of their row; a place without a column is not shown. Labels are of columns and of rows.
pub fn rows<S: Score>(
    input: &Rows<'_, S>,
    shown: usize,
    answer: &Selection<i64, S>,
    columns: &[i32],
    k: usize,
    semantics: &Semantics,
    [labels, row_labels]: [&Labels; 2],
) -> Result<Vec<Row>, Failure> {
    let told: usize =
        answer.indices.chunks_exact(k).take(shown).map(|row| row.len().min(input.columns())).sum();
    memory::check("the winners to show", told.saturating_mul(TOLD_BYTES))?;
    let [starts, _] = input.spans();
    let rows = columns.chunks_exact(k).take(shown).enumerate().map(|(number, columns)| {
        let scores = input.scores_of(number);
        // Checked where it was read.
        let start = starts.map_or(0, |starts| starts[number] as usize);
        let values = answer.values.as_ref().map(|values| &values[number * k..][..k]);
        let winner = |(place, &column): (usize, &i32)| {
            let at = usize::try_from(column).ok()?;
            let score = *scores.get(at)?;
            Some(Winner {
                index: answer.indices[number * k + place],
                column,
                told: answer.raw_columns.is_some(),
                score: score.to_f64(),
                key: score.ordered_key(semantics.nan),
                integer: S::DTYPE.is_integer(),
                value: values.map(|values| values[place].to_f64()),
                label: labels.of(start + at),
            })
        };
        let mut winners: Vec<_> = columns.iter().enumerate().filter_map(winner).collect();
        match (semantics.order, semantics.select) {
            (Order::Unsorted, Select::Largest) => {
                winners.sort_by_key(|winner| (Reverse(winner.key), winner.column));
            }
            (Order::Unsorted, Select::Smallest) => {
                winners.sort_by_key(|winner| (winner.key, winner.column));
            }
            _ => {}
        }
        let count = answer.counts.as_ref().map(|counts| counts[number]);
        Row { number, label: row_labels.of(number), winners, count }
    });
    Ok(rows.collect())
}

/// For a person: a winner with a label has its own line; others share lines.
pub fn text(rows: &[Row]) -> String {
    rows.iter().map(Row::text).collect::<Vec<_>>().join("\n")
}

impl Row {
    fn text(&self) -> String {
        let label = self.label.as_deref().map(|label| format!("  {}", printable(label)));
        let counted = self.count.map(|count| format!("  {count} winners")).unwrap_or_default();
        let mut text = format!("row {}{counted}{}\n", self.number, label.unwrap_or_default());
        let cells: Vec<_> = self.winners.iter().take(SHOWN).map(Winner::cells).collect();
        let labelled = self.winners.iter().any(|winner| winner.label.is_some());
        let abreast = if labelled { 1 } else { ABREAST };
        let lines: Vec<_> = cells.chunks(abreast).map(<[_]>::concat).collect();
        let told = self.winners.iter().any(|winner| winner.told);
        text += &table(&if told { "rrll" } else { "rrl" }.repeat(abreast), &lines);
        if let Some(more) = self.winners.len().checked_sub(SHOWN).filter(|&more| more > 0) {
            text += &format!("{:>INDEX_CHARS$}  {more} more\n", "...");
        }
        text
    }

    /// For a program: every winner.
    pub fn json(&self) -> Value {
        // JSON has no NaN and no infinity. As f32, a number has the fewest digits that tell it.
        let number = |score: f64| match score as f32 {
            _ if !score.is_finite() => json!(score.to_string()),
            short if f64::from(short) == score => json!(short),
            _ => json!(score),
        };
        let winners = self.winners.iter().map(|winner| {
            let Winner { index, column, told, score, value, label, .. } = winner;
            let mut winner = json!({ "index": index, "score": number(*score), "label": label });
            if *told {
                winner["column"] = json!(column);
            }
            if let Some(value) = value {
                winner["value"] = number(*value);
            }
            winner
        });
        let mut row = json!({
            "row": self.number,
            "label": self.label,
            "winners": winners.collect::<Vec<_>>(),
        });
        if let Some(count) = self.count {
            row["count"] = json!(count);
        }
        row
    }
}

impl Winner {
    fn cells(&self) -> Vec<String> {
        let label = self.label.as_deref().map(printable).unwrap_or_default();
        let score = if self.integer { self.score.to_string() } else { number(self.score) };
        let mut cells = vec![format!("{:>INDEX_CHARS$}", self.index), score];
        if self.told {
            cells.push(format!("column {}", self.column));
        }
        cells.push(label);
        cells
    }
}

/// Four decimals where they say something.
fn number(score: f64) -> String {
    let size = score.abs();
    if score == 0.0 || !score.is_finite() || (1e-3..1e5).contains(&size) {
        format!("{score:.4}")
    } else {
        format!("{score:.3e}")
    }
}

/// A label on one short line, with nothing in it that a terminal would obey.
fn printable(label: &str) -> String {
    let plain = |c: char| if c.is_control() { ' ' } else { c };
    let mut text: String = label.chars().take(LABEL_CHARS).map(plain).collect();
    if label.chars().count() > LABEL_CHARS {
        text += "…";
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    fn answer(scores: &[f32], indices: &[i32], semantics: &Semantics) -> Vec<Row> {
        let values = semantics.values.then(|| vec![0.25; indices.len()]);
        let counts = semantics.count.then(|| vec![2]);
        let raw_columns = semantics.raw_columns.then(|| indices.to_vec());
        let ids =
            indices.iter().map(|&index| i64::from(index) + 100 * i64::from(semantics.raw_columns));
        let answer = Selection { indices: ids.collect(), values, counts, raw_columns };
        let none = Labels::default();
        let input = Rows::host(scores, 1, scores.len());
        rows(&input, 1, &answer, indices, indices.len(), semantics, [&none; 2]).unwrap()
    }

    #[test]
    fn an_order_values_and_counts_are_those_of_the_answer() {
        let sorted =
            Semantics { order: Order::ByIndex, values: true, count: true, ..Semantics::DEFAULT };
        let rows = answer(&[0.5, 3.0, 7.0], &[0, 2, -1], &sorted);
        assert_eq!(text(&rows).lines().next(), Some("row 0  2 winners"));
        let row = rows[0].json();
        assert_eq!(row["count"], 2);
        let winners = row["winners"].as_array().unwrap();
        let told = |winner: &Value| (winner["index"].clone(), winner["value"].clone());
        let told: Vec<_> = winners.iter().map(told).collect();
        assert_eq!(told, [(json!(0), json!(0.25)), (json!(2), json!(0.25))]);
    }

    #[test]
    fn raw_columns_stand_beside_the_ids() {
        let semantics = Semantics { raw_columns: true, ..Semantics::DEFAULT };
        let rows = answer(&[0.5, 7.0, 3.0], &[1, 2, -1], &semantics);
        let text = text(&rows);
        let words: Vec<_> = text.split_whitespace().skip(2).collect();
        assert_eq!(words, ["101", "7.0000", "column", "1", "102", "3.0000", "column", "2"]);
        let winner = &rows[0].json()["winners"][1];
        assert_eq!((&winner["index"], &winner["column"]), (&json!(102), &json!(2)));
    }

    #[test]
    fn winners_stand_best_first_and_the_fill_is_left_out() {
        let scores = [0.5, f32::NAN, -0.0, 7.0, 7.0];
        let text = text(&answer(&scores, &[4, 0, 3, -1, 1, -1], &Semantics::DEFAULT));
        let words: Vec<_> = text.split_whitespace().collect();
        assert_eq!(words, ["row", "0", "1", "NaN", "3", "7.0000", "4", "7.0000", "0", "0.5000"]);
        let smallest = Semantics { select: Select::Smallest, ..Semantics::DEFAULT };
        let least = answer(&scores, &[0, 2], &smallest);
        assert_eq!(least[0].winners[0].index, 2);
    }

    #[test]
    fn a_long_answer_is_cut_for_people_and_whole_for_programs() {
        let scores: Vec<f32> = (0..20).map(|score| score as f32).collect();
        let rows = answer(&scores, &(0..20).collect::<Vec<_>>(), &Semantics::DEFAULT);
        assert!(text(&rows).ends_with(" 4.0000\n     ...  4 more\n"), "{}", text(&rows));
        assert_eq!(rows[0].json()["winners"].as_array().unwrap().len(), 20);
    }

    #[test]
    fn labels_are_printed_without_control_characters_and_short() {
        assert_eq!(printable("a\u{1b}[2Jb"), "a [2Jb");
        let long = "é".repeat(LABEL_CHARS + 1);
        assert_eq!(printable(&long).chars().count(), LABEL_CHARS + 1);
        assert!(printable(&long).ends_with('…'));
    }

    #[test]
    fn numbers_are_short_and_keep_their_size() {
        for (score, text) in [
            (0.58203125, "0.5820"),
            (-0.0, "-0.0000"),
            (1e-8, "1.000e-8"),
            (f32::NEG_INFINITY, "-inf"),
            (3.0e38, "3.000e38"),
        ] {
            assert_eq!(number(f64::from(score)), text);
        }
    }
}
