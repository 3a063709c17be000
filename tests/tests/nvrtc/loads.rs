//! The width of a load, read from the compiled code: VEC_SIZE x bytes, in pieces of 16 at most.

use topkit::spec::{Ids, Mask, RowShape, Semantics};
use topkit::{Arch, cache::Compiler, machine::Nvrtc};
use topkit_tests::goldens;
use topkit_tests::rendered;

/// The loads of scores in the PTX, as their types: `v4.u32`, `u16`, ...
fn score_loads(ptx: &str) -> Vec<&str> {
    ptx.lines()
        .filter_map(|line| line.trim().strip_prefix("ld.global.nc."))
        .filter_map(|rest| rest.split_whitespace().next())
        .collect()
}

fn bytes(load: &str) -> u32 {
    let (count, element) = match load.split_once('.') {
        Some((vector, element)) => (vector[1..].parse().unwrap(), element),
        None => (1, load),
    };
    count * element[1..].parse::<u32>().unwrap() / 8
}

#[test]
fn a_load_is_as_wide_as_the_key_says() {
    let nvrtc = Nvrtc::find().unwrap();
    for variant in goldens::variants() {
        let ptx = nvrtc.ptx(&rendered(&variant), Arch::of_device(9, 0)).unwrap();
        let loads = score_loads(&ptx);
        let element = variant.dtype.bytes();
        // A lane with fewer scores than a load of 16 bytes takes these in one.
        let most = if variant.items == 0 { u32::MAX } else { variant.items * element };
        let vector = (variant.vec_size * element).min(16).min(most);
        let mut widths: Vec<u32> = loads.iter().map(|load| bytes(load)).collect();
        widths.sort_unstable();
        widths.dedup();
        let mut expected = vec![element, vector];
        // A page, an id, words of a mask, a row's k and a shard's count are loaded one by one.
        let Semantics { ids, mask, k_per_row, rows, index, .. } = variant.semantics;
        if ids == Ids::Pages || mask == Mask::Bits || k_per_row || rows == RowShape::Shards {
            expected.push(4);
        }
        if ids == Ids::Given {
            expected.push(index.bytes());
        }
        expected.sort_unstable();
        expected.dedup();
        assert_eq!(widths, expected, "{}: {loads:?}", variant.symbol());
        // Eight scores of 16 bits are one load of 128 bits, in no smaller parts.
        if variant.vec_size == 8 && variant.dtype.bytes() == 2 {
            let parts = loads.iter().any(|load| load.starts_with("v2"));
            assert!(loads.contains(&"v4.u32") && !parts, "{}: {loads:?}", variant.symbol());
        }
    }
}
