//! Values and ranges of k.
topkit::topk_kernel! {
    pub kernel Zero { dtype: f32, k: 0 }
    pub kernel ZeroInList { dtype: f32, k: [1, 0] }
    pub kernel FromZero { dtype: f32, k: 0..=8 }
    pub kernel Empty { dtype: f32, k: 2048..=1 }
    pub kernel Exclusive { dtype: f32, k: 1..2048 }
    pub kernel Open { dtype: f32, k: 1.. }
    pub kernel TooLarge { dtype: f32, k: 1..=2147483648 }
    pub kernel FarTooLarge { dtype: f32, k: 99999999999 }
}

fn main() {}
