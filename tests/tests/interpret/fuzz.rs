//! Rows of special scores, at random but from a fixed seed: every kernel, either end of the order, both
//! NaN policies, every score type, dense and ragged rows, every order, with values and counts. `gpu/fuzz.rs` does the same with ten million
//! rows.

use crate::case::{
    Case, Element, Layout, MOST_COLUMNS, every_meaning, every_output, load, most_columns,
};
use topkit::with_score;
use topkit::{
    Score, Variant,
    spec::{KernelKind, RowShape},
};
use topkit_lab::Rng;
use topkit_tests::fuzz;

const SEED: u64 = 12;
const KS: [u32; 6] = [1, 17, 64, 300, 1000, 2048];
/// Scores of a launch, about.
const SCORES: usize = 36_000;
const LAUNCHES: usize = 2;

/// Launches of one kernel, each with rows, a k and a schedule of its own. Returns the rows.
fn rows_of<S: Score + Element>(variant: &Variant, rng: &mut Rng, wrong: &mut Vec<String>) -> usize {
    let kernel = load(variant);
    let most = most_columns(variant, 4 * MOST_COLUMNS);
    let mut all = 0;
    for launch in 0..LAUNCHES {
        // Few long rows, then many short ones.
        let columns = 1 + rng.below(most as u32) as usize / (1 + 7 * launch);
        let rows = (SCORES / columns).clamp(1, 64);
        let scores = fuzz::matrix::<S>(rng, rows, columns);
        let layout = Layout { offset: rng.below(8) as usize, gap: rng.below(3) as usize };
        let case = Case::of("special scores", &scores, rows, columns, layout);
        let ragged = variant.semantics.rows == RowShape::Ragged;
        let spans = ragged.then(|| fuzz::spans(rng, rows, columns));
        let spans = spans.as_ref().map(|(starts, lengths)| (&starts[..], &lengths[..]));
        let k = KS[rng.below(KS.len() as u32) as usize];
        wrong.extend(case.fault::<i32>(&kernel, rows, k, spans, rng.bits()));
        all += rows;
    }
    all
}

fn fuzz_of(kernel: KernelKind) {
    let mut rng = Rng::new(SEED);
    let (mut wrong, mut rows) = (Vec::new(), 0);
    let variants = [every_meaning(), every_output()].concat();
    for variant in variants.iter().filter(|variant| variant.kernel == kernel) {
        rows += with_score!(variant.dtype, S => rows_of::<S>(variant, &mut rng, &mut wrong));
    }
    println!("{}: {rows} rows of special scores", kernel.name());
    assert!(wrong.is_empty(), "{} launches wrong:\n{}", wrong.len(), wrong.join("\n"));
}

#[test]
fn block_radix_is_exact() {
    fuzz_of(KernelKind::BlockRadix);
}

#[test]
fn block_resident_is_exact() {
    fuzz_of(KernelKind::BlockResident);
}

#[test]
fn block_codes_is_exact() {
    fuzz_of(KernelKind::BlockCodes);
}

#[test]
fn cluster_resident_is_exact() {
    fuzz_of(KernelKind::ClusterResident);
}

#[test]
fn warp_resident_is_exact() {
    fuzz_of(KernelKind::WarpResident);
}

#[test]
fn block_filter_is_exact() {
    fuzz_of(KernelKind::BlockFilter);
}

#[test]
fn cluster_filter_is_exact() {
    fuzz_of(KernelKind::ClusterFilter);
}

#[test]
fn grid_filter_is_exact() {
    fuzz_of(KernelKind::GridFilter);
}
