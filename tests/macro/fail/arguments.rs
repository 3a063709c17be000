//! Arguments of functions that a kernel cannot have, and keys that functions contradict.
topkit::topk_kernel! {
    pub kernel Declared {
        dtype: f32,
        args { scale: f64, bias: &[f32], scale: f32, float: i32, core: i32 }
        fn score(x: f32) -> f32 { x * scale }
    }
    pub kernel Alone {
        dtype: f32,
        args { scale: f32 },
    }
    pub kernel Colon {
        dtype: f32,
        args: { scale: f32 }
        args { twice: f32 }
        fn score(x: f32) -> f32 { x * scale }
    }
    pub kernel Bare {
        dtype: f32,
        args: f32,
        arg { scale: f32 },
        crate: "topkit",
    }
    pub kernel Keys {
        dtype: [f32, f64],
        rows: dense,
        index: u32,
        ids: affine
        fn row_len(row: i32) -> i32 { row }
        fn score(x: f32) -> f32 { x }
        fn emit(col: i32) -> i64 { col as i64 }
    }
}

fn main() {}
