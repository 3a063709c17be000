//! All faults of all kernels at once, in the order of the source.
topkit::topk_kernel! {
    /// Faulty from end to end.
    pub kernel First {
        dtype: [f32, f31],
        k: 0,
        tuning {
            vec_size: 3,
            bins: [1000, 131072],
            threads: [],
        }
        selct: largest,
        ties: lowest_index,
        order: sideways,
        values: "no",
        rows: [dense, ragged],
        k: 7,
    }

    kernel Second { tuning { bins: 7 } }
}

fn main() {}
