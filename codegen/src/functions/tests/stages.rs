//! Stages: how kernels call them, and what is said of functions that cannot be one.

use super::args;
use crate::functions::Stages;
use expect_test::{expect, expect_file};

#[test]
fn kernels_call_stages_with_all_that_they_may_take() {
    let source = "fn score(x: f32) -> f32 { twice(x) }
        fn twice(x: f32) -> f32 { x * 2.0 }
        fn emit(col: i32, row: i32) -> u32 { (pages[row] + col) as u32 }";
    expect_file!["stages.cuh"].assert_eq(&Stages::parse(args(), source).unwrap().cuda(true));
}

#[test]
fn functions_that_are_no_stages_are_told() {
    let source = "fn scores(x: f32) -> f32 { x }
fn keep(row: i64) -> bool { row > 0 }
fn row_len(row: i32, col: i32) -> i32 { helper(row) }
fn emit(row: i32) -> f32 { 1.0 }
fn helper(row: i32) -> i32 { row }";
    let error = Stages::parse(args(), source).unwrap_err().to_string();
    expect![[r#"
        error: `scores` is no stage of a kernel, and no function calls it
         --> line 1, column 4
          |
        1 | fn scores(x: f32) -> f32 { x }
          |    ^^^^^^ the stages are `row_start`, `row_len`, `keep`, `score`, `emit`

        error: `keep` may take `row: i32`, `col: i32`, and gives `bool`
         --> line 2, column 4
          |
        2 | fn keep(row: i64) -> bool { row > 0 }
          |    ^^^^ write `fn keep(row: i32, col: i32) -> bool`

        error: `row_len` may take `row: i32`, and gives `i32`
         --> line 3, column 4
          |
        3 | fn row_len(row: i32, col: i32) -> i32 { helper(row) }
          |    ^^^^^^^ write `fn row_len(row: i32) -> i32`

        error: `emit` may take `row: i32`, `col: i32`, and gives `i32` or `u32` or `i64`
         --> line 4, column 4
          |
        4 | fn emit(row: i32) -> f32 { 1.0 }
          |    ^^^^ write `fn emit(row: i32, col: i32) -> i32`"#]]
    .assert_eq(&error);
    let none = Stages::parse(args(), "const A: f32 = 1.0;").unwrap_err().to_string();
    assert!(none.contains("no function is a stage of a kernel"), "{none}");
}
