//! The matrix of the contract, cut to what a CI machine does in minutes: every dtype and vector
//! width, over bins and threads, on every distribution, several schedules, every alignment, rows
//! shorter than k; each answer judged at zero tolerance, and each launch watched.

use crate::case::{ALIGNED, Case, Layout, load, variant};
use half::{bf16, f16};
use topkit::interpret::{Kernel, Word};
use topkit::{IndexInt, NanPolicy, Score, Select, Semantics};
use topkit_tests::Distribution;

const VEC_SIZES: [u32; 4] = [1, 2, 4, 8];
/// Bins and threads; each width is met by all of them in turn.
const MEMBERS: [(u32, u32); 4] = [(2048, 512), (256, 128), (4096, 256), (512, 128)];
const LENGTHS: [usize; 6] = [1, 7, 511, 513, 1200, 5003];
const KS: [u32; 4] = [1, 64, 512, 777];
/// An aligned matrix, and one whose rows all begin at different alignments.
const LAYOUTS: [Layout; 2] = [ALIGNED, Layout { offset: 3, gap: 1 }];

fn every_distribution<S: Score + Word>() {
    let semantics = Semantics::DEFAULT;
    let kernels: Vec<Vec<Kernel>> = VEC_SIZES
        .map(|vec_size| {
            let member =
                |(bins, threads)| load(&variant(S::DTYPE, vec_size, bins, threads, semantics));
            MEMBERS.map(member).into()
        })
        .into();
    let mut cases = 0;
    for distribution in Distribution::ALL {
        for columns in LENGTHS {
            for layout in LAYOUTS {
                let case = Case::<S>::new(distribution, cases as u64, 3, columns, layout);
                for kernels in &kernels {
                    // k goes round with the members, so that every pair is met.
                    let kernel = &kernels[cases % MEMBERS.len()];
                    let k = KS[cases / MEMBERS.len() % KS.len()];
                    let rows = if columns > 1000 { 1 } else { 3 };
                    case.judge::<i32>(kernel, &semantics, rows, k, None, cases as u64);
                    cases += 1;
                }
                cases += 1;
            }
        }
    }
    println!("{}: {cases} launches exact", S::DTYPE);
}

#[test]
fn f32_is_exact() {
    every_distribution::<f32>();
}

#[test]
fn bf16_is_exact() {
    every_distribution::<bf16>();
}

#[test]
fn f16_is_exact() {
    every_distribution::<f16>();
}

/// More members of the threshold bin than are kept on chip, and more than one pass over the row.
#[test]
fn overflowing_bins_are_exact_on_many_schedules() {
    let semantics = Semantics::DEFAULT;
    let kernel = load(&variant(topkit::DType::Bf16, 8, 256, 256, semantics));
    for distribution in [Distribution::OneBin, Distribution::AllEqual, Distribution::Masked] {
        let case = Case::<bf16>::new(distribution, 1, 2, 12_000, Layout { offset: 5, gap: 3 });
        for seed in 0..6 {
            case.judge::<i32>(&kernel, &semantics, 2, 2048, None, seed);
        }
    }
}

/// Rows as long as those that a kernel is for.
fn long_rows<S: Score + Word>() {
    let semantics = Semantics::DEFAULT;
    for (seed, vec_size) in VEC_SIZES.into_iter().enumerate() {
        let kernel = load(&variant(S::DTYPE, vec_size, 2048, 512, semantics));
        for distribution in [Distribution::Normal, Distribution::Distinct64, Distribution::OneBin] {
            let case = Case::<S>::new(distribution, 9, 1, 40_003, Layout { offset: 7, gap: 0 });
            case.judge::<i32>(&kernel, &semantics, 1, 2048, None, seed as u64);
        }
    }
}

#[test]
fn long_rows_of_f32_are_exact() {
    long_rows::<f32>();
}

#[test]
fn long_rows_of_bf16_are_exact() {
    long_rows::<bf16>();
}

#[test]
fn long_rows_of_f16_are_exact() {
    long_rows::<f16>();
}

/// Either end of the order, both NaN policies and every index type.
fn every_meaning<S: Score + Word, I: IndexInt + Word>() {
    for &select in Select::ALL {
        for &nan in NanPolicy::ALL {
            let semantics = Semantics { select, nan, index: I::TYPE, ..Semantics::DEFAULT };
            let kernel = load(&variant(S::DTYPE, 8, 2048, 128, semantics));
            for distribution in Distribution::ALL {
                let case = Case::<S>::new(distribution, 3, 2, 1500, Layout { offset: 1, gap: 2 });
                for k in [1, 100, 1501] {
                    case.judge::<I>(&kernel, &semantics, 2, k, None, u64::from(k));
                }
            }
        }
    }
}

#[test]
fn f32_with_i32() {
    every_meaning::<f32, i32>();
}

#[test]
fn bf16_with_u32() {
    every_meaning::<bf16, u32>();
}

#[test]
fn f16_with_i64() {
    every_meaning::<f16, i64>();
}
