//! Colons, commas and values that are missing; attributes where none belong.
topkit::topk_kernel! {
    pub kernel Top {
        dtype f32,
        k = 64;
        vec_size:,
        /// The bins.
        bins: 256
        threads: 512,
        "rows": ragged,
    }
}

fn main() {}
