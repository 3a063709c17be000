//! A program compiles in every kernel, its fields are where the host writes them, and kernels with different
//! programs have nothing in common.

use std::collections::HashSet;
use topkit::cache::Compiler;
use topkit::inspect::render;
use topkit::program::{Program, ProgramBuilder};
use topkit::spec::KernelKind;
use topkit::{Arch, DType, SelectorSpec, Toolchain, Variant, machine::Nvrtc};
use topkit_tests::program::named;

fn spec(mark: u32) -> SelectorSpec {
    let spec = SelectorSpec::builder("Named")
        .dtype([DType::F32, DType::Bf16])
        .vec_size([4, 8])
        .bins([2048]);
    spec.threads([256, 512]).program(named(mark)).build().unwrap()
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

/// The key of a score and its column in 64 bits: the lowest of equal scores win.
const BY_COLUMN: &str = "
struct ByColumn {
    using Key = u64;
    using Wide = u64;
    using ScoreKey = u32;
    using Stored = u64;
    static constexpr bool USES_COLUMN = true;
    static constexpr bool IN_COLUMN_ORDER = false;
    static __device__ __forceinline__ Key key(u32 score, u32 column) {
        return at(ordered_key<F32, true>(score), column);
    }
    static __device__ __forceinline__ ScoreKey score_key(Wide key) { return u32(key >> 32); }
    static __device__ __forceinline__ Wide lowest_of(ScoreKey key) { return u64(key) << 32; }
    static __device__ __forceinline__ Wide greatest_of(ScoreKey key) { return u64(key) << 32 | ~0u; }
    static __device__ __forceinline__ Stored stored(Key key) { return key; }
    static __device__ __forceinline__ Key restored(Stored key, u32) { return key; }
    static __device__ __forceinline__ Wide at(ScoreKey key, u32 column) { return lowest_of(key) | u32(~column); }
    static __device__ __forceinline__ Wide first_from(Wide key, u32) { return key; }
    static __device__ __forceinline__ Wide last_to(Wide key, u32) { return key; }
    using Entry = u64;
    static __device__ __forceinline__ Entry entry(Wide key, u32) { return key; }
    static __device__ __forceinline__ Wide key_of(Entry entry) { return entry; }
    static __device__ __forceinline__ u32 column_of(Entry entry) { return ~u32(entry); }
};
";

/// The sizes that the host computes for keys of 8 bytes are those that the kernels assert.
#[test]
fn keys_of_8_bytes_fit_in_every_kernel_if_the_program_says_that_they_have_8() {
    let nvrtc = Nvrtc::find().unwrap();
    let of = |program: ProgramBuilder| SelectorSpec { program: program.build().ok(), ..spec(0) };
    let by_column = || Program::builder(BY_COLUMN).ordinal("ByColumn");
    let (wide, unsaid) = (of(by_column().key_bytes(8)), of(by_column()));
    for (variant, other) in each(&wide).into_iter().zip(each(&unsaid)) {
        let compiled = nvrtc.compile(&render(&wide, &variant).unwrap(), Arch::of_device(9, 0));
        assert!(compiled.is_ok(), "{variant}: {}", compiled.map(drop).unwrap_err());
        if variant.kernel == KernelKind::GridFilter {
            let source = render(&unsaid, &other).unwrap();
            let error = nvrtc.compile(&source, Arch::of_device(9, 0)).map(drop).unwrap_err();
            assert!(error.log.contains("the host counts the same header"), "{}", error.log);
        }
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
    let program = Program::builder(text).source("Own").build().unwrap();
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
