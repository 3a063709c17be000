//! The golden: what was taken away where, and who found it out. It has no line numbers, so that an
//! edit of a template shows only where something changed.

use super::sites::Site;
use std::collections::BTreeMap;
use std::fmt::Write;

const HEAD: &str = "\
# Mutants

Everything in `templates/` that orders threads, taken away or weakened, one thing at a time, and how
the interpreter found the mutant out. `tests/interpret/mutation` writes this table.

- race: two accesses that nothing orders, or a read before the first write; which of the two is the
  schedule's choice.
- mask: a collective whose mask is not the set of its callers.
- wrong values: lanes go on with values that nobody gave them, and an access out of bounds, a race,
  a mask or a wrong answer follows; which of them is the schedule's choice.
- wrong answer: no fault, and not the top k.
- equivalent: it does what the kernel does, for the reason given.
- not reached: the kernel never comes there, as a trap in that place shows.
- not modelled: the interpreter cannot tell.
";

const COLUMNS: &str = "\
| file | function | construct | mutation | kernel | found out by |
|---|---|---|---|---|---|
";

#[derive(Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Row {
    place: [String; 3],
    mutation: &'static str,
    kernel: &'static str,
    verdict: String,
    reason: &'static str,
}

impl Row {
    pub fn new(
        site: &Site,
        mutation: &'static str,
        kernel: &'static str,
        verdict: String,
        reason: &'static str,
    ) -> Row {
        let place = [&site.file, &site.function, &site.construct]
            .map(|part| part.strip_prefix("templates/").unwrap_or(part).replace('|', "\\|"));
        Row { place, mutation, kernel, verdict, reason }
    }
}

pub fn table(mut rows: Vec<Row>) -> String {
    rows.sort();
    let mut totals: BTreeMap<&str, usize> = BTreeMap::new();
    for row in &rows {
        *totals.entry(&row.verdict).or_default() += 1;
    }
    let totals: Vec<String> =
        totals.iter().map(|(verdict, count)| format!("{count} {verdict}")).collect();
    let mut text = format!("{HEAD}\nOf {}: {}.\n\n{COLUMNS}", rows.len(), totals.join(", "));
    for Row { place: [file, function, construct], mutation, kernel, verdict, reason } in &rows {
        let why = if reason.is_empty() { String::new() } else { format!(": {reason}") };
        // Writing to a String cannot fail.
        let _ = writeln!(
            text,
            "| {file} | {function} | `{construct}` | {mutation} | {kernel} | {verdict}{why} |"
        );
    }
    text
}
