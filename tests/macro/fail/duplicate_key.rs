//! A key given twice.
topkit::topk_kernel! {
    pub kernel Top {
        dtype: f32,
        k: 64,
        dtype: bf16,
    }
}

fn main() {}
