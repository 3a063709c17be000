//! A width that no load has.
topkit::topk_kernel! {
    pub kernel Single { dtype: f32, tuning { vec_size: 3 } }
    pub kernel Listed { dtype: f32, tuning { vec_size: [1, 2, 16, 4] } }
}

fn main() {}
