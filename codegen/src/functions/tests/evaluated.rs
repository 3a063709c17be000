//! Values that functions give, and where they stop.

use super::functions;
use crate::functions::{Arithmetic, Inputs, Type, Value};

struct Given;

impl Inputs for Given {
    fn scalar(&self, arg: usize) -> Value {
        match arg {
            0 => Value::F32(0.5),
            1 => Value::I32(3),
            2 => Value::I64(10),
            _ => Value::Bool(true),
        }
    }

    fn length(&self, _: usize) -> i64 {
        4
    }

    fn element(&self, arg: usize, index: i64) -> Value {
        let value = 100 * arg as i64 + index;
        if arg == 6 {
            Value::from_bits(Type::Bf16, 0x3F80 + index as u64)
        } else {
            Value::I32(value as i32)
        }
    }
}

/// What the first function of a source gives for `values`, checked.
fn checked(source: &str, values: &[Value]) -> Result<Value, String> {
    let functions = functions(source);
    let first = &functions.all()[0];
    let result = functions.evaluate(first, values, &Given, Arithmetic::Checked);
    result.map_err(|stop| stop.to_string())
}

#[test]
fn the_functions_of_a_paged_indexer_give_their_values() {
    const SOURCE: &str = "
        fn score(x: f32, row: i32, col: i32) -> f32 {
            if col + window >= seq_lens[row] { f32::INFINITY } else { x * scale }
        }
        fn emit(row: i32, col: i32) -> i32 {
            pages[row as i64 * pages_per_row + (col >> 6) as i64] * 64 + (col & 63)
        }";
    let functions = functions(SOURCE);
    let run = |name: &str, values: &[Value]| {
        functions.evaluate(functions.get(name).unwrap(), values, &Given, Arithmetic::Checked)
    };
    let [row, col] = [0, 130].map(Value::I32);
    assert_eq!(run("score", &[Value::F32(3.0), row, col]), Ok(Value::F32(1.5)));
    assert_eq!(
        run("score", &[Value::F32(3.0), row, Value::I32(397)]),
        Ok(Value::F32(f32::INFINITY))
    );
    assert_eq!(run("emit", &[row, col]), Ok(Value::I32(502 * 64 + 2)));
    let stop = run("emit", &[Value::I32(1), col]).unwrap_err();
    assert_eq!(
        stop.to_string(),
        "line 6, column 13: the index is 12, and the slice has 4 elements"
    );
    assert_eq!(stop.place().line, 6);
}

#[test]
fn control_flow_gives_what_rust_gives() {
    let i32s = |values: &[i32]| values.iter().copied().map(Value::I32).collect::<Vec<_>>();
    for (source, values, result) in [
        ("fn f(n: i32) -> i32 { let mut s = 0; for i in 0..n { s += i; } s }", &[5][..], 10),
        (
            "fn f(n: i32) -> i32 { let mut s = 0; for i in 0..=n { if i == 2 { continue; } s += i; } s }",
            &[5],
            13,
        ),
        ("fn f(n: i32) -> i32 { for i in 0..100 { if i * i >= n { return i; } } -1 }", &[50], 8),
        (
            "fn f(n: i32) -> i32 { let mut s = 0; for i in n.. =n { s = i; } s }"
                .replace(".. =", "..=")
                .leak(),
            &[i32::MAX],
            i32::MAX,
        ),
        ("fn f(n: i32) -> i32 { match n { 0 => 1, 1..=9 | 20 => 2, ..0 => 3, _ => 4 } }", &[20], 2),
        ("fn f(n: i32) -> i32 { match n { 0 => 1, 1..=9 | 20 => 2, ..0 => 3, _ => 4 } }", &[-7], 3),
        ("fn f(n: i32) -> i32 { match n > 3 { true => 1, false => 0 } }", &[4], 1),
        ("fn f(n: i32) -> i32 { let n = n + 1; let n = { let n = n * 2; n + 1 }; n }", &[4], 11),
        ("fn f(n: i32) -> i32 { let mut m = n; m + { m = 5; m } * m }", &[2], 27),
        (
            "fn f(n: i32) -> i32 { let mut m = n; for mut i in 0..3 { i += 10; m += i; } m }",
            &[0],
            33,
        ),
        (
            "fn f(n: i32) -> i32 { g(n) + B } const B: i32 = A * 2; const A: i32 = 21; fn g(n: i32) -> i32 { n }",
            &[1],
            43,
        ),
        ("fn f(n: i32) -> i32 { if n > 0 && 6 / n == 2 { 1 } else { 0 } }", &[0], 0),
        (
            "fn f(n: i32) -> i32 { let big = 3000000000 as i64; (big + n as i64) as i32 }",
            &[0],
            3_000_000_000u32 as i32,
        ),
    ] {
        assert_eq!(checked(source, &i32s(values)), Ok(Value::I32(result)), "{source}");
    }
}

#[test]
fn what_panics_in_rust_stops_with_its_place() {
    for (body, values, said) in [
        ("a + b", [i32::MAX, 1], "`+` overflows: 2147483648 is no `i32`"),
        ("a - b", [i32::MIN, 1], "`-` overflows"),
        ("a * b", [1 << 20, 1 << 20], "`*` overflows"),
        ("a / b", [1, 0], "`/` by zero"),
        ("a % b", [1, 0], "`%` by zero"),
        ("a / b", [i32::MIN, -1], "`/` overflows"),
        ("a % b", [i32::MIN, -1], "`%` overflows"),
        ("a << b", [1, 32], "`<<` by 32, and `i32` has 32 bits"),
        ("a >> b", [1, -1], "`>>` by -1"),
        ("-a + b", [i32::MIN, 0], "`-` overflows"),
        ("(a + b).abs()", [i32::MIN, 0], "`abs` overflows"),
        ("a.clamp(b, 3)", [1, 4], "`clamp` from 4 to 3"),
        ("(a as f32).clamp(b as f32, f32::NAN) as i32", [1, 4], "`clamp` from 4.0 to NaN"),
        ("a + seq_lens[b]", [1, 4], "the index is 4, and the slice has 4 elements"),
        ("a + seq_lens[b as u32]", [1, -1], "the index is 4294967295"),
    ] {
        let source = format!("fn f(a: i32, b: i32) -> i32 {{ {body} }}");
        let error = checked(&source, &values.map(Value::I32)).unwrap_err();
        assert!(error.starts_with("line 1, column ") && error.contains(said), "{body}: {error}");
    }
}
