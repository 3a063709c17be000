//! The inputs to which the filters once gave wrong answers, whole, on every kernel that serves them and
//! as every score type.

use crate::device::{Case, Layout, compile, members, selecting, whole_family};
use half::{bf16, f16};
use topkit::Score;
use topkit::cudarc::driver::DeviceRepr;
use topkit_tests::cases;

fn every_case<S: Score + DeviceRepr>() {
    let (mut wrong, mut launches) = (Vec::new(), 0);
    for case in cases::Case::all() {
        let family = whole_family(case.semantics());
        let all = members(&family, S::DTYPE, 16 / S::DTYPE.bytes(), case.columns);
        compile(&family, &all);
        let layout = Layout { offset: 0, gap: 0 };
        let matrix = Case::<S>::of(&case.scores_as(), case.rows, case.columns, layout);
        for &k in &case.ks {
            for variant in &selecting(&all, k) {
                let fault = matrix.fault::<i32>(&family, variant, case.rows, k, None);
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
