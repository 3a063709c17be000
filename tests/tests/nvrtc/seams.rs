//! Kernels with programs compile: all three parts together in each kernel, and each part alone in two.

use topkit::{
    DType,
    cache::Compiler,
    inspect::{Resources, render},
    machine::Nvrtc,
    spec::KernelKind,
};
use topkit_tests::goldens;
use topkit_tests::seams::{Parts, with_program};

#[test]
fn programs_compile_for_hopper() {
    let nvrtc = Nvrtc::find().unwrap_or_else(|error| panic!("this suite needs NVRTC: {error}"));
    let goldens = goldens::variants();
    for (turn, &kernel) in KernelKind::ALL.iter().enumerate() {
        let golden = goldens.iter().find(|variant| variant.kernel == kernel).unwrap();
        let score = if golden.dtype == DType::F16 { DType::F16 } else { DType::F32 };
        let all = Parts { masked: Some(score), scattered: true, pairs: true };
        let one = match turn % 3 {
            0 => Parts { masked: Some(score), ..Parts::NONE },
            1 => Parts { scattered: true, ..Parts::NONE },
            _ => Parts { pairs: true, ..Parts::NONE },
        };
        for parts in [all, one] {
            let program = parts.program(golden.dtype, &golden.semantics);
            let (spec, variant) = with_program(golden, program);
            let source = render(&spec, &variant).unwrap();
            let compiled = nvrtc.compile(&source, "sm_90a".parse().unwrap());
            let compiled = compiled.unwrap_or_else(|error| panic!("{parts:?}: {error}"));
            assert!(!compiled.log.contains("warning"), "{parts:?}: {}", compiled.log);
            let resources = Resources::from_log(&compiled.log).unwrap();
            let entry = &source.entry;
            assert!(resources.shared_bytes <= 48 * 1024, "{parts:?}, {entry}: {resources}");
            assert!(resources.registers * variant.threads <= 64 * 1024, "{entry}: {resources}");
            println!("{parts:?}, {entry}: {resources}");
        }
    }
}
