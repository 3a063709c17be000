//! A promise that other keys break is refused at its token.
topkit::topk_kernel! {
    pub kernel Top {
        dtype: f32,
        nan: lowest,
        batch_invariant: true,
    }
}

fn main() {}
