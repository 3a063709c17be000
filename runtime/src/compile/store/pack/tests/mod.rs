//! Packs of a fake compiler, opened and searched. `damage` has damaged packs, `compiler` packs before a
//! compiler that may not be called; engines without a compiler are in `engine/packs_tests.rs`.

mod compiler;
mod damage;
pub(crate) mod fixture;

use super::*;
use crate::compile::absent::Absent;
use crate::compile::cache::{Compiling, KernelCache};
use crate::compile::options::{LINE_INFO, decides_code};
use crate::compile::store::{Artifact, Origin, Store, Wanted};
use crate::compile::{Compiler, KeyedCompiler};
use fixture::{Fake, arch, artifact, place, source, spoil_code};
use std::fs;
use std::path::PathBuf;
use std::sync::Arc;
use topkit_codegen::{Arch, RenderedSource};

/// A cache with packs, which are kept beside it.
struct Packed {
    cache: KernelCache,
    packs: Arc<Packs>,
}

impl Packed {
    fn new(compiler: Arc<dyn Compiler>, packs: &[&PathBuf]) -> Packed {
        let packs = Arc::new(Packs::open(packs).unwrap());
        Packed { cache: KernelCache::new(compiler, vec![packs.clone()]), packs }
    }

    fn get(&self, source: &RenderedSource, arch: Arch) -> Arc<Artifact> {
        self.cache.get(source, arch, Compiling::Allowed).unwrap()
    }

    fn searched(&self, source: &RenderedSource, arch: Arch) -> String {
        self.packs.searched(&self.cache.wanted(source, arch))
    }
}

/// A cache with these packs in front of a compiler of another version.
fn cache(packs: &[&PathBuf]) -> Packed {
    Packed::new(Arc::new(Fake::new("nvrtc 99.0")), packs)
}

#[test]
fn what_was_packed_is_read_back_whole() {
    let fake = Fake::new("nvrtc 13.0");
    let (folder, path) = place(&fake, &["sm_80", "sm_90a"]);
    let pack = Pack::open(&path).unwrap();
    assert_eq!((pack.compiler(), pack.options()), ("nvrtc 13.0", &fake.options[..]));
    assert_eq!(pack.archs(), [arch("sm_80"), arch("sm_90a")]);
    assert_eq!(pack.kernels().len(), 4);
    for kernel in pack.kernels() {
        let source = [source(0), source(1)].into_iter().find(|s| s.entry == kernel.symbol).unwrap();
        assert_eq!(pack.cubin(kernel).unwrap(), artifact(&fake, &source, kernel.arch).cubin);
        assert_eq!(kernel.source, source.digest);
        assert_eq!(kernel.resources().unwrap().registers, 47);
    }
    assert!(pack.verify().all(|(_, checked)| checked.is_ok()));
    assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 1, "nothing is left beside it");
}

#[test]
fn the_same_kernels_give_the_same_bytes_in_any_order() {
    let fake = Fake::new("nvrtc 13.0");
    let (_one, first) = place(&fake, &["sm_80", "sm_90a"]);
    let (_other, second) = place(&fake, &["sm_90a", "sm_80"]);
    let bytes = fs::read(&first).unwrap();
    assert_eq!(bytes, fs::read(&second).unwrap());
    assert!(!String::from_utf8_lossy(&bytes).contains("Compile time"));
    let folder = first.parent().unwrap().to_str().unwrap();
    assert!(!String::from_utf8_lossy(&bytes).contains(folder));
}

#[test]
fn a_pack_goes_before_the_compiler_whatever_its_version() {
    let fake = Fake::with("nvrtc 13.0", "--no-cache");
    let (_folder, path) = place(&fake, &["sm_90a"]);
    let cache = cache(&[&path]);
    let found = cache.get(&source(0), arch("sm_90a"));
    let packed = artifact(&fake, &source(0), arch("sm_90a"));
    assert_eq!(
        (found.origin, &found.cubin, &found.key),
        (Origin::Pack, &packed.cubin, &packed.key)
    );
    cache.get(&source(0), arch("sm_90a"));
    let stats = cache.cache.stats();
    assert_eq!((stats.pack_hits, stats.memory_hits, stats.compiles), (1, 1, 0));
}

#[test]
fn packs_with_source_lines_and_without_serve_every_engine() {
    let (plain, lined) = (Fake::new("nvrtc 13.0"), Fake::with("nvrtc 13.0", LINE_INFO));
    for packer in [&plain, &lined] {
        let (_folder, path) = place(packer, &["sm_90a"]);
        assert_eq!(Pack::open(&path).unwrap().has_line_info(), packer.options == lined.options);
        let packed = artifact(packer, &source(0), arch("sm_90a"));
        for engine in [&plain, &lined] {
            let cache = Packed::new(Arc::new(engine.clone()), &[&path]);
            let found = cache.get(&source(0), arch("sm_90a"));
            assert_eq!((found.origin, cache.cache.stats().compiles), (Origin::Pack, 0));
            // The packed kernel is found, and never passes for a kernel that this engine would compile.
            assert_eq!((&found.cubin, &found.key), (&packed.cubin, &packed.key));
            let same = engine.options == packer.options;
            assert_eq!(cache.cache.key(&source(0), arch("sm_90a")) == found.key, same);
        }
    }
    // A kernel with lines does not go into a pack that says it has none.
    let error =
        PackWriter::new(&plain).add(&source(0), &artifact(&lined, &source(0), arch("sm_80")));
    assert!(matches!(error, Err(PackError::Unfit { .. })), "{error:?}");
}

#[test]
fn another_source_or_other_options_are_another_kernel() {
    let (_folder, path) = place(&Fake::with("nvrtc 13.0", "--use_fast_math"), &["sm_90a"]);
    let (_other, second) = place(&Fake::new("nvrtc 13.0"), &["sm_90a"]);
    let cache = cache(&[&path]);
    assert_eq!(cache.get(&source(0), arch("sm_90a")).origin, Origin::Compiled);
    let searched = cache.searched(&source(0), arch("sm_90a"));
    assert!(searched.contains("with other options"), "{searched}");

    let cache = self::cache(&[&second]);
    let edited = RenderedSource { text: source(0).text + "\n", ..source(0) };
    assert_eq!(cache.get(&edited, arch("sm_90a")).origin, Origin::Compiled);
    let searched = cache.searched(&edited, arch("sm_90a"));
    assert!(searched.contains("from another source"), "{searched}");
}

#[test]
fn code_for_an_earlier_gpu_of_the_same_major_version_stands_in() {
    let (_folder, path) = place(&Fake::new("nvrtc 13.0"), &["sm_80", "sm_86", "sm_90a", "sm_120"]);
    let cache = cache(&[&path]);
    let found = |name: &str| {
        let found = cache.get(&source(1), arch(name));
        (found.origin == Origin::Pack).then(|| found.arch.to_string())
    };
    assert_eq!(found("sm_80").as_deref(), Some("sm_80"));
    assert_eq!(found("sm_86").as_deref(), Some("sm_86"));
    assert_eq!(found("sm_89").as_deref(), Some("sm_86"));
    assert_eq!(found("sm_121a").as_deref(), Some("sm_120"));
    assert_eq!((found("sm_87"), found("sm_90"), found("sm_100a")), (None, None, None));
    let searched = cache.searched(&source(1), arch("sm_100a"));
    assert!(searched.contains("has it for sm_80, sm_86, sm_90a, sm_120 alone"), "{searched}");
}

#[test]
fn the_first_pack_that_has_it_sound_counts() {
    let (_one, first) = place(&Fake::new("nvrtc 1.0"), &["sm_90a"]);
    let (_two, second) = place(&Fake::new("nvrtc 2.0"), &["sm_90a"]);
    let code = |cache: &Packed| {
        let found = cache.get(&source(0), arch("sm_90a"));
        String::from_utf8_lossy(&found.cubin[..9]).into_owned()
    };
    assert_eq!(code(&cache(&[&first, &second])), "nvrtc 1.0");
    assert_eq!(code(&cache(&[&second, &first])), "nvrtc 2.0");
    spoil_code(&first);
    assert_eq!(code(&cache(&[&first, &second])), "nvrtc 2.0");
    assert_eq!(code(&cache(&[&first])), "nvrtc 99.", "compiled");
}

#[test]
fn only_what_its_compiler_made_of_its_source_goes_into_a_pack() {
    let fake = Fake::new("nvrtc 13.0");
    let mut pack = PackWriter::new(&fake);
    let refused = |pack: &mut PackWriter, source: &RenderedSource, artifact: &Artifact| {
        let error = pack.add(source, artifact).unwrap_err();
        assert!(matches!(&error, PackError::Unfit { .. }), "{error}");
        assert!(pack.is_empty());
    };
    let sm_90a = arch("sm_90a");
    let made = artifact(&fake, &source(0), sm_90a);
    refused(&mut pack, &source(1), &made);
    refused(&mut pack, &source(0), &artifact(&Fake::new("nvrtc 12.0"), &source(0), sm_90a));
    refused(&mut pack, &source(0), &Artifact { cubin: Vec::new(), ..(*made).clone() });
    pack.add(&source(0), &made).unwrap();
    pack.add(&source(0), &made).unwrap();
    assert_eq!(pack.len(), 1);
    assert!(pack.add(&source(0), &Artifact { cubin: vec![1], ..(*made).clone() }).is_err());
}

#[test]
fn a_pack_that_cannot_be_written_leaves_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let pack = PackWriter::new(&Fake::new("nvrtc 13.0"));
    let taken = folder.path().join("taken");
    fs::create_dir_all(taken.join("inside")).unwrap();
    for path in [taken, folder.path().join("no folder").join("k.pack")] {
        let error = pack.write(&path).unwrap_err();
        assert!(error.to_string().contains(path.to_str().unwrap()), "{error}");
    }
    assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 1);
}

/// The engine finds a packed kernel by the source and options that it would compile, so packing and
/// searching must agree on both.
#[test]
fn the_options_of_an_engine_without_a_compiler_are_those_that_decide_code() {
    let absent = KeyedCompiler::new(Arc::new(Absent));
    assert!(absent.options().iter().all(|option| decides_code(option)), "{absent:?}");
    let source = source(0);
    let (_folder, path) = place(&Fake::with("nvrtc 13.0", "--no-cache"), &["sm_90a"]);
    let wanted = Wanted::new(&source, arch("sm_90a"), &absent);
    assert!(Packs::open(&[path]).unwrap().find(&wanted).is_some());
}
