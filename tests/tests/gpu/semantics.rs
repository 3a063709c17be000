//! Either end of the order, both NaN policies and every index type.

use crate::device::{Case, Layout, compile, selecting, variants, whole_selector};
use half::{bf16, f16};
use topkit::cudarc::driver::DeviceRepr;
use topkit::{
    IndexInt, Score,
    spec::{NanPolicy, Select, Semantics},
};
use topkit_lab::SUITE;

fn every_meaning<S: Score + DeviceRepr, I: IndexInt + DeviceRepr>() {
    let mut launches = 0;
    for &select in Select::ALL {
        for &nan in NanPolicy::ALL {
            let selector =
                whole_selector(Semantics { select, nan, index: I::TYPE, ..Semantics::DEFAULT });
            let vec_size = 16 / S::DTYPE.bytes();
            let mut variants = variants(&selector, S::DTYPE, vec_size, 10_000);
            variants.retain(|v| v.capacity().is_some() || v.bins == 2048);
            compile(&selector, &variants);
            for distribution in SUITE {
                let layout = Layout { offset: 1, gap: 2 };
                let case = Case::<S>::new(distribution, 3, 9, 10_000, layout);
                for k in [1, 100, 2048, 10_001] {
                    for variant in &selecting(&variants, k) {
                        case.check::<I>(&selector, variant, 9, k, None);
                        launches += 1;
                    }
                }
            }
        }
    }
    println!("{} with {}: {launches} launches exact", S::DTYPE, I::TYPE);
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
