//! Values of the wrong shape.
topkit::topk_kernel! {
    pub kernel Top {
        dtype: "bf16",
        k: 1.5,
        tuning {
            vec_size: 1..=8,
            bins: ["256", 2 * 512, -1, many, [4096]],
            threads: 512u32,
        }
        select: [largest],
        nan: 1,
        values: "false",
    }
}

fn main() {}
