//! Functions that a kernel cannot have. The words are those of the checker.
topkit::topk_kernel! {
    pub kernel Unknown {
        dtype: f32,
        args { scale: f32, bias: [f32] }
        fn score(x: f32, col: i32) -> f32 { x * scales + bias[col] + bias }
    }
    pub kernel Types {
        dtype: f32,
        fn score(x: f64) -> f32 { x as f32 }
        fn keep(row: i32) -> bool { row }
        fn emit(col: usize) -> u8 { col as u8 }
    }
    pub kernel Foreign {
        dtype: f32,
        fn score(x: f32) -> f32 {
            let mut y = x;
            while y > 1.0 { y = y * 0.5; }
            let part = (y, x);
            println!("{y}");
            y.powi(2)
        }
    }
    pub kernel Stages {
        dtype: f32,
        fn scores(x: f32) -> f32 { x }
        fn row_len(row: i32, col: i32) -> i32 { row + col }
    }
    pub kernel Items {
        dtype: f32,
        pub struct State { x: f32 }
        fn score(x: f32) -> f32 { x }
        static ONE: f32 = 1.0;
    }
    pub kernel Overflow {
        dtype: f32,
        const LARGE: i32 = 2147483647 + 1;
        fn score(x: f32, col: i32) -> f32 { if col == 3000000000 { x } else { -x } }
    }
}

fn main() {}
