//! Tests of records: every written row is read, whoever wrote it, and foreign rows are named.

use super::*;
use crate::plan::VariantLaunch;
use crate::plan::measured::{Effort, Outcome, Records, Sample, sample};
use crate::problem::Problem;
use std::thread;
use topkit_codegen::{DType, Program};

fn row(columns: usize, warm: f64) -> Row {
    let launch =
        VariantLaunch::from_name(DType::F32, "block_filter v4_b2048_t512_r32_pdl").unwrap();
    let outcome = Outcome::Timed { warm, cold: 4.0 * warm, effort: Effort::Full };
    let problem = Problem::new(DType::F32, 1, columns, 64);
    Row { problem, program: None, launch, source: "abc".into(), outcome }
}

fn write(path: &Path, rows: &[Row]) {
    let mut recorder = Recorder::open(path, &sample()).unwrap();
    rows.iter().for_each(|row| recorder.add(row).unwrap());
}

fn rows(path: &Path) -> Vec<Row> {
    let records = Records::read(path).unwrap();
    assert_eq!(records.refused, Vec::<String>::new());
    records.rows.into_iter().map(|(_, row)| row).collect()
}

#[test]
fn rows_are_read_as_written_and_the_last_word_stands() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("r.jsonl");
    assert_eq!(rows(&path), []);
    let wrong = Row { outcome: Outcome::Wrong("row 0".into()), ..row(3, 1.0) };
    let refused = Row { outcome: Outcome::Refused("no room".into()), ..row(4, 1.0) };
    write(&path, &[row(1, 1.0), row(2, 2.0), wrong.clone(), refused.clone()]);
    write(&path, &[row(1, 5.0)]);
    assert_eq!(rows(&path), [row(1, 5.0), row(2, 2.0), wrong, refused]);
    assert_eq!(row(1, 5.0).outcome.microseconds(), Some(10.0));
    let text = std::fs::read_to_string(&path).unwrap();
    assert!(text.contains(r#""candidate":"block_filter v4_b2048_t512_r32_pdl""#), "{text}");
}

#[test]
fn a_row_keeps_its_program_and_does_not_replace_that_of_another() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("r.jsonl");
    let of = |text: &'static str| Some(Program::builder(text).source("A").build().unwrap().id());
    let [one, other] = [of("struct A {};"), of("struct A { };")];
    let all =
        [row(1, 1.0), Row { program: one, ..row(1, 2.0) }, Row { program: other, ..row(1, 3.0) }];
    write(&path, &all);
    assert_eq!(rows(&path), all);
    let text = std::fs::read_to_string(&path).unwrap();
    assert_eq!(text.matches(&format!("\"program\":\"{}\"", one.unwrap())).count(), 1, "{text}");
    assert_eq!(text.matches("program").count(), 2, "{text}");
    let damaged = text.replacen(&one.unwrap().to_string(), "p1", 1);
    let refused = Records::of(&damaged, "r").refused;
    assert!(refused[0].contains("`p1` is not the id of a program"), "{refused:?}");
}

#[test]
fn a_line_that_was_cut_off_costs_itself_alone() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("r.jsonl");
    write(&path, &[row(1, 1.0), row(2, 2.0)]);
    let text = std::fs::read_to_string(&path).unwrap();
    std::fs::write(&path, &text[..text.len() - 9]).unwrap();
    write(&path, &[row(3, 3.0)]);
    let records = Records::read(&path).unwrap();
    assert_eq!(records.rows.len(), 2);
    assert_eq!(records.refused.len(), 1, "{:?}", records.refused);
    assert!(records.refused[0].contains("r.jsonl:3: it is no line of a record"));
}

#[test]
fn what_is_no_row_is_told_by_its_line() {
    let header = serde_json::json!({ "format": 3, "run": "x", "device": "d", "arch": "a",
        "multiprocessors": 1, "driver": "1", "compiler": "c", "space": "s" });
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("r.jsonl");
    write(&path, &[row(1, 1.0)]);
    let text = std::fs::read_to_string(&path).unwrap();
    let line = text.lines().nth(1).unwrap();
    let (run, _) = line.split_once(r#"","dtype"#).unwrap();
    let lines = [
        header.to_string(),
        line.replace("f32", "f128"),
        line.replace("t512", "t513"),
        line.replace("1.0,", "-1.0,"),
        line.replace(run, r#"{"run":"unknown"#),
    ];
    let records = Records::of(&(text.clone() + &lines.join("\n")), "made");
    assert_eq!(records.rows.len(), 1);
    for (refused, words) in records.refused.iter().zip([
        "made:3: it has format 3",
        "made:4: f128 is no score type",
        "made:5: there is no kernel block_filter v4_b2048_t513_r32_pdl",
        "made:6: its time is no time",
        "made:7: nothing says where run unknown",
    ]) {
        assert!(refused.contains(words), "{refused}");
    }
    assert_eq!(records.refused.len(), 5);
}

/// Numbers that plans would use and that no launch can have had.
#[test]
fn unsound_numbers_are_refused_by_their_line() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("r.jsonl");
    let reading =
        Reading { problem: row(4096, 1.0).problem, sample: Sample { warm: 3.0, cold: 7.0 } };
    write(&path, &[row(4096, 1.0)]);
    Recorder::open(&path, &sample()).unwrap().add_reading(&reading).unwrap();
    let text = std::fs::read_to_string(&path).unwrap();
    let lines: Vec<&str> = text.lines().collect();
    let [head, row, _, reading] = lines[..] else { panic!("{text}") };
    let tiny = "1e-200";
    let huge = "1e200";
    for (line, from, to, words) in [
        (row, r#""warm":1.0,"cold":4.0"#, r#""warm":-1.0,"cold":-4.0"#, "its time is no time"),
        (row, r#""warm":1.0"#, r#""warm":0.0"#, "its time is no time"),
        (row, r#""cold":4.0"#, r#""cold":-0.0"#, "its time is no time"),
        (row, r#""cold":4.0"#, r#""cold":1e999"#, "it is no line of a record"),
        (row, r#""cold":4.0"#, r#""cold":null"#, "it is no line of a record"),
        (row, "1.0,\"cold\":4.0", &format!("{tiny},\"cold\":{tiny}"), "its time is no time"),
        (row, "1.0,\"cold\":4.0", &format!("{huge},\"cold\":{huge}"), "its time is no time"),
        (row, r#""rows":1"#, r#""rows":0"#, "rows is 0, not from 1 to 2147483647"),
        (row, r#""columns":4096"#, r#""columns":0"#, "columns is 0"),
        (row, r#""columns":4096"#, r#""columns":2147483648"#, "columns is 2147483648"),
        (row, r#""k":64"#, r#""k":0"#, "k is 0"),
        (row, r#""k":64"#, r#""k":4294967295"#, "k is 4294967295"),
        (row, r#""rows":1"#, r#""rows":-1"#, "it is no line of a record"),
        (row, r#""vec_size":4"#, r#""vec_size":0"#, "no load takes 0 scores"),
        (row, r#""k":64"#, r#""k":2049"#, "does not serve top 2049 of 1 x 4096"),
        (
            row,
            "block_filter v4_b2048_t512_r32_pdl",
            "block_resident v4_b4096_t256_r8_pdl",
            "does not serve top 64 of 1 x 4096",
        ),
        (reading, r#""warm":3.0,"cold":7.0"#, r#""warm":-3.0,"cold":-7.0"#, "its time is no time"),
        (reading, r#""rows":1"#, r#""rows":0"#, "rows is 0"),
        (reading, r#""columns":4096"#, r#""columns":0"#, "columns is 0"),
    ] {
        let damaged = line.replacen(from, to, 1);
        assert_ne!(damaged, line, "{from} is not in {line}");
        let records = Records::of(&[head, &damaged].join("\n"), "made");
        assert_eq!((records.rows.len(), records.readings.len()), (0, 0), "{damaged}");
        let [refused] = &records.refused[..] else { panic!("{:?}", records.refused) };
        assert!(refused.contains("made:2: ") && refused.contains(words), "{refused}");
    }
    assert_eq!(Records::of(&text, "made").refused, Vec::<String>::new());
}

#[test]
fn foreign_and_stale_rows_are_named_and_left_out() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("r.jsonl");
    write(&path, &[row(1, 1.0)]);
    let read = || Records::read(&path).unwrap();
    assert_eq!(read().usable(Some(&sample()), |_| "abc".into()).rows.len(), 1);
    let elsewhere = Provenance { device: "Other".into(), ..sample() };
    let foreign = read().usable(Some(&elsewhere), |_| "abc".into());
    assert!(foreign.rows.is_empty() && foreign.refused[0].contains("NVIDIA Sample, not Other"));
    assert_eq!(read().usable(None, |_| "abc".into()).rows.len(), 1);
    let stale = read().usable(Some(&sample()), |_| "abd".into());
    assert!(stale.rows.is_empty() && stale.refused[0].contains("was another kernel then"));
}

#[test]
fn writers_of_one_file_do_not_mix_their_lines() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("r.jsonl");
    thread::scope(|scope| {
        for writer in 0..4 {
            let path = &path;
            scope.spawn(move || {
                let rows: Vec<Row> = (0..250).map(|i| row(1 + writer * 250 + i, 1.0)).collect();
                write(path, &rows);
            });
        }
    });
    assert_eq!(rows(&path).len(), 1000);
}

#[test]
fn the_layout_of_rows_is_part_of_a_problem() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("r.jsonl");
    let aligned = row(4096, 1.0);
    let odd = Row { problem: aligned.problem.at(4, 0), ..row(4096, 2.0) };
    let ragged = Row { problem: Problem { ragged: true, ..aligned.problem }, ..row(4096, 3.0) };
    write(&path, &[aligned.clone(), odd.clone(), ragged.clone()]);
    assert_eq!(rows(&path), [aligned, odd, ragged]);
    let text = std::fs::read_to_string(&path).unwrap();
    let records = Records::of(&text.replace(r#""vec_size":1"#, r#""vec_size":3"#), "made");
    assert!(records.refused[0].contains("no load takes 3 scores of f32"), "{records:?}");
}

#[test]
fn floors_are_kept_for_every_k() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("r.jsonl");
    let problem = Problem { k: 0, ..row(4096, 1.0).problem };
    let reading = |us| Reading { problem, sample: Sample { warm: us, cold: 2.0 * us } };
    let mut recorder = Recorder::open(&path, &sample()).unwrap();
    recorder.add_reading(&reading(1.0)).unwrap();
    recorder.add_reading(&reading(3.0)).unwrap();
    let records = Records::read(&path).unwrap();
    assert_eq!((records.readings.len(), records.refused.len()), (1, 0));
    let of = |problem: &Problem| records.read_once(&sample().run(), problem);
    assert_eq!(of(&Problem { k: 64, ..problem }), Some(reading(3.0).sample));
    assert_eq!(of(&Problem { rows: 2, ..problem }), None);
    assert_eq!(records.read_once("other", &problem), None);
}

#[test]
fn what_was_passed_over_is_no_time_and_is_never_stale() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("r.jsonl");
    let passed = Row { outcome: Outcome::PassedOver("too long".into()), ..row(1, 1.0) };
    write(&path, std::slice::from_ref(&passed));
    let records = Records::read(&path).unwrap().usable(Some(&sample()), |_| "other".into());
    assert_eq!((records.rows.len(), records.rows[0].1.outcome.microseconds()), (1, None));
}
