//! A measured table: which kernels were fastest for which problem, and how long they took.
//!
//! It is made from records and read from a shipped file, a line a problem. It interpolates nothing and
//! chooses nothing; `planner` does. If a line names a kernel that no longer exists, its other kernels
//! count.

use super::{Provenance, Records};
use crate::plan::VariantLaunch;
use crate::problem::Problem;
use serde::{Deserialize, Serialize};
use std::cmp::Reverse;
use std::collections::HashMap;
use topkit_codegen::{DType, ProgramId, Variant};

/// The format of the file.
const FORMAT: u32 = 2;
/// The format before it: names did not say PDL, and every kernel that supports it was launched with it.
const UNTOLD: u32 = 1;

/// Kernels and their times for one problem.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Point {
    /// The problem that was measured.
    pub(crate) problem: Problem,
    /// The program that its kernels had; `None` without one.
    pub(crate) program: Option<ProgramId>,
    /// Microseconds a launch, best first.
    pub(crate) times: Vec<(VariantLaunch, f64)>,
}

/// The measured points of one GPU, driver and compiler.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Table {
    /// The GPU, driver and compiler.
    pub(crate) provenance: Provenance,
    /// By score type, k, rows and columns.
    pub(crate) points: Vec<Point>,
}

#[derive(Serialize, Deserialize)]
struct Head {
    format: u32,
    #[serde(flatten)]
    provenance: Provenance,
}

#[derive(Serialize, Deserialize)]
struct Line {
    at: (String, usize, usize, u32),
    /// Only of kernels with a program.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    program: Option<String>,
    /// Only if rows are not aligned to 16 bytes.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    vec_size: Option<u32>,
    #[serde(default, skip_serializing_if = "is_false")]
    ragged: bool,
    us: Vec<(String, f64)>,
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde passes a reference")]
fn is_false(value: &bool) -> bool {
    !*value
}

#[cfg(any(feature = "tune", test))]
/// The fastest kernels of a point, which a shipped table always keeps.
const KEPT: usize = 3;
#[cfg(any(feature = "tune", test))]
/// Bins and threads of a selector that declares one value of each.
const NARROW_BINS: u32 = 2048;
#[cfg(any(feature = "tune", test))]
const NARROW_THREADS: u32 = 512;

impl Table {
    /// The table of a run's rows; `None` where no row has a time.
    pub(crate) fn of(records: &Records, run: &str) -> Option<Table> {
        let provenance = records.runs.get(run)?.clone();
        let mut places: HashMap<_, Vec<(VariantLaunch, f64)>> = HashMap::new();
        for (_, row) in records.rows.iter().filter(|(name, _)| name == run) {
            if let Some(us) = row.outcome.microseconds() {
                places.entry((row.problem, row.program)).or_default().push((row.launch, us));
            }
        }
        let points = places.into_iter();
        let point = |((problem, program), times)| Point { problem, program, times };
        let points = points.map(point).collect();
        let table = Table { provenance, points }.sorted();
        (!table.points.is_empty()).then_some(table)
    }

    fn sorted(mut self) -> Table {
        for point in &mut self.points {
            // The name decides between equal times, so that the order is always the same.
            point
                .times
                .sort_by(|(a, x), (b, y)| x.total_cmp(y).then_with(|| a.name().cmp(&b.name())));
        }
        let key = |point: &Point| {
            let Problem { dtype, rows, columns, k, vec_size, ragged, .. } = point.problem;
            (dtype, k, rows, columns, ragged, Reverse(vec_size), point.program)
        };
        self.points.sort_by_key(key);
        self
    }

    #[cfg(any(feature = "tune", test))]
    /// The part that a shipped table needs: of each problem the fastest three variants, each kernel with
    /// the faster setting of PDL, the fastest that serves rows of any length, and the fastest of a
    /// selector of one size, [`NARROW_BINS`] with [`NARROW_THREADS`].
    pub(crate) fn condensed(mut self) -> Table {
        for point in &mut self.points {
            let mut known = std::collections::HashSet::new();
            point.times.retain(|(launch, _)| known.insert(launch.variant));
            let first = |wanted: &dyn Fn(&Variant) -> bool| {
                point.times.iter().position(|(launch, _)| wanted(&launch.variant))
            };
            let any_length = first(&|variant| variant.capacity().is_none());
            let narrow =
                first(&|variant| variant.bins == NARROW_BINS && variant.threads == NARROW_THREADS);
            let mut place = 0;
            point.times.retain(|_| {
                let kept = place < KEPT || [any_length, narrow].contains(&Some(place));
                place += 1;
                kept
            });
            for (_, us) in &mut point.times {
                *us = (*us * 1000.0).round() / 1000.0;
            }
        }
        // Rounding may have made times equal.
        self.sorted()
    }

    #[cfg(any(feature = "tune", test))]
    /// The text of its file; the same for the same table.
    ///
    /// # Errors
    /// A time is no number.
    pub(crate) fn write(&self) -> Result<String, serde_json::Error> {
        let head = Head { format: FORMAT, provenance: self.provenance.clone() };
        let mut text = serde_json::to_string(&head)? + "\n";
        for Point { problem, program, times } in &self.points {
            let Problem { dtype, rows, columns, k, vec_size, ragged, .. } = *problem;
            let line = Line {
                at: (dtype.name().to_owned(), rows, columns, k),
                program: program.map(|id| id.to_string()),
                vec_size: (!problem.is_aligned()).then_some(vec_size),
                ragged,
                us: times.iter().map(|(launch, us)| (launch.name(), *us)).collect(),
            };
            text += &(serde_json::to_string(&line)? + "\n");
        }
        Ok(text)
    }

    /// Reads the text of a file; `None` if it is empty.
    ///
    /// # Errors
    /// A line that is not a line of a table, by its number.
    pub(crate) fn read(text: &str) -> Result<Option<Table>, String> {
        let mut lines = text.lines().enumerate();
        let Some((_, head)) = lines.next() else { return Ok(None) };
        let unread = |number: usize| format!("line {} is none of a measured table", number + 1);
        let head: Head = serde_json::from_str(head).map_err(|_| unread(0))?;
        if ![UNTOLD, FORMAT].contains(&head.format) {
            return Err(format!("the table has format {}, not {FORMAT}", head.format));
        }
        let launch = |dtype, name: &str| match head.format {
            UNTOLD => Variant::from_short_name(dtype, name)
                .ok()
                .map(|variant| VariantLaunch::of(&variant)),
            _ => VariantLaunch::from_name(dtype, name),
        };
        let mut points = Vec::new();
        for (number, line) in lines {
            let Line { at: (dtype, rows, columns, k), program, vec_size, ragged, us } =
                serde_json::from_str(line).map_err(|_| unread(number))?;
            let dtype = DType::from_name(&dtype).ok_or_else(|| unread(number))?;
            let problem = Problem::of_record(dtype, (rows, columns, k), vec_size, ragged)
                .map_err(|why| format!("{}: {why}", unread(number)))?;
            let program = program.map(|id| id.parse::<ProgramId>()).transpose();
            let program = program.map_err(|why| format!("{}: {why}", unread(number)))?;
            if us.iter().any(|(_, us)| !us.is_finite() || *us <= 0.0) {
                return Err(format!("{}: a time is no time", unread(number)));
            }
            let known = |(name, us): (String, f64)| Some((launch(dtype, &name)?, us));
            let times: Vec<_> = us.into_iter().filter_map(known).collect();
            if !times.is_empty() {
                points.push(Point { problem, program, times });
            }
        }
        Ok(Some(Table { provenance: head.provenance, points }.sorted()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::plan::measured::{Effort, Outcome, Row, sample};

    fn records(rows: &[(usize, &str, f64)]) -> Records {
        let provenance = sample();
        let run = provenance.run();
        let mut records = Records::default();
        records.runs.insert(run.clone(), provenance);
        for (columns, name, us) in rows {
            let launch = VariantLaunch::from_name(DType::F32, name).unwrap();
            let problem = Problem::new(DType::F32, 1, *columns, 64);
            let outcome = Outcome::Timed { warm: *us, cold: *us, effort: Effort::Full };
            records.rows.push((
                run.clone(),
                Row { problem, program: None, launch, source: "".into(), outcome },
            ));
        }
        records
    }

    const ROWS: &[(usize, &str, f64)] = &[
        (16384, "block_resident v4_b4096_t1024_r16", 1.0),
        (16384, "block_resident v4_b4096_t256_r64", 3.0),
        (16384, "block_resident v4_b4096_t512_r32", 2.0),
        (16384, "block_filter v4_b2048_t256_r32", 7.12345),
        (16384, "block_filter v4_b2048_t512_r32", 8.0),
        (16384, "block_filter v4_b2048_t512_r32_pdl", 7.9),
        (16384, "block_filter v4_b2048_t512_r16", 9.0),
        (8192, "block_resident v4_b4096_t512_r16", 0.5),
    ];

    #[test]
    fn a_shipped_table_keeps_the_best_and_what_narrow_selectors_need() {
        let records = records(ROWS);
        let table = Table::of(&records, &sample().run()).unwrap().condensed();
        assert_eq!(table.points.len(), 2);
        assert_eq!(table.points[0].problem.columns, 8192);
        let names: Vec<_> =
            table.points[1].times.iter().map(|(launch, us)| (launch.name(), *us)).collect();
        let due = [
            ("block_resident v4_b4096_t1024_r16", 1.0),
            ("block_resident v4_b4096_t512_r32", 2.0),
            ("block_resident v4_b4096_t256_r64", 3.0),
            ("block_filter v4_b2048_t256_r32", 7.123),
            ("block_filter v4_b2048_t512_r32_pdl", 7.9),
        ];
        assert_eq!(names, due.map(|(name, us)| (name.to_owned(), us)));
    }

    #[test]
    fn a_shipped_table_begins_with_the_fastest_however_close_the_next_is() {
        let close: &[(usize, &str, f64)] = &[
            (16384, "block_filter v4_b2048_t512_r32", 8.0),
            (16384, "block_filter v4_b2048_t256_r32", 7.999),
        ];
        let text = Table::of(&records(close), &sample().run()).unwrap();
        let text = text.condensed().write().unwrap();
        let first = r#""us":[["block_filter v4_b2048_t256_r32",7.999],"#;
        assert!(text.contains(first), "{text}");
    }

    #[test]
    fn a_file_is_read_as_written_and_the_order_of_rows_does_not_matter() {
        let table = Table::of(&records(ROWS), &sample().run()).unwrap().condensed();
        let text = table.write().unwrap();
        assert_eq!(Table::read(&text).unwrap().unwrap(), table);
        let mut turned = ROWS.to_vec();
        turned.reverse();
        let again = Table::of(&records(&turned), &sample().run()).unwrap().condensed();
        assert_eq!(again.write().unwrap(), text);
    }

    #[test]
    fn the_layout_of_rows_is_kept() {
        let mut table = Table::of(&records(ROWS), &sample().run()).unwrap();
        let aligned = table.points[0].problem;
        table.points[0].problem = aligned.at(4, 0);
        table.points[1].problem.ragged = true;
        let text = table.write().unwrap();
        assert!(text.contains("\"vec_size\":1") && text.contains("\"ragged\":true"), "{text}");
        assert_eq!(Table::read(&text).unwrap().unwrap(), table);
    }

    #[test]
    fn in_the_form_before_all_started_early_that_could() {
        let head = r#"{"format":1,"device":"d","arch":"sm_90a","multiprocessors":1,"driver":"1","compiler":"c","space":"s"}"#;
        let line = r#"{"at":["f32",3,1001,64],"us":[["block_filter v4_b2048_t512_r32",1.0],["block_radix v4_b2048_t512",2.0]]}"#;
        let table = Table::read(&format!("{head}\n{line}\n")).unwrap().unwrap();
        let Point { problem, times, .. } = &table.points[0];
        assert_eq!(*problem, Problem::new(DType::F32, 3, 1001, 64).dense_aligned());
        let names: Vec<String> = times.iter().map(|(launch, _)| launch.name()).collect();
        assert_eq!(names, ["block_filter v4_b2048_t512_r32_pdl", "block_radix v4_b2048_t512"]);
    }

    #[test]
    fn the_program_of_kernels_is_kept() {
        let id = "p00112233445566778899aabbccddeeffk8";
        let mut records = records(ROWS);
        let row = records.rows[0].1.clone();
        let own = Row { program: Some(id.parse().unwrap()), ..row };
        records.rows.push((sample().run(), own));
        let table = Table::of(&records, &sample().run()).unwrap();
        let of_program = |point: &&Point| point.program.is_some();
        let [own] = table.points.iter().filter(of_program).collect::<Vec<_>>()[..] else {
            panic!()
        };
        assert_eq!((own.times.len(), own.problem.columns), (1, 16384));
        let text = table.write().unwrap();
        assert_eq!(text.matches(id).count(), 1, "{text}");
        assert_eq!(Table::read(&text).unwrap().unwrap(), table);
        let unread = Table::read(&text.replace(id, "p8")).unwrap_err();
        assert!(unread.contains("`p8` is not the id of a program"), "{unread}");
    }

    #[test]
    fn an_empty_file_is_no_table_and_a_damaged_one_says_where() {
        assert_eq!(Table::read(""), Ok(None));
        assert!(Table::read("[]").unwrap_err().contains("line 1"));
        let text = Table::of(&records(ROWS), &sample().run()).unwrap().write().unwrap();
        let newer = text.replacen("\"format\":2", "\"format\":3", 1);
        assert!(Table::read(&newer).unwrap_err().contains("format 3"));
        assert!(Table::read(&text.replacen("\"at\"", "\"to\"", 1)).unwrap_err().contains("line 2"));
        let unsound = |from: &str, to: &str, words: &str| {
            let damaged = text.replacen(from, to, 1);
            assert_ne!(damaged, text);
            let error = Table::read(&damaged).unwrap_err();
            assert!(error.contains("line 2") && error.contains(words), "{error}");
        };
        for (size, words) in [
            (r#"["f32",0,8192,64]"#, "rows is 0"),
            (r#"["f32",1,0,64]"#, "columns is 0"),
            (r#"["f32",1,8192,0]"#, "k is 0"),
            (r#"["f32",1,2147483648,64]"#, "columns is 2147483648"),
            (r#"["f32",1,8192,64],"vec_size":3"#, "no load takes 3 scores"),
        ] {
            unsound(r#"["f32",1,8192,64]"#, size, words);
        }
        for time in ["-0.5]", "0.0]", "-0.0]"] {
            unsound("0.5]", time, "no time");
        }
        // A kernel that no longer exists removes no other kernel.
        let gone = text.replacen("t1024_r16", "t1024_r99", 1);
        let left = Table::read(&gone).unwrap().unwrap();
        assert_eq!(left.points[1].times.len(), 6);
        assert!(Table::of(&Records::default(), "none").is_none());
    }
}
