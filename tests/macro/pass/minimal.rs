//! `dtype` alone is enough, and gives what the builder gives.
#![deny(warnings, missing_docs)]

use topkit::{DType, SelectorSpec, topk_kernel};

topk_kernel! { pub kernel Minimal { dtype: bf16 } }

#[test]
fn is_accepted() {
    let built = SelectorSpec::builder("Minimal").dtype([DType::Bf16]).build();
    assert_eq!(built, Ok(Minimal::SPEC));
    // One streaming kernel of a CTA for each point of the axes; others come beside them.
    let streaming = Minimal::variants().into_iter().filter(|it| (it.items, it.cluster) == (0, 1));
    assert_eq!(streaming.count(), 2 * 3 * 3);
}
