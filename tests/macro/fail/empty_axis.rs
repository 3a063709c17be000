//! A list that names nothing.
topkit::topk_kernel! {
    pub kernel Top { dtype: [], k: [], vec_size: [], bins: [], threads: [] }
}

fn main() {}
