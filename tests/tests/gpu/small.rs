//! A set small enough for a sanitizer, which still takes every path of the kernel: short rows,
//! a buffered threshold bin, an overflowing one, ties, ragged rows, heads and tails.

use crate::device::{Case, Element, Layout, compile, on, ragged, variants, whole_selector};
use half::{bf16, f16};
use topkit::Score;
use topkit_lab::Distribution;

fn every_path<S: Score + Element>() {
    let selector = whole_selector(ragged());
    let variants =
        [1, 2, 4, 8].map(|vec_size| variants(&selector, S::DTYPE, vec_size, 9001)).concat();
    compile(&selector, &variants);
    let mut launches = 0;
    let paths = [
        Distribution::Normal,
        Distribution::OneBin,
        Distribution::Equal,
        Distribution::Nan,
        Distribution::Masked,
    ];
    for distribution in paths {
        let case = Case::<S>::new(distribution, 5, 5, 9001, Layout { offset: 1, gap: 1 });
        for variant in &variants {
            for k in [5, 700] {
                let spans: (&[i32], &[i32]) = (&[0, 3, 0, 8, 1], &[9001, 6000, 0, 300, i32::MAX]);
                case.check::<i32>(&on(&selector, variant), 5, k, Some(spans), 0);
                launches += 1;
            }
        }
    }
    println!("{} {launches} launches exact", S::DTYPE);
}

#[test]
fn small_f32() {
    every_path::<f32>();
}

#[test]
fn small_bf16() {
    every_path::<bf16>();
}

#[test]
fn small_f16() {
    every_path::<f16>();
}
