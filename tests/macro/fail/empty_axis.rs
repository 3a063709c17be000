//! A list that names nothing.
topkit::topk_kernel! {
    pub kernel Top { dtype: [], k: [], tuning { vec_size: [], bins: [], threads: [] } }
}

fn main() {}
