//! What stands around the keys.
topkit::topk_kernel! {
    pub kernal Misspelt { dtype: f32 }
    pub Forgotten { dtype: f32 }
    kernel { dtype: f32 }
    kernel NoBody;
    kernel Generic<T> { dtype: f32 }
    kernel Sound { dtype: f32 };
}

fn main() {}
