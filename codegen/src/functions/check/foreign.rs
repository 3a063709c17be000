//! What Rust has and the language has not, with what to write instead.

use syn::Expr;

/// What an expression is, and what to write instead.
pub(super) fn foreign(expr: &Expr) -> (&'static str, &'static str) {
    match expr {
        Expr::While(_) => {
            ("there is no `while` here", "write `for i in 0..n { .. }`, with `break` where it ends")
        }
        Expr::Loop(_) => {
            ("there is no `loop` here", "write `for i in 0..n { .. }`, with `break` where it ends")
        }
        Expr::Closure(_) => ("there are no closures here", "write a function beside this one"),
        Expr::Tuple(tuple) if tuple.elems.is_empty() => ("`()` is no value here", "give a number"),
        Expr::Tuple(_) => ("there are no tuples here", "write a `let` for each part"),
        Expr::Array(_) | Expr::Repeat(_) => (
            "there are no arrays here",
            "pass a slice as an argument of the selector, or write a `match`",
        ),
        Expr::Struct(_) => ("there are no structs here", "write a `let` for each field"),
        Expr::Field(_) => ("there are no fields here", "name the arguments of the launch directly"),
        Expr::Macro(_) => ("there are no macros here", "write what it stands for"),
        Expr::Reference(_) | Expr::RawAddr(_) => {
            ("there are no references here", "pass the value itself")
        }
        Expr::Try(_) => ("there is no `?` here", "write an `if`"),
        Expr::Let(_) => (
            "there is no `if let` here",
            "write `if` with a comparison, or a `match` on an integer",
        ),
        Expr::Range(_) => {
            ("a range is no value here", "use it in `for i in a..b` or in a pattern of `match`")
        }
        Expr::Unsafe(_) => ("there is no `unsafe` here", "remove the word"),
        Expr::Async(_) | Expr::Await(_) | Expr::Yield(_) => ("nothing waits here", "remove it"),
        Expr::Const(_) => (
            "there are no `const` blocks here",
            "write `const NAME: f32 = ..;` beside the function",
        ),
        Expr::Infer(_) => ("`_` is no value", "write a value"),
        _ => (
            "this is not part of the language of kernels",
            "write it with numbers, `if`, `match`, `for` and calls",
        ),
    }
}
