//! Tests of toolchains without a compiler, since no NVRTC compiles for their architecture: the kernels of
//! their packs, their plans, and their error for a kernel that no pack has.

use crate::compile::cache::Origin;
use crate::compile::store::pack::tests::fixture::{
    Fake, arch, artifact, place, source, spec, spoil_code,
};
use crate::compile::store::pack::{PackError, PackWriter};
use crate::problem::Workload;
use crate::{Config, Engine, Error, Plan, Problem, SelectorSpec, Toolchain};
use std::fs;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use topkit_codegen::{DType, Program};
use tracing::Subscriber;
use tracing::span::{Attributes, Id};
use tracing_subscriber::layer::{Context, Layer, SubscriberExt};

/// An engine for an architecture that no NVRTC knows, so that it has packs alone.
fn alone(pack: &Path) -> Result<Toolchain, Error> {
    let builder = Engine::builder().config(Config::default());
    builder.pack(pack).build_toolchain(arch("sm_66"))
}

#[test]
fn an_engine_without_a_compiler_has_what_its_packs_hold() {
    let fake = Fake::new("nvrtc 13.0");
    let (_folder, path) = place(&fake, &["sm_60"]);
    let engine = alone(&path).unwrap();
    assert!(engine.nvrtc().is_err());
    let selector = engine.selector(spec()).unwrap();
    let variant = spec().variants()[0];
    let expected = artifact(&fake, &source(0), arch("sm_60"));
    assert_eq!(selector.cubin(&variant).unwrap(), expected.cubin);
    assert_eq!(selector.resources(&variant).unwrap().unwrap().registers, 47);
    assert_eq!(engine.cache().stats().pack_hits, 1);
    assert!(selector.ptx(&variant).is_err(), "there is nothing to make PTX");
}

#[test]
fn a_miss_without_a_compiler_names_the_kernel_and_the_packs() {
    let (_folder, path) = place(&Fake::new("nvrtc 13.0"), &["sm_90a"]);
    let selector = alone(&path).unwrap().selector(spec()).unwrap();
    let variant = spec().variants()[1];
    let error = selector.cubin(&variant).unwrap_err();
    assert!(matches!(&error, Error::NotPacked(_)), "{error}");
    let text = error.to_string();
    let digest = &source(1).digest[..16];
    for part in [&*variant.symbol(), "sm_66", digest, path.to_str().unwrap(), "for sm_90a alone"] {
        assert!(text.contains(part), "{part} is not in {text}");
    }
    let other = SelectorSpec::builder("Other").dtype([DType::Bf16]).build().unwrap();
    let selector = selector.toolchain().selector(other.clone()).unwrap();
    let text = selector.cubin(&other.variants()[0]).unwrap_err().to_string();
    assert!(text.contains("no kernel of this name among 2"), "{text}");

    let (_folder, path) = place(&Fake::new("nvrtc 13.0"), &["sm_66"]);
    spoil_code(&path);
    let selector = alone(&path).unwrap().selector(spec()).unwrap();
    let text = selector.cubin(&variant).unwrap_err().to_string();
    assert!(text.contains("is not as it was written"), "{text}");
}

#[test]
fn a_pack_serves_the_program_that_it_holds_and_no_other() {
    let program = |text: &'static str| Program::builder(text).source("A").build().unwrap();
    let [own, other] = ["struct A {};", "struct A { };"]
        .map(|text| SelectorSpec { program: Some(program(text)), ..spec() });
    let (folder, fake) = (tempfile::tempdir().unwrap(), Fake::new("nvrtc 13.0"));
    let path = folder.path().join("own.pack");
    let mut pack = PackWriter::new(&fake);
    for variant in own.variants() {
        let source = topkit_codegen::render(&own, &variant).unwrap();
        pack.add(&source, &artifact(&fake, &source, arch("sm_66"))).unwrap();
    }
    pack.write(&path).unwrap();
    let toolchain = alone(&path).unwrap();
    let problem = Problem::new(DType::F32, 3, 100, 64);
    let cubin = |spec: &SelectorSpec| {
        let selector = toolchain.selector(spec.clone()).unwrap();
        let plan = selector.plan(&problem).unwrap();
        assert_eq!(plan.variant.program, spec.program_id());
        selector.artifact(&plan.variant).map(|artifact| artifact.entry.clone())
    };
    assert!(cubin(&own).unwrap().ends_with(&own.program_id().unwrap().to_string()));
    for foreign in [&other, &spec()] {
        let error = cubin(foreign).unwrap_err();
        assert!(matches!(&error, Error::NotPacked(_)), "{error}");
        assert!(error.to_string().contains("no kernel of this name"), "{error}");
    }
    assert!(cubin(&own).is_ok(), "what another program lacks changes nothing");
}

#[test]
fn without_a_compiler_plans_take_what_the_packs_hold() {
    let (_folder, path) = place(&Fake::new("nvrtc 13.0"), &["sm_66"]);
    let wide = SelectorSpec::builder("Wide").dtype([DType::F32]).vec_size([1, 2, 4]);
    let selector = alone(&path).unwrap().selector(wide.build().unwrap()).unwrap();
    for columns in [100, 20_000, 1 << 24] {
        let problem = Problem::new(DType::F32, 3, columns, 64);
        let by_rules = Plan::of(selector.spec(), &problem, selector.toolchain().limits()).unwrap();
        let plan = selector.plan(&problem).unwrap();
        assert_ne!(plan.variant, by_rules.variant);
        assert!(spec().contains(&plan.variant), "{}", plan.variant);
        assert!(selector.cubin(&plan.variant).is_ok());
        let explained = selector.explain(&problem).unwrap();
        assert_eq!(explained.plan, plan);
        let words = explained.to_string();
        assert!(words.contains(&format!("no pack has {}", by_rules.variant)), "{words}");
        assert!(words.contains("vec_size = 2: "), "{words}");
    }
    // Nothing that is packed is for this dtype.
    let other = SelectorSpec::builder("Other").dtype([DType::Bf16]).build().unwrap();
    let selector = selector.toolchain().selector(other).unwrap();
    let plan = selector.plan(&Problem::new(DType::Bf16, 3, 100, 64)).unwrap();
    assert!(matches!(selector.cubin(&plan.variant), Err(Error::NotPacked(_))));
}

#[test]
fn an_engine_is_not_made_with_a_pack_that_cannot_be_used() {
    let error = alone(Path::new("no such.pack")).unwrap_err();
    assert!(matches!(error, Error::Pack(PackError::Io { .. })), "{error}");
    assert!(error.to_string().contains("no such.pack"), "{error}");
}

#[test]
fn an_edited_source_is_not_what_a_pack_has() {
    let (folder, path) = place(&Fake::new("nvrtc 13.0"), &["sm_66"]);
    let [edited, plain] = [0, 1].map(|variant| spec().variants()[variant]);
    let file = folder.path().join(format!("{}-sm_66", edited.symbol())).join("kernel.cu");
    fs::create_dir(file.parent().unwrap()).unwrap();
    fs::write(&file, source(0).text + "// edited\n").unwrap();
    let engine = || {
        let override_dir = Some(folder.path().to_owned());
        let config = Config { override_dir, deny_jit: true, ..Config::default() };
        Engine::builder().config(config).pack(&path).build_toolchain(arch("sm_66")).unwrap()
    };
    let selector = engine().selector(spec()).unwrap();
    assert_eq!(selector.artifact(&plain).unwrap().origin, Origin::Pack);
    // To plan around it would hide that the edited text is not used.
    let problem = Problem::new(DType::F32, 3, 1 << 20, 64);
    let others = alone(&path).unwrap().selector(spec()).unwrap();
    assert_eq!(selector.plan(&problem).unwrap(), others.plan(&problem).unwrap());
    let error = selector.artifact(&edited).unwrap_err();
    assert!(matches!(error, Error::NotPacked(_)), "{error}");
    let (text, digest) = (error.to_string(), selector.source(&edited).unwrap().digest);
    for part in [&*edited.symbol(), &digest[..16], "the source here is an edited one"] {
        assert!(text.contains(part), "{part} is not in {text}");
    }

    let mut pack = PackWriter::new(&Fake::new("nvrtc 13.0"));
    let source = selector.source(&edited).unwrap();
    pack.add(&source, &artifact(&Fake::new("nvrtc 13.0"), &source, arch("sm_66"))).unwrap();
    pack.write(&path).unwrap();
    let selector = engine().selector(spec()).unwrap();
    assert_eq!(selector.artifact(&edited).unwrap().origin, Origin::Pack);
    assert_eq!(selector.plan(&problem).unwrap().variant, edited, "it is packed, as it is edited");
}

#[test]
fn without_a_compiler_packed_kernels_are_named_ahead_and_warm() {
    let (_folder, path) = place(&Fake::new("nvrtc 13.0"), &["sm_66"]);
    let wide = SelectorSpec::builder("Wide").dtype([DType::F32]).vec_size([1, 2, 4]);
    let selector = alone(&path).unwrap().selector(wide.build().unwrap()).unwrap();
    let problem = |rows, columns, k| Problem::new(DType::F32, rows, columns, k);
    let range = Workload::new(DType::F32, 1..=1 << 20, 1..=1 << 24, 1..=2048);
    for workload in [range, problem(3, 100, 64).into()] {
        let keys = selector.enumerate([&workload]).unwrap();
        let warm: Vec<_> = keys.iter().map(|key| key.variant).collect();
        assert!(!warm.is_empty() && warm.iter().all(|variant| spec().contains(variant)));
        let ends = [workload.end(false), workload.end(true)];
        for problem in ends.into_iter().chain([problem(3, 100, 64)]) {
            assert!(warm.contains(&selector.plan(&problem).unwrap().variant), "{problem}");
        }
        let done = selector.warmup([workload]).unwrap();
        assert_eq!((done.count(Origin::Pack), done.failures().count()), (warm.len(), 0), "{done}");
        assert!(done.to_string().contains(&format!("{} from packs", warm.len())), "{done}");
    }
    // A warm-up names a kernel that nothing can serve, and its failure says so.
    let other = SelectorSpec::builder("Other").dtype([DType::Bf16]).build().unwrap();
    let selector = selector.toolchain().selector(other).unwrap();
    let done = selector.warmup([Problem::new(DType::Bf16, 3, 100, 64)]).unwrap();
    let failures: Vec<_> = done.failures().collect();
    assert!(matches!(failures[..], [(_, Error::NotPacked(_))]), "{done}");
}

/// Counts the texts that a thread renders.
#[derive(Default, Clone)]
struct Renders(Arc<AtomicU32>);

impl<S: Subscriber> Layer<S> for Renders {
    fn on_new_span(&self, span: &Attributes<'_>, _: &Id, _: Context<'_, S>) {
        if span.metadata().name() == "render" {
            self.0.fetch_add(1, Ordering::Relaxed);
        }
    }
}

impl Renders {
    fn of<R>(work: impl FnOnce() -> R) -> (R, u32) {
        let renders = Renders::default();
        let registry = tracing_subscriber::registry().with(renders.clone());
        let result = tracing::subscriber::with_default(registry, work);
        (result, renders.0.load(Ordering::Relaxed))
    }
}

#[test]
fn a_kernel_in_memory_is_found_without_rendering() {
    let (folder, path) = place(&Fake::new("nvrtc 13.0"), &["sm_66"]);
    let variants = spec().variants();
    let selector = alone(&path).unwrap().selector(spec()).unwrap();
    let find = |variant| selector.artifact(variant).unwrap();
    let (first, renders) = Renders::of(|| find(&variants[0]));
    assert_eq!(renders, 1);
    let (second, renders) = Renders::of(|| find(&variants[0]));
    assert!(Arc::ptr_eq(&first, &second));
    assert_eq!(renders, 0);
    let (other, renders) = Renders::of(|| find(&variants[1]));
    assert_eq!((&*other.entry, renders), (&*variants[1].symbol(), 1));
    let stats = selector.toolchain().cache().stats();
    assert_eq!((stats.pack_hits, stats.memory_hits), (2, 1));

    // A kernel that a warm-up loaded is in memory too.
    let selector = alone(&path).unwrap().selector(spec()).unwrap();
    selector.warmup([Problem::new(DType::F32, 3, 1 << 20, 64)]).unwrap();
    let plan = selector.plan(&Problem::new(DType::F32, 3, 1 << 20, 64)).unwrap();
    assert_eq!(Renders::of(|| selector.artifact(&plan.variant).unwrap()).1, 0);

    // A dump that was removed is written again.
    let dumps = folder.path().join("dumps");
    let dumping = Config { dump_dir: Some(dumps.clone()), ..Config::default() };
    let engine = Engine::builder().config(dumping).pack(&path);
    let selector = engine.build_toolchain(arch("sm_66")).unwrap().selector(spec()).unwrap();
    let written = dumps.join(format!("{}-sm_66", variants[0].symbol()));
    for _ in 0..2 {
        selector.artifact(&variants[0]).unwrap();
        fs::remove_dir_all(&written).unwrap();
    }

    // A file that appears among the edited sources is read.
    let override_dir = Some(folder.path().to_owned());
    let editing = Config { override_dir, ..Config::default() };
    let engine = Engine::builder().config(editing).pack(&path);
    let selector = engine.build_toolchain(arch("sm_66")).unwrap().selector(spec()).unwrap();
    assert_eq!(selector.artifact(&variants[0]).unwrap().origin, Origin::Pack);
    let file = folder.path().join(format!("{}-sm_66", variants[0].symbol())).join("kernel.cu");
    fs::create_dir(file.parent().unwrap()).unwrap();
    fs::write(&file, source(0).text + "// edited\n").unwrap();
    let error = selector.artifact(&variants[0]).unwrap_err();
    assert!(matches!(error, Error::NotPacked(_)), "{error}");
}
