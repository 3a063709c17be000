//! The matrix of the contract: every dtype, vector width, length, k, row count, alignment and
//! distribution, each answer equal to the oracle's at zero tolerance.

use crate::device::{Case, Layout, members, selecting, whole_family};
use half::{bf16, f16};
use topkit::cudarc::driver::DeviceRepr;
use topkit::{Score, Semantics};
use topkit_tests::Distribution;

const LENGTHS: [usize; 10] = [1, 7, 511, 512, 513, 8191, 16384, 16385, 100_003, 262_144];
const KS: [u32; 6] = [1, 2, 64, 512, 777, 2048];
const ROWS: [usize; 3] = [1, 3, 33];
/// An aligned matrix, and one whose rows all begin at different alignments.
const LAYOUTS: [Layout; 2] = [Layout { offset: 0, gap: 0 }, Layout { offset: 3, gap: 1 }];

fn every_distribution<S: Score + DeviceRepr>() {
    // One distribution a thread: the judge is the slow part.
    std::thread::scope(|scope| {
        for distribution in Distribution::ALL {
            scope.spawn(move || {
                let cases = every_case::<S>(distribution);
                println!("{} {distribution}: {cases} launches exact", S::DTYPE);
            });
        }
    });
}

fn every_case<S: Score + DeviceRepr>(distribution: Distribution) -> usize {
    let family = whole_family(Semantics::DEFAULT);
    let mut cases = 0;
    for (seed, columns) in LENGTHS.into_iter().enumerate() {
        let members = [1, 2, 4, 8].map(|vec_size| members(&family, S::DTYPE, vec_size, columns));
        for layout in LAYOUTS {
            let case = Case::<S>::new(distribution, seed as u64, 33, columns, layout);
            let beyond = columns as u32 + 5;
            for k in KS.into_iter().chain([beyond]) {
                let members = members.each_ref().map(|members| selecting(members, k));
                for rows in ROWS {
                    for members in &members {
                        // Each width is met by all of its members in turn, the wide one by three
                        // at once: it has the resident kernels too.
                        let turns = if members.len() > 6 { 3 } else { 1 };
                        for _ in 0..turns {
                            let variant = &members[cases % members.len()];
                            case.judge::<i32>(&family, variant, rows, k, None);
                            cases += 1;
                        }
                    }
                }
            }
        }
    }
    cases
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
