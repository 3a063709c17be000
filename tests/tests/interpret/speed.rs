//! A long row is selected in a bounded number of accesses, which bounds the time of the interpreter and
//! holds on a busy machine too.

use crate::case::{ALIGNED, Case, interpreter, variant};
use half::bf16;
use topkit::{DType, spec::Semantics};
use topkit_lab::Distribution;
use topkit_tests::rendered;

/// Accesses and calls of a launch: at most so many a score.
const STEPS_PER_SCORE: u64 = 40;
const COLUMNS: usize = 65_536;

#[test]
fn a_long_row_takes_few_accesses() {
    let semantics = Semantics::DEFAULT;
    let source = rendered(&variant(DType::Bf16, 8, 2048, 512, semantics));
    let interpreter = interpreter().steps(STEPS_PER_SCORE * COLUMNS as u64);
    let kernel = interpreter.load(&source).unwrap();
    for distribution in [Distribution::Normal, Distribution::OneBin] {
        let case = Case::<bf16>::new(distribution, 1, 1, COLUMNS, ALIGNED);
        case.check::<i32>(&kernel, 1, 512, None, 0);
    }
}
