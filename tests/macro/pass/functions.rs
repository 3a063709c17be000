//! Functions and their arguments, with everything that the language has; run as Rust, and on the host.
#![deny(warnings, missing_docs)]

use topkit::{Rows, host, topk_kernel};

topk_kernel! {
    /// The best KV positions of one query row, as places in a paged cache.
    pub kernel PagedIndexer {
        dtype: [f32, bf16], k: 1..=2048,
        args { scale: f32, seq_lens: [i32], window: i32, pages: [i32], pages_per_row: i64 }

        fn row_len(row: i32) -> i32 { seq_lens[row] }
        fn score(x: f32, row: i32, col: i32) -> f32 {
            if col + window >= seq_lens[row] { f32::INFINITY } else { x * scale }
        }
        fn emit(row: i32, col: i32) -> i32 {
            pages[row as i64 * pages_per_row + (col >> 6) as i64] * 64 + (col & 63)
        }
    }

    /// Without arguments.
    pub kernel Absolute {
        dtype: f32,
        ties: lowest_index,
        order: by_value,
        fn score(x: f32) -> f32 { magnitude(x) }
        fn magnitude(x: f32) -> f32 { x.abs() }
    }
}

topk_kernel! {
    kernel Rich {
        dtype: f32,
        args {
            factor: f32, on: bool, half: bf16, halves: [f16], marks: [bool], r#type: u32, step: i64,
        }
        /// Doc comments may be here.
        const LIMIT: f32 = 2.0 * HALF;
        const HALF: f32 = 0.5;

        #[allow(clippy::let_and_return)]
        fn score(mut x: f32, col: i32) -> f32 {
            let factor = factor * half.to_f32();
            for i in 0..steps(col) {
                x = x.mul_add(factor, weight(i, x).min(LIMIT));
            }
            let sum = x + halves[0].to_f32() + r#type as f32;
            sum
        }
        fn weight(i: i32, on: f32) -> f32 {
            match i { 0 => on, 1..=3 => on * HALF, _ => f32::from_bits(0x3F80_0000) }
        }
        fn steps(col: i32) -> i32 { if on { col % 3 } else { step as i32 } }
        fn keep(col: i32) -> bool { !marks[col as i64 % marks.len()] }
        fn emit(col: i32) -> i64 { col as i64 * step }
    }
}

#[test]
fn is_accepted() {
    let (seq_lens, pages) = (vec![5, 3], [7, 9]);
    let args = PagedIndexerArgs {
        scale: 2.0,
        seq_lens: &seq_lens,
        window: 1,
        pages: &pages,
        pages_per_row: 1,
    };
    assert_eq!(PagedIndexer::row_len(&args, 1), 3);
    assert_eq!(PagedIndexer::score(&args, 1.5, 0, 2), 3.0);
    assert_eq!(PagedIndexer::score(&args, 1.5, 0, 4), f32::INFINITY);
    assert_eq!(PagedIndexer::emit(&args, 1, 65 - 64), 9 * 64 + 1);
    let topk = host::Selector::new(PagedIndexer::SPEC).unwrap();
    let mut places = [0i32; 4];
    let scores = [1.0f32, 4.0, 3.0, 2.0, 0.0, 9.0, 1.0, 2.0, 0.0, 9.0, 9.0, 9.0];
    topk.launch_given(&Rows::host(&scores, 2, 6), 2, &args, &mut places).unwrap();
    places.sort_unstable();
    assert_eq!(places, [7 * 64 + 1, 7 * 64 + 4, 9 * 64 + 1, 9 * 64 + 2]);

    assert_eq!(Absolute::score(-2.0), 2.0);
    let mut best = [0i32; 2];
    let topk = host::Selector::new(Absolute::SPEC).unwrap();
    topk.launch(&Rows::host(&[1.0f32, -4.0, 3.0], 1, 3), 2, &mut best).unwrap();
    assert_eq!(best, [1, 2]);

    let (halves, marks) = ([topkit::functions::f16::ONE], vec![false, true]);
    let args = RichArgs {
        factor: 1.0,
        on: true,
        half: topkit::functions::bf16::ONE,
        halves: &halves,
        marks: &marks,
        r#type: 3,
        step: 1 << 40,
    };
    assert_eq!(Rich::score(&args, 1.0, 3), 5.0);
    assert!(Rich::keep(&args, 2) && !Rich::keep(&args, 3));
    assert_eq!(Rich::emit(&args, 3), 3 << 40);
    let format = format!("{args:?}");
    assert!(format.contains("halves: [f16; 1]") && format.contains("factor: 1.0"), "{format}");
}
