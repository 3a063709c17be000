//! The report of `topkit tune --check`: problems whose plan from the records is slower or faster than the plan
//! without them, by more than noise. The library defines the noise.

use super::report::layout;
use crate::ui::exit::Exit;
use crate::ui::report::{Report, count, table};
use serde_json::{Value, json};
use topkit::Problem;
use topkit::tune::{Comparison, Finding, Ratio};

/// The result of one comparison, in a word.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Class {
    Slower,
    Failed,
    Faster,
    Level,
    Same,
}

impl Class {
    fn of(finding: &Finding) -> Class {
        match finding {
            Finding::Timed(ratio) if ratio.is_slower() => Class::Slower,
            Finding::Timed(ratio) if ratio.is_faster() => Class::Faster,
            Finding::Timed(_) => Class::Level,
            Finding::Same => Class::Same,
            _ => Class::Failed,
        }
    }

    fn word(self) -> &'static str {
        match self {
            Class::Slower => "slower",
            Class::Failed => "failed",
            Class::Faster => "faster",
            Class::Level => "level",
            Class::Same => "same",
        }
    }
}

/// Text and document of some comparisons, and of problems that were not compared.
pub fn report(compared: &[Comparison], left: usize, interrupted: bool) -> Report {
    let mut classed: Vec<(Class, &Comparison)> =
        compared.iter().map(|one| (Class::of(&one.finding), one)).collect();
    // Within a class they stay in the order of problems.
    classed.sort_by_key(|(class, _)| *class);
    let number = |wanted: Class| classed.iter().filter(|(class, _)| *class == wanted).count();
    let told: Vec<_> = classed.iter().filter(|(class, _)| *class <= Class::Faster).collect();
    let mut text = String::new();
    if !told.is_empty() {
        let head = ["", "dtype", "k", "rows", "columns", "layout", "ratio", "tuned", "shipped"];
        let mut lines = vec![head.map(str::to_owned).to_vec()];
        lines.extend(told.iter().map(|(class, one)| cells(*class, one)));
        text += &table("llrrrlrll", &lines);
        text += "\n";
    }
    let mut words: Vec<String> = [Class::Slower, Class::Faster, Class::Level, Class::Same]
        .iter()
        .map(|&class| format!("{} {}", number(class), class.word()))
        .collect();
    if number(Class::Failed) > 0 {
        words.push(format!("{} failed", number(Class::Failed)));
    }
    let problems = count(compared.len(), "problem");
    text += &format!("{problems}, tuned against shipped: {}\n", words.join(", "));
    if left > 0 {
        text += &format!("{} not compared\n", count(left, "problem"));
    }
    let cells: Vec<Value> = compared.iter().map(document).collect();
    let document = json!({
        "compared": cells,
        "left": left,
        "slower": number(Class::Slower),
        "faster": number(Class::Faster),
        "level": number(Class::Level),
        "same": number(Class::Same),
        "failed": number(Class::Failed),
    });
    let bad = number(Class::Slower) + number(Class::Failed) > 0;
    let exit = match (interrupted, bad) {
        (true, _) => Exit::Interrupted,
        (false, true) => Exit::CheckFailed,
        (false, false) => Exit::Done,
    };
    Report { text, json: document, exit }
}

fn cells(class: Class, one: &Comparison) -> Vec<String> {
    let Problem { dtype, rows, columns, k, .. } = one.problem;
    let (ratio, tuned) = match &one.finding {
        Finding::Timed(Ratio { low, median, high, .. }) => {
            (format!("{median:.3} ({low:.3} to {high:.3})"), one.tuned.name())
        }
        Finding::Failed(why) => (String::new(), why.lines().next().unwrap_or_default().to_owned()),
        _ => (String::new(), one.tuned.name()),
    };
    vec![
        class.word().to_owned(),
        dtype.to_string(),
        k.to_string(),
        rows.to_string(),
        columns.to_string(),
        layout(&one.problem),
        ratio,
        tuned,
        one.shipped.name(),
    ]
}

fn document(one: &Comparison) -> Value {
    let Problem { dtype, rows, columns, k, vec_size, ragged, .. } = one.problem;
    let mut document = json!({
        "dtype": dtype.name(), "rows": rows, "columns": columns, "k": k,
        "vec_size": vec_size, "ragged": ragged,
        "tuned": one.tuned.name(), "shipped": one.shipped.name(),
        "result": Class::of(&one.finding).word(),
    });
    match &one.finding {
        Finding::Timed(Ratio { low, median, high, .. }) => {
            document["ratio"] = json!({ "low": low, "median": median, "high": high });
        }
        Finding::Failed(why) => document["failed"] = json!(why),
        _ => {}
    }
    document
}

#[cfg(test)]
mod tests {
    use super::*;
    use topkit::DType;
    use topkit::tune::VariantLaunch;

    fn compared(finding: Finding) -> Comparison {
        let launch = |name| VariantLaunch::from_name(DType::F32, name).unwrap();
        Comparison::new(
            Problem::new(DType::F32, 8, 32768, 64),
            launch("block_filter v4_b2048_t512_r32_pdl"),
            launch("block_filter v4_b2048_t512_r32"),
            finding,
        )
    }

    fn timed(low: f64, median: f64, high: f64) -> Comparison {
        compared(Finding::Timed(Ratio::new(low, median, high)))
    }

    #[test]
    fn slower_comes_first_and_is_a_failed_check() {
        let all = [timed(0.9, 0.92, 0.95), timed(0.99, 1.0, 1.03), timed(1.03, 1.05, 1.1)];
        let report = report(&all, 3, false);
        let lines: Vec<&str> = report.text.lines().collect();
        assert!(lines[1].starts_with("slower  f32    64     8    32768"), "{}", report.text);
        assert!(lines[1].contains("1.050 (1.030 to 1.100)  block_filter v4_b2048_t512_r32_pdl"));
        assert!(lines[2].starts_with("faster"));
        assert_eq!(
            lines[4],
            "3 problems, tuned against shipped: 1 slower, 1 faster, 1 level, 0 same"
        );
        assert_eq!(lines[5], "3 problems not compared");
        assert_eq!(report.exit, Exit::CheckFailed);
        assert_eq!(report.json["compared"][2]["result"], "slower");
        assert_eq!(report.json["compared"][2]["ratio"]["median"], 1.05);
    }

    #[test]
    fn nothing_to_tell_is_one_line_and_a_failure_is_told() {
        let same = report(&[compared(Finding::Same), timed(0.98, 1.0, 1.02)], 0, false);
        assert_eq!(
            same.text,
            "2 problems, tuned against shipped: 0 slower, 0 faster, 1 level, 1 same\n"
        );
        assert_eq!(same.exit, Exit::Done);
        let failed = report(&[compared(Finding::Failed("x: row 0".into()))], 0, false);
        assert!(failed.text.contains("x: row 0") && failed.text.contains("1 failed"));
        assert_eq!(failed.exit, Exit::CheckFailed);
        assert_eq!(report(&[], 1, true).exit, Exit::Interrupted);
    }
}
