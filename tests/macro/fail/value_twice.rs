//! A list that names a value twice.
topkit::topk_kernel! {
    pub kernel Top {
        dtype: [f32, bf16, f32],
        k: [64, 128, 64],
        tuning { bins: [256, 0x100] }
    }
}

fn main() {}
