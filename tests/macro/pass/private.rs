//! A private type may leave methods unused without a warning.
#![deny(warnings)]

mod sampler {
    topkit::topk_kernel! {
        kernel Hidden { dtype: f32, k: [50, 64] }
        pub(super) kernel Shared { dtype: f32, k: 64 }
    }

    pub fn names() -> [String; 2] {
        [Hidden::SPEC.name.into(), Shared::SPEC.name.into()]
    }
}

#[test]
fn is_accepted() {
    assert_eq!(sampler::names(), ["Hidden", "Shared"]);
    // One streaming kernel of a CTA for each point of the axes; others come beside them.
    let streaming =
        sampler::Shared::variants().into_iter().filter(|it| (it.items, it.cluster) == (0, 1));
    assert_eq!(streaming.count(), 2 * 3 * 3);
}
