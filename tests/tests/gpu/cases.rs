//! The inputs to which the filters once gave wrong answers, whole, on every filter and on the other
//! kernels that serve them, as every score type.

use crate::device::{Case, Layout, compile, selecting, variants, whole_selector};
use half::{bf16, f16};
use std::collections::HashMap;
use topkit::cudarc::driver::DeviceRepr;
use topkit::{Score, Variant};
use topkit_tests::cases;

/// The filters, and two sizes of each other kernel.
fn few(mut variants: Vec<Variant>) -> Vec<Variant> {
    let mut seen = HashMap::new();
    variants.retain(|variant| {
        let before = seen.entry(variant.kernel).or_insert(0);
        *before += 1;
        variant.kernel.filters() || *before <= 2
    });
    variants
}

fn every_case<S: Score + DeviceRepr>() {
    let (mut wrong, mut launches) = (Vec::new(), 0);
    for case in cases::Case::all() {
        let selector = whole_selector(case.semantics());
        let all = few(variants(&selector, S::DTYPE, 16 / S::DTYPE.bytes(), case.columns));
        compile(&selector, &all);
        let layout = Layout { offset: 0, gap: 0 };
        let matrix = Case::<S>::of(&case.scores_as(), case.rows, case.columns, layout);
        for &k in &case.ks {
            for variant in &selecting(&all, k) {
                let fault = matrix.fault::<i32>(&selector, variant, case.rows, k, None);
                wrong.extend(fault.map(|fault| format!("{}: {fault}", case.name)));
                launches += 1;
            }
        }
    }
    println!("{}: {launches} launches, {} wrong", S::DTYPE, wrong.len());
    assert!(wrong.is_empty(), "{} launches wrong:\n{}", wrong.len(), wrong.join("\n"));
}

#[test]
fn cases_of_f32_are_exact() {
    every_case::<f32>();
}

#[test]
fn cases_of_bf16_are_exact() {
    every_case::<bf16>();
}

#[test]
fn cases_of_f16_are_exact() {
    every_case::<f16>();
}
