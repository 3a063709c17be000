//! Tests of the language without a compiler of C++; `tests/interpret/functions` compares the three meanings.

mod cuda;
mod evaluated;
mod faults;
mod halves;
mod stages;

use super::{Arg, ArgKind, Functions, Type};

/// The arguments of most tests.
fn args() -> Vec<Arg> {
    let scalar = |name: &str, ty| Arg { name: name.into(), kind: ArgKind::Scalar(ty) };
    let slice = |name: &str, ty| Arg { name: name.into(), kind: ArgKind::Slice(ty) };
    vec![
        scalar("scale", Type::F32),
        scalar("window", Type::I32),
        scalar("pages_per_row", Type::I64),
        scalar("on", Type::Bool),
        slice("seq_lens", Type::I32),
        slice("pages", Type::I32),
        slice("bias", Type::Bf16),
    ]
}

fn functions(source: &str) -> Functions {
    Functions::parse(args(), source).unwrap_or_else(|error| panic!("{source}\n{error}"))
}
