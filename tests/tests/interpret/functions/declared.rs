//! Selectors that `topk_kernel!` declares with functions: launches on the interpreter and on the host, by the struct of
//! the arguments, against the functions as rustc has them; and faults at the user's line.

use crate::case::interpreter;
use topkit::interpret::Gpu;
use topkit::spec::{IndexType, RowShape};
use topkit::{Error, Rows, host, topk_kernel};
use topkit_lab::Rng;

topk_kernel! {
    /// As an engine's indexer: lengths, a window that always wins, a scale, and the places in a paged cache.
    pub kernel PagedIndexer {
        dtype: [f32, bf16], k: 1..=2048, ties: lowest_index, order: by_value,
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

const ROWS: usize = 3;
const COLUMNS: usize = 700;
const K: usize = 40;
const PAGES: usize = COLUMNS.div_ceil(64);

/// The ids that the functions of the declaration, as rustc compiles them, give for a row.
fn ids(args: &PagedIndexerArgs<'_, topkit::memory::Host>, scores: &[f32], row: usize) -> Vec<i32> {
    let length = PagedIndexer::row_len(args, row as i32);
    let score = |col: i32| PagedIndexer::score(args, scores[col as usize], row as i32, col);
    let mut columns: Vec<i32> = (0..length).collect();
    columns.sort_by(|a, b| score(*b).total_cmp(&score(*a)).then(a.cmp(b)));
    columns.truncate(K);
    let ids = columns.iter().map(|col| PagedIndexer::emit(args, row as i32, *col));
    ids.chain(std::iter::repeat(-1)).take(K).collect()
}

#[test]
fn launches_give_what_the_functions_give_as_rust() {
    assert_eq!(PagedIndexer::SPEC.semantics.rows, RowShape::Ragged);
    assert_eq!(PagedIndexer::SPEC.semantics.index, IndexType::I32);
    let rng = &mut Rng::new(5);
    let scores: Vec<f32> =
        (0..ROWS * COLUMNS).map(|_| rng.below(2000) as f32 / 8.0 - 100.0).collect();
    let seq_lens = vec![COLUMNS as i32, 300, 17];
    let pages: Vec<i32> = (0..(ROWS * PAGES) as i32).map(|page| 3 * page + 1).collect();
    let args = PagedIndexerArgs {
        scale: 0.37,
        seq_lens: &seq_lens,
        window: 5,
        pages: &pages,
        pages_per_row: PAGES as i64,
    };
    let due: Vec<i32> = scores
        .chunks(COLUMNS)
        .enumerate()
        .flat_map(|(row, scores)| ids(&args, scores, row))
        .collect();

    let topk = host::Selector::new(PagedIndexer::SPEC).unwrap();
    let mut indices = vec![0i32; ROWS * K];
    let rows = Rows::host(&scores, ROWS, COLUMNS);
    topk.launch_given(&rows, K as u32, &args, &mut indices).unwrap();
    assert_eq!(indices, due);

    let gpu = Gpu::new(interpreter());
    let stream = gpu.context().new_stream();
    let scores = stream.clone_htod(&scores).unwrap();
    let seq_lens = stream.clone_htod(&seq_lens).unwrap();
    let pages = stream.clone_htod(&pages).unwrap();
    let args = PagedIndexerArgs {
        scale: 0.37,
        seq_lens: &seq_lens,
        window: 5,
        pages: &pages,
        pages_per_row: PAGES as i64,
    };
    let mut indices = stream.alloc::<i32>(ROWS * K).unwrap();
    let topk = gpu.selector(PagedIndexer::SPEC).unwrap();
    let rows = Rows::interpreted(&scores, ROWS, COLUMNS);
    topk.launch_given(&stream, &rows, K as u32, &args, &mut indices).unwrap();
    assert_eq!(stream.clone_dtoh(&indices).unwrap(), due);

    // Without the arguments nothing is launched.
    let error = topk.launch(&stream, &rows, K as u32, &mut indices).unwrap_err();
    assert!(matches!(error, Error::Args(_)), "{error}");
    // Arguments of another context are refused by name.
    let other = Gpu::new(interpreter()).context().new_stream();
    let pages = other.clone_htod(&[0; ROWS * PAGES]).unwrap();
    let args = PagedIndexerArgs { pages: &pages, ..args };
    let error = topk.launch_given(&stream, &rows, K as u32, &args, &mut indices).unwrap_err();
    assert!(error.to_string().contains("the argument `pages` belongs to"), "{error}");
}

topk_kernel! {
    kernel Faulty {
        dtype: f32,
        args { bias: [f32], step: i32 }
        fn score(x: f32, col: i32) -> f32 {
            let at = (col + 1)
                * step * 2;
            x + bias[at]
        }
    }
}
/// The line of the declaration's `let`.
const LINE: u32 = line!() - 7;

#[test]
fn a_fault_names_the_line_of_the_function() {
    let gpu = Gpu::new(interpreter());
    let stream = gpu.context().new_stream();
    let topk = gpu.selector(Faulty::SPEC).unwrap();
    let scores = stream.clone_htod(&[1.0f32; 64]).unwrap();
    let bias = stream.clone_htod(&[0.5f32; 129]).unwrap();
    let mut indices = stream.alloc::<i32>(4).unwrap();
    let mut launch = |step: i32| {
        let args = FaultyArgs { bias: &bias, step };
        let rows = Rows::interpreted(&scores, 1, 64);
        topk.launch_given(&stream, &rows, 4, &args, &mut indices).map_err(|error| error.to_string())
    };
    assert_eq!(launch(1), Ok(()));
    let place = |line: u32| format!("interpret/functions/declared.rs:{line}: ");
    let error = launch(i32::MAX).unwrap_err();
    assert!(error.contains(&place(LINE)), "{error}");
    assert!(error.contains("`*` overflows: ") && error.contains(" is no `i32`"), "{error}");
    let error = launch(2).unwrap_err();
    assert!(error.contains(&place(LINE + 2)), "{error}");
    assert!(error.contains("out of bounds: the index is "), "{error}");
    assert!(error.contains("and the slice has 129 elements"), "{error}");
}
