//! The generated text, as a reader sees it.

use super::functions;
use expect_test::expect_file;

const SOURCE: &str = r#"
const PAGE: i32 = 1 << 6;

fn score(x: f32, row: i32, col: i32) -> f32 {
    if col + window >= seq_lens[row] { f32::INFINITY } else { biased(x, col) * scale }
}

fn biased(x: f32, col: i32) -> f32 {
    let x = x.max(-1.5).mul_add(0.5, bias[col].to_f32());
    let float = x as i32;
    if on { x } else { float as f32 }
}

fn emit(row: i32, col: i32) -> i32 {
    pages[row as i64 * pages_per_row + (col / PAGE) as i64] * PAGE + (col & (PAGE - 1))
}

fn weight(x: f32, n: i32) -> f32 {
    let mut sum = 0.0f32;
    for i in 0..n {
        if i == 7 || x.is_nan() {
            break;
        }
        sum += match i % 4 {
            0 => x,
            1 | 2 => {
                let half = x * 0.5;
                half * half
            }
            _ => continue,
        };
    }
    for i in (1..=n) {
        sum = if sum > 10.0 { return sum } else { sum + { sum *= 2.0; sum } };
    }
    sum
}
"#;

#[test]
fn the_text_of_functions() {
    expect_file!["cuda.cuh"].assert_eq(&functions(SOURCE).cuda(None));
}

/// Each statement has the line of its source.
#[test]
fn the_text_names_the_lines_of_the_source() {
    let text = functions(SOURCE).cuda(Some(("src/lib.rs", 1)));
    expect_file!["cuda_lines.cuh"].assert_eq(&text);
}
