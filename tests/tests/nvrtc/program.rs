//! A program compiles in every kernel, its fields are where the host writes them, and kernels with different
//! programs have nothing in common.

use std::collections::HashSet;
use topkit::cache::Compiler;
use topkit::inspect::render;
use topkit::spec::KernelKind;
use topkit::{Arch, DType, SelectorSpec, Toolchain, Variant, machine::Nvrtc};
use topkit_tests::program::named;

fn spec(mark: u32) -> SelectorSpec {
    let spec = SelectorSpec::builder("Named").dtype([DType::F32]).vec_size([4]).bins([2048]);
    spec.threads([512]).program(named(mark)).build().unwrap()
}

/// The first variant of each kernel.
fn each(spec: &SelectorSpec) -> Vec<Variant> {
    let variants = spec.variants();
    let of = |kernel: &KernelKind| variants.iter().find(|variant| variant.kernel == *kernel);
    KernelKind::ALL.iter().map(|kernel| *of(kernel).unwrap()).collect()
}

#[test]
fn a_program_compiles_in_every_kernel() {
    let (nvrtc, spec) = (Nvrtc::find().unwrap(), spec(0));
    for variant in each(&spec) {
        let source = render(&spec, &variant).unwrap();
        let compiled = nvrtc.compile(&source, Arch::of_device(9, 0)).unwrap();
        assert!(!compiled.log.contains("program("), "{}: {}", source.entry, compiled.log);
    }
}

#[test]
fn a_field_in_another_place_than_the_host_writes_it_does_not_compile() {
    let (nvrtc, spec) = (Nvrtc::find().unwrap(), spec(0));
    let mut source = render(&spec, &spec.variants()[0]).unwrap();
    for (field, moved, words) in [
        ("    i32 shift;\n", "    i64 shift;\n    i32 more;\n", "names is elsewhere"),
        ("    i64 row_stride; ", "    i32 row_stride; ", "row_stride is elsewhere"),
        ("    i32 columns; ", "    i64 columns; ", "k is elsewhere"),
    ] {
        let text = source.text.replacen(field, moved, 1);
        assert_ne!(text, source.text, "{field}");
        let sound = std::mem::replace(&mut source.text, text);
        let error =
            nvrtc.compile(&source, Arch::of_device(9, 0)).map(drop).unwrap_err().to_string();
        assert!(error.contains(words) && error.contains("skeleton.cu.j2("), "{error}");
        source.text = sound;
    }
}

#[test]
fn an_error_in_a_program_names_its_line() {
    let nvrtc = Nvrtc::find().unwrap();
    let text = "\nstruct Own {\n    int broken(;\n};\n";
    let program = topkit::program::Program::builder(text).source("Own").build().unwrap();
    let spec = SelectorSpec { program: Some(program), ..spec(0) };
    let source = render(&spec, &spec.variants()[0]).unwrap();
    let error = nvrtc.compile(&source, Arch::of_device(9, 0)).map(drop).unwrap_err().to_string();
    assert!(error.contains("program(3): error"), "{error}");
}

#[test]
fn kernels_of_different_programs_share_no_key() {
    let toolchain = Toolchain::new(Arch::of_device(9, 0)).unwrap();
    let plain = SelectorSpec { program: None, ..spec(0) };
    let specs = [plain, spec(0), spec(1)];
    let mut keys = HashSet::new();
    for spec in &specs {
        let selector = toolchain.selector(spec.clone()).unwrap();
        let variant = spec.variants()[0];
        for key in selector.enumerate([topkit::Problem::new(DType::F32, 1, 4096, 64)]).unwrap() {
            assert_eq!(key.variant.program, spec.program_id());
            keys.insert((key.key.digest(), key.key.entry().to_owned()));
        }
        for other in &specs {
            let foreign = other.variants()[0];
            assert_eq!(selector.source(&foreign).is_ok(), foreign == variant);
            assert_eq!(render(spec, &foreign).is_ok(), foreign == variant);
        }
    }
    assert_eq!(keys.len(), specs.len());
    let error = render(&specs[0], &specs[1].variants()[0]).unwrap_err().to_string();
    let id = named(0).id();
    assert!(
        error.contains(&format!("has the program {id}, but the selector Named has no program"))
    );
}
