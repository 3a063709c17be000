//! The one key that must be given.
topkit::topk_kernel! {
    pub kernel Top { k: 64 }
    pub kernel Empty {}
}

fn main() {}
