//! Wrong functions, with the whole of what is said of each.

use super::args;
use crate::functions::Functions;
use expect_test::expect_file;
use std::fmt::Write;

const WRONG: &str = include_str!("wrong.rs.txt");

/// Programs are apart by a line of `//` and what is wrong.
#[test]
fn each_wrong_program_has_its_message() {
    let mut said = String::new();
    let programs: Vec<&str> = WRONG.split("// ").skip(1).collect();
    assert!(programs.len() >= 60, "{}", programs.len());
    for program in programs {
        let (title, source) = program.split_once('\n').unwrap();
        let source = source.trim_end();
        let error = match Functions::parse(args(), source) {
            Ok(_) => panic!("{title}: no fault in\n{source}"),
            Err(error) => error,
        };
        writeln!(said, "== {title}\n{source}\n--\n{error}\n").unwrap();
    }
    expect_file!["faults.txt"].assert_eq(&said);
}

#[test]
fn all_faults_are_told_at_once() {
    let source = "fn a(x: f64) -> f32 { y }\nfn b() -> i32 { let x = 1 }\nfn c() -> i32 { 1 + 1.0 }\nlet d = 1;";
    let error = Functions::parse(args(), source).unwrap_err();
    assert_eq!(error.count(), 5, "{error}");
}
