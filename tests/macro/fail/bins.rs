//! Bins that are no power of two, more than a key has bits, or out of the kernels' range.
topkit::topk_kernel! {
    pub kernel NoPowerOfTwo { dtype: f32, tuning { bins: 1000 } }
    pub kernel MoreThanBits { dtype: [f32, bf16], tuning { bins: [2048, 131072] } }
    pub kernel TooMany { dtype: f32, tuning { bins: 8192 } }
}

fn main() {}
