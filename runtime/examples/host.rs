//! The same contract in plain Rust: the oracle that every kernel is held against. Needs nothing.
//!
//! Use it where there is no GPU, in tests of your own, or to see the meaning of a key of the
//! declaration. It serves every key.

use half::bf16;
use topkit::Rows;
use topkit::host::{self, HostError, Mismatch};
use topkit::spec::{NanPolicy, Order, RowShape, Semantics, Ties};

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let scores = [0.5, 2.0, f32::NAN, 2.0, -1.0, 7.0, 0.0, f32::NEG_INFINITY].map(bf16::from_f32);

    // Two dense rows of four. The default ranks NaN highest, as torch.topk does.
    let matrix = Rows::host(&scores, 2, 4);
    let best = host::top_k::<bf16, i32>(&matrix, 2, &Semantics::DEFAULT)?;
    println!("the best two of each row      {:?}", best.indices);

    // Each key of the declaration is a field of `Semantics`.
    let semantics = Semantics {
        nan: NanPolicy::Lowest,
        ties: Ties::HighestIndex,
        order: Order::ByValue,
        values: true,
        ..Semantics::DEFAULT
    };
    let best = host::top_k::<bf16, i32>(&matrix, 2, &semantics)?;
    println!("without NaN, best first       {:?} {:?}", best.indices, best.values);

    // Ragged rows: a row shorter than k gives all it has, and then -1.
    let semantics = Semantics { rows: RowShape::Ragged, ..Semantics::DEFAULT };
    let ragged = matrix.lengths(&[1, 3]);
    let best = host::top_k::<bf16, i32>(&ragged, 2, &semantics)?;
    println!("of rows of length 1 and 3     {:?}", best.indices);

    // `check` checks an answer of another program, such as a kernel.
    let wrong = [0, -1, 0, 2];
    match host::check(&ragged, 2, &semantics, &wrong) {
        Err(Mismatch::Winner { .. }) => println!("a wrong answer is found out"),
        other => return Err(format!("expected a wrong winner, found {other:?}").into()),
    }
    match host::top_k::<bf16, i32>(&matrix, 0, &Semantics::DEFAULT) {
        Err(error @ HostError::ZeroK) => println!("refused: {error}"),
        other => return Err(format!("expected a refusal, found {other:?}").into()),
    }
    Ok(())
}
