//! Rows of special scores, at random but from a fixed seed, in the variants of the pairwise cover: every kernel with
//! every dtype and every value of every key. `gpu/fuzz.rs` does the same with ten million rows.

use crate::case::{Case, Element, Inputs, Layout, MOST_COLUMNS, covered, load, most_columns};
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
const SCORES: usize = 20_000;

/// A launch of one kernel, with rows, a k and a schedule of its own. Returns the rows.
fn rows_of<S: Score + Element>(
    variant: &Variant,
    turn: usize,
    rng: &mut Rng,
    wrong: &mut Vec<String>,
) -> usize {
    let kernel = load(variant);
    let most = most_columns(variant, 4 * MOST_COLUMNS);
    // Few long rows, or many short ones.
    let columns = 1 + rng.below(most as u32) as usize / (1 + 7 * (turn % 2));
    let rows = (SCORES / columns).clamp(1, 64);
    let scores = fuzz::matrix::<S>(rng, rows, columns);
    let layout = Layout { offset: rng.below(8) as usize, gap: rng.below(3) as usize };
    let case = Case::of("special scores", &scores, rows, columns, layout);
    let ragged = variant.semantics.rows == RowShape::Ragged;
    let inputs = Inputs::random(rng, &variant.semantics, [ragged; 2], rows, columns);
    let k = KS[rng.below(KS.len() as u32) as usize];
    wrong.extend(case.fault_given(&kernel, rows, k, &inputs, rng.bits()));
    rows
}

fn fuzz_of(kernel: KernelKind) {
    let mut rng = Rng::new(SEED);
    let (mut wrong, mut rows) = (Vec::new(), 0);
    for (turn, variant) in covered(kernel).iter().enumerate() {
        rows += with_score!(variant.dtype, S => rows_of::<S>(variant, turn, &mut rng, &mut wrong));
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

#[test]
fn cluster_radix_is_exact() {
    fuzz_of(KernelKind::ClusterRadix);
}
