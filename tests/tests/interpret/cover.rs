//! The pairwise cover: every row of it is compiled and run on special scores, with the indices, the values, the counts,
//! the order and the fill checked.

use crate::case::{Element, Interpreted, load};
use topkit::{Score, spec::KernelKind, with_score};
use topkit_lab::Rng;
use topkit_tests::cover::{Row, cover};

const SEED: u64 = 16;
/// Scores of each launch, about.
const SCORES: usize = 8_000;
/// Rows of each launch, at most: several CTAs of each kernel.
const ROWS: usize = 9;
/// Launches of each row, of the class of the row.
const LAUNCHES: usize = 2;

/// The faults of a row's launches. Its kernel is compiled once.
fn faults<S: Score + Element>(row: &Row, rng: &mut Rng) -> Vec<String> {
    let kernel = load(&row.variant);
    let launch = |_| row.fault::<S, Interpreted>(&kernel, rng, SCORES, ROWS);
    (0..LAUNCHES).filter_map(launch).collect()
}

fn cover_of(kernel: KernelKind) {
    let (mut wrong, mut rng) = (Vec::new(), Rng::new(SEED));
    let rows = cover().0.iter().filter(|row| row.variant.kernel == kernel);
    let mut variants = 0;
    for row in rows {
        let variant = row.variant;
        wrong.extend(with_score!(variant.dtype, S => faults::<S>(row, &mut rng)));
        variants += 1;
    }
    println!("{}: {variants} variants, {LAUNCHES} launches each", kernel.name());
    assert!(variants > 1, "the cover has {variants} variants of {}", kernel.name());
    assert!(wrong.is_empty(), "{} launches wrong:\n{}", wrong.len(), wrong.join("\n"));
}

#[test]
fn block_radix_is_exact() {
    cover_of(KernelKind::BlockRadix);
}

#[test]
fn block_resident_is_exact() {
    cover_of(KernelKind::BlockResident);
}

#[test]
fn block_codes_is_exact() {
    cover_of(KernelKind::BlockCodes);
}

#[test]
fn cluster_resident_is_exact() {
    cover_of(KernelKind::ClusterResident);
}

#[test]
fn warp_resident_is_exact() {
    cover_of(KernelKind::WarpResident);
}

#[test]
fn block_filter_is_exact() {
    cover_of(KernelKind::BlockFilter);
}

#[test]
fn cluster_filter_is_exact() {
    cover_of(KernelKind::ClusterFilter);
}

#[test]
fn grid_filter_is_exact() {
    cover_of(KernelKind::GridFilter);
}

#[test]
fn cluster_radix_is_exact() {
    cover_of(KernelKind::ClusterRadix);
}
