//! Several kernels in one invocation; attributes are carried, `cfg` to the methods too.
#![deny(warnings, missing_docs)]

use topkit::{spec::KSet, topk_kernel};

topk_kernel! {
    /// Routes a token to its experts.
    #[must_use]
    pub kernel Router { dtype: [f32, bf16], k: [1, 2, 4, 8] }

    #[cfg(any())]
    pub kernel Router { dtype: f16 }

    /// Draws from a vocabulary.
    pub kernel Sampler { dtype: f16, k: 256, select: smallest }
}

#[test]
fn is_accepted() {
    assert_eq!(Router::SPEC.k, KSet::from([1, 2, 4, 8]));
    // One streaming kernel of a CTA for each point of the axes; others come beside them.
    let streaming = Router::variants().into_iter().filter(|it| (it.items, it.cluster) == (0, 1));
    assert_eq!(streaming.count(), 4 * 3 * 3);
    assert_eq!(Sampler::SPEC.k, KSet::from(256));
}
