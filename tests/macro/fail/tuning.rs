//! Tuning axes away from their block, and other keys in it.
topkit::topk_kernel! {
    pub kernel Top {
        dtype: f32,
        vec_size: [4, 8],
        tuning { select: smallest, threads: 512 }
    }
    pub kernel Colon { dtype: f32, tuning: { bins: 256 } }
}

fn main() {}
