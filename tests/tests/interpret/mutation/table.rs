//! The golden: each site, its mutation, and how the mutant was detected. It has no line numbers, so that
//! an edit of a template changes only the rows of that edit.

use super::sites::Site;
use std::collections::BTreeMap;
use std::fmt::Write;

const HEAD: &str = "\
# Mutants

Every construct in `templates/` that orders threads, removed or weakened, one at a time, and how the
interpreter detected the mutant; and expressions of the source, the ordinal and the sink, replaced in kernels
with a program. `tests/interpret/mutation` writes this table.

- race: two unordered accesses, or a read before the first write; the schedule decides which of the two.
- mask: a collective whose mask is not the set of its callers.
- wrong values: lanes continue with values that no lane sent, and an access out of bounds, a race, a mask
  or a wrong answer follows; the schedule decides which.
- wrong answer: no fault, and not the top k.
- equivalent: the mutant does the same as the kernel, for the reason given.
- not reached: the kernel never reaches the site, as a trap in its place proves.
- not modelled: the interpreter cannot detect the mutant.
";

const COLUMNS: &str = "\
| file | function | construct | mutation | kernel | detected by |
|---|---|---|---|---|---|
";

#[derive(Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Row {
    place: [String; 3],
    mutation: &'static str,
    kernel: &'static str,
    detection: String,
    reason: &'static str,
}

impl Row {
    pub fn new(
        site: &Site,
        mutation: &'static str,
        kernel: &'static str,
        detection: String,
        reason: &'static str,
    ) -> Row {
        let place = [&site.file, &site.function, &site.construct]
            .map(|part| part.strip_prefix("templates/").unwrap_or(part).replace('|', "\\|"));
        Row { place, mutation, kernel, detection, reason }
    }
}

pub fn table(mut rows: Vec<Row>) -> String {
    rows.sort();
    let mut totals: BTreeMap<&str, usize> = BTreeMap::new();
    for row in &rows {
        *totals.entry(&row.detection).or_default() += 1;
    }
    let totals: Vec<String> =
        totals.iter().map(|(detection, count)| format!("{count} {detection}")).collect();
    let mut text = format!("{HEAD}\nOf {}: {}.\n\n{COLUMNS}", rows.len(), totals.join(", "));
    for Row { place: [file, function, construct], mutation, kernel, detection, reason } in &rows {
        let why = if reason.is_empty() { String::new() } else { format!(": {reason}") };
        // Writing to a String cannot fail.
        let _ = writeln!(
            text,
            "| {file} | {function} | `{construct}` | {mutation} | {kernel} | {detection}{why} |"
        );
    }
    text
}
