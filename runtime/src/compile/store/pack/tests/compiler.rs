//! Packs before a compiler that may not be called, or is not asked even for its version.

use super::*;
use crate::compile::cache::KernelError;
use crate::compile::options::of_code;
use crate::compile::store::DiskCache;
use crate::compile::{CompileError, Compiled};

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
