//! A key that does not exist names the nearest one, or all.
topkit::topk_kernel! {
    pub kernel Top {
        dtype: f32,
        vector_size: 4,
        thread: 512,
        block: 512,
    }
}

fn main() {}
