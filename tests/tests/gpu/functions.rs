//! Selectors with functions of their own: a GPU gives what the host evaluates, in the kernels that plans name for small
//! and large problems, and by the struct of the arguments that the macro declares.

use crate::device::{engine, new_stream};
use half::{bf16, f16};
use topkit::functions::Arguments;
use topkit::memory::Host;
use topkit::{Error, Rows, Score, host, topk_kernel};
use topkit_lab::Rng;

topk_kernel! {
    kernel Indexer {
        dtype: [f32, bf16, f16], k: 1..=2048, ties: lowest_index, order: by_value,
        args {
            scale: f32, window: i32, on: bool, shift: i64, lens: [i32], bias: [bf16], banned: [bool], pages: [i32],
        }
        const PAGE: i32 = 64;

        fn row_start(row: i32) -> i32 { row % 3 }
        fn row_len(row: i32) -> i32 { lens[row % lens.len() as i32] - window }
        fn keep(row: i32, col: i32) -> bool { !on || !banned[(row + col) as i64 % banned.len()] }
        fn score(x: f32, row: i32, col: i32) -> f32 {
            if col % 1009 == row { return f32::INFINITY; }
            let mut sum = x.clamp(-1e6, 1e6) * scale;
            for i in 0..col & 3 {
                sum = sum.mul_add(0.5, match i { 0 => 0.25, 1 | 2 => -x.abs().sqrt(), _ => 1.0 });
            }
            // Past the end of the slice an element is 0.
            sum + bias[col].to_f32() + weight(col)
        }
        fn weight(col: i32) -> f32 {
            let bits = (col as u32).wrapping_mul(2654435761) >> 9;
            f32::from_bits(bits | 0x3F80_0000) - 1.5
        }
        fn emit(row: i32, col: i32) -> i64 {
            let page = pages[(col / PAGE) as i64 % pages.len()] as i64;
            (page * PAGE as i64 + (col % PAGE) as i64) ^ ((row as i64) << shift)
        }
    }

    /// Without arguments.
    kernel Reflected {
        dtype: f32, ties: highest_index, order: by_index,
        fn score(x: f32, col: i32) -> f32 { if col & 1 == 0 { -x } else { x.floor() } }
    }
}

const LENS: usize = 7;

fn check<S: Score + topkit::cudarc::driver::DeviceRepr>(
    rows: usize,
    columns: usize,
    k: usize,
    seed: u64,
) {
    let (stream, rng) = (new_stream(), &mut Rng::new(seed));
    let scores: Vec<S> =
        (0..rows * columns).map(|_| S::from_f32(rng.below(4000) as f32 / 16.0 - 120.0)).collect();
    let lens: Vec<i32> = (0..LENS)
        .map(|i| if i == 0 { i32::MAX } else { rng.below(columns as u32) as i32 + 2 })
        .collect();
    let bias: Vec<bf16> = (0..columns - columns / 8)
        .map(|_| bf16::from_f32(rng.below(64) as f32 / 8.0 - 4.0))
        .collect();
    let banned: Vec<bool> = (0..97).map(|_| rng.one_in(3)).collect();
    let pages: Vec<i32> = (0..300).map(|page| 5 * page + 1).collect();
    let args = IndexerArgs {
        scale: 0.37,
        window: 2,
        on: true,
        shift: 40,
        lens: &lens,
        bias: &bias,
        banned: &banned,
        pages: &pages,
    };
    let mut due = vec![0i64; rows * k];
    let on_host = host::Selector::new(Indexer::SPEC).unwrap();
    let given: &dyn Arguments<Host> = &args;
    on_host.launch_given(&Rows::host(&scores, rows, columns), k as u32, given, &mut due).unwrap();

    let topk = Indexer::new(engine()).unwrap();
    let scores = stream.clone_htod(&scores).unwrap();
    let lens = stream.clone_htod(&lens).unwrap();
    let bias = stream.clone_htod(&bias).unwrap();
    // Bytes, of which 0 is `false`.
    let banned =
        stream.clone_htod(&banned.iter().map(|it| u8::from(*it)).collect::<Vec<_>>()).unwrap();
    let pages = stream.clone_htod(&pages).unwrap();
    let args = IndexerArgs {
        scale: 0.37,
        window: 2,
        on: true,
        shift: 40,
        lens: &lens,
        bias: &bias,
        banned: &banned,
        pages: &pages,
    };
    let mut indices = stream.alloc_zeros::<i64>(rows * k).unwrap();
    let matrix = Rows::new(&scores, rows, columns);
    for _again in 0..2 {
        topk.launch(&stream, &matrix, k as u32, &args, &mut indices).unwrap();
        let found = stream.clone_dtoh(&indices).unwrap();
        let wrong = found.iter().zip(&due).position(|(found, due)| found != due);
        assert_eq!(
            wrong.map(|at| (at / k, at % k, found[at], due[at])),
            None,
            "{rows}x{columns} k={k}"
        );
    }
}

#[test]
fn a_gpu_gives_what_the_host_evaluates() {
    for (place, (rows, columns, k)) in [
        (1, 40, 8),
        (600, 256, 8),
        (40, 1000, 100),
        (16, 8000, 512),
        (3, 32_768, 2048),
        (20, 40_000, 64),
        (1, 300_000, 1000),
        (1, 900_000, 512),
    ]
    .into_iter()
    .enumerate()
    {
        // The host is slow on large problems.
        let (seed, is_small) = (place as u64, rows * columns < 200_000);
        if is_small || place % 3 == 0 {
            check::<f32>(rows, columns, k, seed);
        }
        if is_small || place % 3 == 1 {
            check::<bf16>(rows, columns, k, seed + 100);
        }
        if is_small || place % 3 == 2 {
            check::<f16>(rows, columns, k, seed + 200);
        }
    }
}

#[test]
fn functions_without_arguments_run_too() {
    let (stream, rng) = (new_stream(), &mut Rng::new(9));
    let scores: Vec<f32> = (0..50 * 3000).map(|_| rng.below(900) as f32 / 4.0 - 100.0).collect();
    let mut due = vec![0i32; 50 * 64];
    let on_host = host::Selector::new(Reflected::SPEC).unwrap();
    on_host.launch(&Rows::host(&scores, 50, 3000), 64, &mut due).unwrap();
    let scores = stream.clone_htod(&scores).unwrap();
    let mut indices = stream.alloc_zeros::<i32>(50 * 64).unwrap();
    let topk = Reflected::new(engine()).unwrap();
    topk.launch(&stream, &Rows::new(&scores, 50, 3000), 64, &mut indices).unwrap();
    assert_eq!(stream.clone_dtoh(&indices).unwrap(), due);
}

#[test]
fn a_launch_without_the_arguments_is_refused() {
    let stream = new_stream();
    let scores = stream.clone_htod(&[1.0f32; 64]).unwrap();
    let mut indices = stream.clone_htod(&[7i64; 8]).unwrap();
    let topk = Indexer::new(engine()).unwrap();
    let rows = Rows::new(&scores, 1, 64);
    let error = topk.selector().launch(&stream, &rows, 8, &mut indices).unwrap_err();
    assert!(matches!(error, Error::Args(_)), "{error}");
    assert_eq!(stream.clone_dtoh(&indices).unwrap(), [7; 8]);
}
