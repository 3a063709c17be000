//! Packs beside what else decides where a kernel comes from: denied compiles, edited sources, and
//! kernels that are named ahead.

use super::*;
use crate::compile::store::KernelError;
use crate::plan::{Limits, Planner, Refusal};
use crate::problem::Workload;
use topkit_codegen::{KernelKind, Variant};

#[test]
fn a_packed_kernel_is_had_where_compiling_is_denied() {
    let (folder, path) = place(&Fake::new("nvrtc 13.0"), &["sm_90a"]);
    for cache_dir in [None, Some(folder.path().join("cache"))] {
        let config = Config { cache_dir, deny_jit: true, ..Config::default() };
        let cache = KernelCache::from_config(Arc::new(Fake::new("nvrtc 99.0")), &config);
        let cache = cache.with_packs(Packs::open(&[&path]).unwrap());
        assert_eq!(cache.get(&source(0), arch("sm_90a")).unwrap().origin, Origin::Pack);
        let error = cache.get(&source(0), arch("sm_100a")).unwrap_err();
        assert!(matches!(error, KernelError::Denied(_)), "{error}");
        assert!(error.to_string().contains("and in the packs"), "{error}");
        assert_eq!(cache.get_ahead(&source(0), arch("sm_90a")).unwrap().origin, Origin::Pack);
        assert_eq!((cache.stats().pack_hits, cache.stats().compiles), (1, 0));
    }
}

#[test]
fn an_edited_source_is_not_what_a_pack_has() {
    let (folder, path) = place(&Fake::new("nvrtc 13.0"), &["sm_66"]);
    let [edited, plain] = [0, 1].map(|member| spec().variants()[member]);
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
    // What nothing can serve is named, and its failure says so.
    let other = SelectorSpec::builder("Other").dtype([DType::Bf16]).build().unwrap();
    let selector = selector.toolchain().selector(other).unwrap();
    let done = selector.warmup([Problem::new(DType::Bf16, 3, 100, 64)]).unwrap();
    let failures: Vec<_> = done.failures().collect();
    assert!(matches!(failures[..], [(_, Error::NotPacked(_))]), "{done}");
}

/// The substitute depends on the sizes: what holds short rows alone stands in for those, a filter
/// where k is small, a cluster where there can be so many CTAs.
#[test]
fn every_kernel_that_stands_in_is_named_ahead() {
    let spec = SelectorSpec::builder("Parts").dtype([DType::Bf16]).k(1..=4096).build().unwrap();
    let most = i32::MAX as usize;
    let range = Workload::new(DType::Bf16, 1..=most, 1..=1 << 20, 1..=4096);
    let columns = |power: u32| [1 << power, (3usize << power) / 2].map(|size| size.min(1 << 20));
    for (name, step) in [("sm_80", 6), ("sm_80", 41), ("sm_90a", 5), ("sm_90a", 29)] {
        let (_folder, path) = place(&Fake::new("nvrtc 13.0"), &[name]);
        let engine = Engine::builder().config(Config::default());
        let engine = engine.pack(&path).build_toolchain(arch(name)).unwrap();
        let (mut planner, limits) = (engine.planner(&spec), engine.limits());
        let planned = planner.reach(&spec, &range, limits).unwrap();
        // No member that is planned is there, and few of the others.
        let others = spec.variants().into_iter().filter(|member| !planned.contains(member));
        let there: Vec<_> = others.step_by(step).collect();
        let stock = Stock::new(&spec, &mut planner, |variant| there.contains(variant));
        let (planned, tried) = (planner.reach(&spec, &range, limits).unwrap(), planner.tried());
        let named = stock.reach(planned, &spec, &range, limits, tried);
        let mut taken = Vec::new();
        for rows in [1, 2, 8, 66, 100, 1000, 1 << 20, 1 << 28, most] {
            for columns in (0..=20).flat_map(columns) {
                for k in [1, 64, 2048, 2049, 4096] {
                    let problem = Problem::new(DType::Bf16, rows, columns, k);
                    let plan = planner.plan(&spec, &problem, limits).unwrap();
                    let variant = stock.plan(plan, limits, tried).variant;
                    assert!(named.contains(&variant), "{name}, {step}: {problem} by {variant}");
                    if !taken.contains(&variant) {
                        taken.push(variant);
                    }
                }
            }
        }
        assert!(taken.len() > 1, "{taken:?}");
        assert!(named.len() <= 2 * taken.len(), "{} named, {} seen", named.len(), taken.len());
    }
}

/// A filter selects at most 2048 of a row, and a launch has room for so many clusters.
#[test]
fn what_no_packed_kernel_serves_is_named_ahead_as_it_is() {
    let spec = SelectorSpec::builder("Gaps").dtype([DType::F32]).k(1..=4096).build().unwrap();
    let (mut planner, limits) = (Planner::default(), Limits::of_arch(arch("sm_90a")));
    let first = |kernel: KernelKind, cluster: u32| {
        let is_it = |variant: &Variant| (variant.kernel, variant.cluster) == (kernel, cluster);
        spec.variants().into_iter().find(is_it).unwrap()
    };
    let wanted = first(KernelKind::BlockRadix, 1);
    for (kernel, cluster, rows, k) in [
        (KernelKind::BlockFilter, 1, 1, 4096),
        (KernelKind::ClusterFilter, 16, i32::MAX as usize, 1),
    ] {
        let there = first(kernel, cluster);
        let stock = Stock::new(&spec, &mut planner, |variant| *variant == there);
        let named = |rows, k| {
            let range = Workload::new(DType::F32, 1..=rows, 1..=1 << 20, 1..=k);
            stock.reach(vec![wanted], &spec, &range, &limits, planner.tried())
        };
        assert_eq!(named(1, 1), [there]);
        assert_eq!(named(rows, k), [there, wanted]);
    }
}

/// A GPU without room for clusters, and packs that hold some beside a kernel without. Rules go on to
/// smaller clusters, which are not packed, and the nearest to those was refused.
#[test]
fn a_packed_kernel_that_was_refused_gives_way_to_the_next() {
    let spec = SelectorSpec::builder("Room").dtype([DType::F32]).k(1..=4096).build().unwrap();
    for (name, clusters) in
        [("sm_90a", 16..=16), ("sm_90a", 2..=16), ("sm_100a", 16..=16), ("sm_100a", 8..=16)]
    {
        let (_folder, path) = place(&Fake::new("nvrtc 13.0"), &[name]);
        let engine = Engine::builder().config(Config::default());
        let engine = engine.pack(&path).build_toolchain(arch(name)).unwrap();
        let limits = engine.limits();
        let is_packed = |variant: &Variant| match variant.kernel {
            KernelKind::ClusterFilter | KernelKind::ClusterResident => {
                variant.threads == 512 && clusters.contains(&variant.cluster)
            }
            kernel => kernel == KernelKind::BlockFilter && variant.threads == 256,
        };
        let mut planner = engine.planner(&spec);
        let stock = Stock::new(&spec, &mut planner, is_packed);
        let problem = Problem::new(DType::F32, 1, 131_072, 512);
        let plan = || {
            let plan = planner.plan(&spec, &problem, limits).unwrap();
            stock.plan(plan, limits, planner.tried()).variant
        };
        assert!(plan().cluster > 1, "{name}: {}", plan());
        let mut refused = Vec::new();
        while plan().cluster > 1 {
            assert!(!refused.contains(&plan()), "{name}: {} is named again", plan());
            refused.push(plan());
            planner.refuse(&plan(), Refusal::NoRoom);
        }
        assert_eq!(plan().kernel, KernelKind::BlockFilter, "{name}");
        assert!(is_packed(&plan()), "{name}: {}", plan());
        let planned = planner.reach(&spec, &problem.into(), limits).unwrap();
        let named = stock.reach(planned, &spec, &problem.into(), limits, planner.tried());
        assert_eq!(named, [plan()], "{name}");
        let explained = Explanation::by(&planner, &spec, &problem, limits).unwrap();
        assert_eq!(stock.explain(explained, planner.tried()).plan.variant, plan(), "{name}");
    }
}

/// A compiler that nobody may ask for its version: NVRTC compiles a text to tell its release.
#[derive(Debug)]
struct Unasked;

impl Compiler for Unasked {
    fn version(&self) -> String {
        panic!("its version was asked for")
    }

    fn options(&self) -> Vec<String> {
        of_code()
    }

    fn compile(&self, _: &RenderedSource, _: Arch) -> Result<Compiled, CompileError> {
        panic!("it was to compile")
    }
}

#[test]
fn a_packed_kernel_asks_nothing_of_the_compiler() {
    let (_folder, path) = place(&Fake::new("nvrtc 13.0.88"), &["sm_90a"]);
    let packs = Packs::open(&[&path]).unwrap();
    let cache = KernelCache::new(Arc::new(Unasked), None).with_packs(packs);
    for _ in 0..2 {
        assert_eq!(cache.get(&source(0), arch("sm_90a")).unwrap().origin, Origin::Pack);
    }
    assert_eq!((cache.stats().pack_hits, cache.stats().memory_hits), (1, 1));
    assert!(cache.is_packed(&source(1), arch("sm_90a")));
}
