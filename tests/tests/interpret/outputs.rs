//! Sorted winners in the cases that the sort treats apart: more of them than its room has places, many equal ones, few
//! of a warp. `fuzz` has the others.

use crate::case::{ALIGNED, Case, Element, by_clusters, by_warps, load, shared, variant};
use topkit::spec::{IndexType, Order, Select, Semantics};
use topkit::{DType, IndexInt, Score, Variant};
use topkit_lab::Distribution;

fn meaning(order: Order, index: IndexType) -> Semantics {
    Semantics { order, values: true, count: true, index, ..Semantics::DEFAULT }
}

fn selects<S: Score + Element, I: IndexInt + Element>(
    variant: &Variant,
    columns: usize,
    distributions: &[Distribution],
    ks: &[u32],
) {
    let kernel = load(variant);
    for (turn, &distribution) in distributions.iter().enumerate() {
        let case = Case::<S>::new(distribution, turn as u64, 2, columns, ALIGNED);
        for &k in ks {
            case.check::<I>(&kernel, 2, k, None, turn as u64);
        }
    }
}

/// More than the room has places for entries alone, 4096 of 32-bit scores: runs of them are merged where they are
/// written, and of 8300 these runs too.
#[test]
fn winners_in_several_parts() {
    let by_value = variant(DType::F32, 4, 512, 256, meaning(Order::ByValue, IndexType::I32));
    selects::<f32, i32>(&by_value, 8400, &[Distribution::Normal], &[4097, 8300]);
    let by_index = variant(DType::Bf16, 8, 512, 256, meaning(Order::ByIndex, IndexType::I64));
    selects::<half::bf16, i64>(&by_index, 5000, &[Distribution::Equal], &[4096, 4900, 5100]);
    let by_clusters = by_clusters(DType::F32, 512, 2, meaning(Order::ByValue, IndexType::I32));
    selects::<f32, i32>(&by_clusters, 9000, &[Distribution::Normal], &[4500]);
}

/// The room has 2048 places for buckets: more winners are sorted by the network, as entries alone.
#[test]
fn more_winners_than_the_room_has_places() {
    let by_value = variant(DType::F32, 4, 512, 128, meaning(Order::ByValue, IndexType::I64));
    selects::<f32, i64>(&by_value, 2600, &[Distribution::Normal], &[2048, 2049, 2600, 2700]);
    let by_index = meaning(Order::ByIndex, IndexType::U32);
    let by_index =
        variant(DType::Bf16, 8, 512, 128, Semantics { select: Select::Smallest, ..by_index });
    selects::<half::bf16, u32>(&by_index, 2600, &[Distribution::Equal], &[2500]);
}

/// Entries of 64-bit scores take twice the room: 2048 of them are a part.
#[test]
fn winners_of_64_bits() {
    let by_value = variant(DType::F64, 2, 512, 128, meaning(Order::ByValue, IndexType::I32));
    let distributions = [Distribution::Narrow, Distribution::HeavyTail, Distribution::Equal];
    selects::<f64, i32>(&by_value, 2600, &distributions, &[49, 1000, 1024, 1025, 2600, 2700]);
}

/// One bucket has them all.
#[test]
fn many_equal_winners() {
    let by_value = variant(DType::F16, 8, 512, 256, meaning(Order::ByValue, IndexType::I32));
    selects::<half::f16, i32>(&by_value, 1900, &[Distribution::Equal], &[1, 47, 49, 50, 1000]);
}

/// A CTA of a cluster sorts beside its mbarriers, whose memory is theirs until the CTA ends.
#[test]
fn winners_of_a_cluster() {
    for order in [Order::ByValue, Order::ByIndex] {
        let own = shared(DType::F32, 512, 128, 8, 2, meaning(order, IndexType::I32));
        let distributions = [Distribution::Normal, Distribution::Equal];
        selects::<f32, i32>(&own, 1900, &distributions, &[300, 1000, 1900, 2000]);
    }
}

/// Up to 32 are compared with each other; a warp of eight has 512 places.
#[test]
fn winners_of_a_warp() {
    for (order, items) in [(Order::ByValue, 32), (Order::ByIndex, 16)] {
        let own = by_warps(DType::F32, 256, items, meaning(order, IndexType::I32));
        let columns = 32 * items as usize - 5;
        let distributions = [Distribution::Normal, Distribution::Equal];
        selects::<f32, i32>(&own, columns, &distributions, &[1, 31, 32, 33, 507, 513, 1000]);
    }
}
