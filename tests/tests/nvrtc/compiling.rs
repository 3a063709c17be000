//! Every golden compiles without a warning, for old and new architectures, and stays small.

use object::{Object, ObjectSection};
use std::collections::BTreeMap;
use topkit::{
    Arch, DType, SelectorSpec, Variant,
    cache::Compiler,
    inspect::{RenderedSource, Resources},
    machine::Nvrtc,
    spec::{KernelKind, Semantics, Ties},
};
use topkit_tests::goldens;
use topkit_tests::rendered;

fn compile(source: &RenderedSource, arch: &str) -> topkit::cache::Compiled {
    let nvrtc = Nvrtc::find().unwrap_or_else(|error| panic!("this suite needs NVRTC: {error}"));
    nvrtc.compile(source, arch.parse().unwrap()).unwrap_or_else(|error| panic!("{error}"))
}

fn compiles_well(variant: &Variant, arch: &str) {
    let source = rendered(variant);
    if !variant.kernel.compiles_for(arch.parse().unwrap()) {
        // What is said not to compile must not: else the plan leaves a kernel out for nothing.
        let nvrtc = Nvrtc::find().unwrap();
        assert!(nvrtc.compile(&source, arch.parse().unwrap()).is_err(), "{}", source.entry);
        return;
    }
    let compiled = compile(&source, arch);
    assert!(!compiled.log.contains("warning"), "{}", compiled.log);
    assert!(compiled.cubin.starts_with(b"\x7fELF"), "{} is no cubin", source.entry);
    let resources = Resources::from_log(&compiled.log).unwrap();
    assert_eq!(
        (resources.spill_stores, resources.spill_loads),
        (0, 0),
        "{} spills: {resources}",
        source.entry
    );
    assert!(resources.shared_bytes <= 48 * 1024, "{}: {resources}", source.entry);
    assert!(resources.registers * variant.threads <= 64 * 1024, "{}: {resources}", source.entry);
}

#[test]
fn goldens_compile_for_hopper() {
    goldens::variants().iter().for_each(|variant| compiles_well(variant, "sm_90a"));
}

#[test]
fn goldens_compile_for_the_oldest_architecture() {
    goldens::variants().iter().for_each(|variant| compiles_well(variant, "sm_75"));
}

/// Every kernel with a rule for ties, in the sizes of its first golden.
#[test]
fn rules_for_ties_compile_for_hopper() {
    let goldens = goldens::variants();
    for (turn, kernel) in KernelKind::ALL.iter().enumerate() {
        let plain = goldens.iter().find(|variant| variant.kernel == *kernel).unwrap();
        let ties = [Ties::LowestIndex, Ties::HighestIndex][turn % 2];
        let semantics = Semantics { ties, ..plain.semantics };
        compiles_well(&Variant { semantics, ..*plain }, "sm_90a");
    }
}

/// A few for each: so many that each golden is compiled for some architecture.
#[test]
fn goldens_compile_for_every_architecture() {
    let goldens = goldens::variants();
    let nvrtc = Nvrtc::find().unwrap();
    let archs = nvrtc.archs();
    let few = goldens.len().div_ceil(archs.len());
    for (turn, arch) in archs.iter().enumerate() {
        for variant in goldens.iter().cycle().skip(turn * few).take(few) {
            compiles_well(variant, &arch.to_string());
        }
    }
}

/// Packs are searched by the options that decide code, and this one is not among them. Each kernel is
/// compiled for one of two architectures.
#[test]
fn source_lines_change_no_instruction() {
    let [lined, plain] = [true, false].map(|lines| Nvrtc::find().unwrap().with_line_info(lines));
    let goldens = goldens::variants();
    let first = |kernel: &KernelKind| goldens.iter().find(|variant| variant.kernel == *kernel);
    let each = KernelKind::ALL.iter().map(|kernel| first(kernel).unwrap());
    for (variant, arch) in each.zip(["sm_90a", "sm_120"].into_iter().cycle()) {
        let source = rendered(variant);
        let cubin = |nvrtc: &Nvrtc| nvrtc.compile(&source, arch.parse().unwrap()).unwrap().cubin;
        let (lined, plain) = (cubin(&lined), cubin(&plain));
        let (with, without) = (code(&lined), code(&plain));
        assert!(!with.is_empty() && with.values().any(|bytes| bytes.len() > 1000), "{arch}");
        assert!(with == without, "{} for {arch}", source.entry);
        assert!(
            2 * plain.len() < lined.len(),
            "{}: {}, {}",
            source.entry,
            plain.len(),
            lined.len()
        );
    }
}

/// What runs: instructions and constants, by the names of their sections.
fn code(cubin: &[u8]) -> BTreeMap<String, Vec<u8>> {
    let file = object::File::parse(cubin).unwrap();
    let sections = file
        .sections()
        .map(|section| (section.name().unwrap().to_owned(), section.data().unwrap().to_owned()));
    let runs =
        |name: &str| [".text.", ".nv.constant", ".nv.global"].iter().any(|s| name.starts_with(s));
    sections.filter(|(name, _)| runs(name)).collect()
}

#[test]
fn an_error_names_the_line_of_the_template() {
    let mut source = rendered(&goldens::variants()[0]);
    let statement = "return Dtype::SIGN;";
    let template = include_str!("../../../templates/score/ordinal.cuh");
    let line = template.lines().position(|line| line.contains(statement)).unwrap() + 1;
    source.text = source.text.replace(statement, "return Dtype::SINE;");
    let nvrtc = Nvrtc::find().unwrap();
    let error = nvrtc.compile(&source, Arch::new(9, 0)).unwrap_err().to_string();
    let place = format!("templates/score/ordinal.cuh({line}): error");
    assert!(error.contains(&place), "{place} is not in\n{error}");
    assert!(error.contains("SINE") && error.contains(&source.entry) && error.contains("sm_90"));
}

/// Another kernel may replace one that does not compile, but not if NVRTC itself fails.
#[test]
fn a_kernel_is_to_blame_for_its_text_alone() {
    let nvrtc = Nvrtc::find().unwrap();
    let sound = rendered(&goldens::variants()[0]);
    let unknown = nvrtc.compile(&sound, Arch::new(1, 0)).unwrap_err();
    assert!(!unknown.blames_kernel && unknown.reason.contains("OPTION"), "{unknown}");
    let mut broken = sound;
    broken.text.push_str("int x = y;");
    let error = nvrtc.compile(&broken, Arch::new(9, 0)).unwrap_err();
    assert!(error.blames_kernel && error.log.contains("\"y\""), "{error}");
}

#[test]
fn an_error_in_the_rendered_part_names_the_line_of_the_skeleton() {
    let mut source = rendered(&goldens::variants()[0]);
    let statement = "const __grid_constant__";
    let template = include_str!("../../../templates/skeleton.cu.j2");
    let line = template.lines().position(|line| line.contains(statement)).unwrap() + 1;
    source.text = source.text.replace(statement, "const __grid_content__");
    let error = Nvrtc::find().unwrap().compile(&source, Arch::new(9, 0)).unwrap_err().to_string();
    let place = format!("templates/skeleton.cu.j2({line}): error");
    assert!(error.contains(&place), "{place} is not in\n{error}");
}

/// Every variant that the planner may choose for rows in registers; of the clusters, the smallest and
/// the largest.
#[test]
fn no_resident_kernel_spills() {
    let spec = SelectorSpec::builder("Resident").dtype([DType::F32, DType::Bf16]).vec_size([4, 8]);
    let spec = spec.bins([2048, 4096]).threads([128, 256, 512, 1024]).build().unwrap();
    let resident = spec.variants().into_iter().filter(|variant| variant.capacity().is_some());
    resident
        .filter(|variant| variant.cluster == 1 || variant.threads == 512)
        .filter(|variant| {
            variant.bins == 4096
                || variant.threads == 256
                || variant.kernel == KernelKind::WarpResident
        })
        .filter(|variant| [1, 2, 16].contains(&variant.cluster))
        .for_each(|variant| compiles_well(&variant, "sm_90a"));
}

/// And for very many winners.
#[test]
fn no_radix_by_clusters_spills() {
    let spec = SelectorSpec::builder("Radix").dtype([DType::F32, DType::Bf16]);
    let spec = spec.bins([2048]).threads([512, 1024]).build().unwrap();
    let radix = spec.variants().into_iter().filter(|it| it.kernel == KernelKind::ClusterRadix);
    radix
        .filter(|variant| [2, 16].contains(&variant.cluster))
        .for_each(|variant| compiles_well(&variant, "sm_90a"));
}

/// And for long ones; of the clusters, the smallest and the largest.
#[test]
fn no_filter_spills() {
    let spec = SelectorSpec::builder("Filters").dtype([DType::F32, DType::Bf16]).build().unwrap();
    let filters = spec.variants().into_iter().filter(|variant| variant.kernel.filters());
    filters
        .filter(|variant| match variant.threads {
            512 => variant.bins == 2048,
            256 => variant.bins == 1024 && variant.kernel == KernelKind::BlockFilter,
            _ => false,
        })
        .filter(|variant| [1, 2, 16].contains(&variant.cluster))
        .for_each(|variant| compiles_well(&variant, "sm_90a"));
}
