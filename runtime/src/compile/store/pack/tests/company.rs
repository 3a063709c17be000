//! Packs beside what else decides where a kernel comes from: denied compiles, edited sources, and
//! kernels that are named ahead.

use super::*;
use crate::compile::cache::KernelError;
use crate::compile::store::DiskCache;
use crate::problem::Workload;

#[test]
fn a_packed_kernel_is_had_where_compiling_is_denied() {
    let (folder, path) = place(&Fake::new("nvrtc 13.0"), &["sm_90a"]);
    for cache_dir in [None, Some(folder.path().join("cache"))] {
        let mut stores: Vec<Arc<dyn Store>> = vec![Arc::new(Packs::open(&[&path]).unwrap())];
        stores.extend(cache_dir.map(|root| Arc::new(DiskCache::open(root).unwrap()) as _));
        let cache = KernelCache::new(Arc::new(Fake::new("nvrtc 99.0")), stores);
        let get = |name| cache.get(&source(0), arch(name), Compiling::Denied);
        assert_eq!(get("sm_90a").unwrap().origin, Origin::Pack);
        let error = get("sm_100a").unwrap_err();
        assert!(matches!(error, KernelError::Denied(_)), "{error}");
        assert!(error.to_string().contains("and in the packs"), "{error}");
        assert_eq!(cache.warm(&source(0), arch("sm_90a")).unwrap().origin, Origin::Pack);
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
    let Packed { cache, packs } = Packed::new(Arc::new(Unasked), &[&path]);
    for _ in 0..2 {
        assert_eq!(
            cache.get(&source(0), arch("sm_90a"), Compiling::Denied).unwrap().origin,
            Origin::Pack
        );
    }
    assert_eq!((cache.stats().pack_hits, cache.stats().memory_hits), (1, 1));
    assert!(packs.has(&cache.wanted(&source(1), arch("sm_90a"))));
}
