//! Words that a key does not take.
topkit::topk_kernel! {
    pub kernel Top {
        dtype: [float32, fp16],
        select: largets,
        nan: top,
        ties: lowest,
        order: index,
        index: usize,
        values: yes,
        rows: raged,
    }
}

fn main() {}
