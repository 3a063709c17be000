//! Keys of the contract that no kernel honours yet are refused, not ignored.
topkit::topk_kernel! {
    pub kernel Top {
        dtype: f32,
        ties: lowest_index,
    }
}

fn main() {}
