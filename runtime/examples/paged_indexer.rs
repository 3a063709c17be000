//! Runs a sparse-attention indexer with functions of its own, on the host: lengths of sequences, a window that always
//! wins, a scale, and the places of the winners in a paged cache. It needs no GPU.
//!
//! On a GPU it is the same, with `PagedIndexer::new(&engine)?` and slices of the device:
//! `topk.launch(&stream, &rows, k, &PagedIndexerArgs { .. }, &mut places)?`.

use topkit::{Rows, host, topk_kernel};

topk_kernel! {
    /// The best KV positions of one query row, as places in a paged cache.
    pub kernel PagedIndexer {
        dtype: [f32, bf16], k: [4, 512, 1024, 2048], ties: lowest_index, order: by_value,
        args { scale: f32, seq_lens: [i32], window: i32, pages: [i32], pages_per_row: i64 }

        fn row_len(row: i32) -> i32 { seq_lens[row] }
        fn score(x: f32, row: i32, col: i32) -> f32 {
            if col + window >= seq_lens[row] { f32::INFINITY } else { x * scale }
        }
        fn emit(row: i32, col: i32) -> i32 {
            pages[row as i64 * pages_per_row + (col >> 6) as i64] * 64 + (col & 63)
        }
    }
}

fn main() -> Result<(), Box<dyn std::error::Error>> {
    const COLUMNS: usize = 256;
    let scores: Vec<f32> = (0..2 * COLUMNS).map(|i| (i * 37 % 101) as f32).collect();
    let seq_lens = [200, 70];
    // Four pages of 64 positions for each row.
    let pages = [10, 11, 12, 13, 7, 3, 0, 0];
    let args = PagedIndexerArgs {
        scale: 0.5,
        seq_lens: &seq_lens,
        window: 2,
        pages: &pages,
        pages_per_row: 4,
    };
    // Each function is one of Rust, too.
    assert_eq!(PagedIndexer::emit(&args, 1, 65), 3 * 64 + 1);
    assert_eq!(PagedIndexer::score(&args, 3.0, 0, 10), 1.5);

    let topk = host::Selector::new(PagedIndexer::SPEC)?;
    let mut places = [0i32; 2 * 4];
    topk.launch_given(&Rows::host(&scores, 2, COLUMNS), 4, &args, &mut places)?;
    for (row, places) in places.chunks(4).enumerate() {
        println!("row {row}: {places:?}");
    }
    // The last two positions of a sequence win, then the best scores.
    assert_eq!(places[..2], [13 * 64 + 6, 13 * 64 + 7]);
    assert_eq!(places[4..6], [3 * 64 + 4, 3 * 64 + 5]);
    Ok(())
}
