//! Every kernel with either end of the order and both NaN policies, on every distribution whose worst
//! scores are many, at sizes that lead each kernel into its slow paths: more equal scores than a
//! threshold bin has room for, fewer finite scores than k, several stripes of a filter.

use crate::case::{
    ALIGNED, Case, Element, Inputs, Layout, MOST_COLUMNS, covered, load, most_columns,
};
use topkit::{
    Score, Variant,
    spec::{KernelKind, NanPolicy, Select},
    with_score,
};
use topkit_lab::SPECIAL;

const LAYOUTS: [Layout; 2] = [ALIGNED, Layout { offset: 3, gap: 1 }];
const ROWS: usize = 2;

fn on_every_distribution<S: Score + Element>(variant: &Variant, wrong: &mut Vec<String>) {
    let kernel = load(variant);
    let columns = most_columns(variant, 3 * MOST_COLUMNS + 3) - 3;
    for (turn, distribution) in SPECIAL.into_iter().enumerate() {
        let layout = LAYOUTS[turn % LAYOUTS.len()];
        let case = Case::<S>::new(distribution, turn as u64, ROWS, columns, layout);
        let k = [60, 700][turn / 2 % 2];
        wrong.extend(case.fault_given(&kernel, ROWS, k, &Inputs::default(), turn as u64));
    }
}

/// One variant of the cover for each end of the order with each NaN policy. The cover has every end and every policy
/// with each kernel, though not always both together.
fn meanings(kernel: KernelKind) -> Vec<Variant> {
    let variants = covered(kernel);
    let (mut meanings, mut ranked) = (Vec::new(), Vec::new());
    for variant in variants {
        let meaning = (variant.semantics.select, variant.semantics.nan);
        if !meanings.contains(&meaning) {
            meanings.push(meaning);
            ranked.push(variant);
        }
    }
    assert!(Select::ALL.iter().all(|end| meanings.iter().any(|(select, _)| select == end)));
    assert!(NanPolicy::ALL.iter().all(|policy| meanings.iter().any(|(_, nan)| nan == policy)));
    ranked
}

fn special_scores_are_ranked_by(kernel: KernelKind) {
    let mut wrong = Vec::new();
    for variant in &meanings(kernel) {
        with_score!(variant.dtype, S => on_every_distribution::<S>(variant, &mut wrong));
    }
    assert!(wrong.is_empty(), "{} wrong:\n{}", wrong.len(), wrong.join("\n"));
}

#[test]
fn special_scores_are_ranked_by_block_radix() {
    special_scores_are_ranked_by(KernelKind::BlockRadix);
}

#[test]
fn special_scores_are_ranked_by_block_resident() {
    special_scores_are_ranked_by(KernelKind::BlockResident);
}

#[test]
fn special_scores_are_ranked_by_block_codes() {
    special_scores_are_ranked_by(KernelKind::BlockCodes);
}

#[test]
fn special_scores_are_ranked_by_cluster_resident() {
    special_scores_are_ranked_by(KernelKind::ClusterResident);
}

#[test]
fn special_scores_are_ranked_by_warp_resident() {
    special_scores_are_ranked_by(KernelKind::WarpResident);
}

#[test]
fn special_scores_are_ranked_by_block_filter() {
    special_scores_are_ranked_by(KernelKind::BlockFilter);
}

#[test]
fn special_scores_are_ranked_by_cluster_filter() {
    special_scores_are_ranked_by(KernelKind::ClusterFilter);
}

#[test]
fn special_scores_are_ranked_by_grid_filter() {
    special_scores_are_ranked_by(KernelKind::GridFilter);
}

#[test]
fn special_scores_are_ranked_by_cluster_radix() {
    special_scores_are_ranked_by(KernelKind::ClusterRadix);
}
