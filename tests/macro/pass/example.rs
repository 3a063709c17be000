//! The declaration that the README shows, with every key given.
#![deny(warnings, missing_docs)]

use topkit::topk_kernel;

topk_kernel! {
    /// The K best KV positions of one query row.
    pub kernel IndexerTopK {
        dtype:    [f32, bf16, f16],
        k:        1..=2048,               // one value, a list, or a range
        select:   largest,                // largest | smallest
        nan:      highest,                // highest | lowest
        ties:     any,                    // any | lowest_index | highest_index
        order:    unsorted,               // unsorted | by_value | by_index
        index:    i32,                    // i32 | u32 | i64
        values:   false,
        rows:     ragged,                 // dense | ragged
        batch_invariant: false,
        tuning {
            vec_size: [1, 2, 4, 8],       // elements a thread loads at once
            bins:     [256, 1024, 2048, 4096],
            threads:  [256, 512, 1024],
        }
    }
}

#[test]
fn is_accepted() {
    assert_eq!(IndexerTopK::SPEC.name, "IndexerTopK");
    assert_eq!(IndexerTopK::SPEC.validate(), []);
    // One streaming kernel of a CTA for each point of the axes; others come beside them.
    let streaming =
        IndexerTopK::variants().into_iter().filter(|it| (it.items, it.cluster) == (0, 1));
    assert_eq!(streaming.count(), 3 * 4 * 4 * 3);
    assert_eq!(IndexerTopK::SPEC.semantics.rows, topkit::spec::RowShape::Ragged);
    assert!(IndexerTopK::SPEC.k.contains(2048) && !IndexerTopK::SPEC.k.contains(2049));
}
