//! The interpreter is fast enough to be used.

use crate::case::{ALIGNED, Case, load, variant};
use half::bf16;
use std::time::{Duration, Instant};
use topkit::{DType, spec::Semantics};
use topkit_lab::Distribution;

#[test]
fn a_long_row_takes_less_than_two_seconds() {
    let semantics = Semantics::DEFAULT;
    let kernel = load(&variant(DType::Bf16, 8, 2048, 512, semantics));
    for distribution in [Distribution::Normal, Distribution::OneBin] {
        let case = Case::<bf16>::new(distribution, 1, 1, 65_536, ALIGNED);
        let begun = Instant::now();
        case.judge::<i32>(&kernel, &semantics, 1, 512, None, 0);
        let took = begun.elapsed();
        println!("top 512 of 65536 bf16, {distribution}, 512 threads: {} ms", took.as_millis());
        assert!(took < Duration::from_secs(2), "it took {took:?}");
    }
}
