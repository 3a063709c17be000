//! CTA sizes that the kernels do not have.
topkit::topk_kernel! {
    pub kernel Top { dtype: f32, tuning { threads: [512, 96, 2048] } }
}

fn main() {}
