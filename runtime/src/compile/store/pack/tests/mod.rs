//! Packs made by a compiler that is none, opened and searched; damaged ones are in `damage`, and
//! packs beside other settings in `company`.

mod company;
mod damage;

use super::*;
use crate::compile::absent::Absent;
use crate::compile::cache::{Compiling, KernelCache};
use crate::compile::options::{LINE_INFO, decides_code, of_code};
use crate::compile::store::{Artifact, Origin, Store, Wanted, sha256};
use crate::compile::toolchain::Toolchain;
use crate::compile::{CompileError, Compiled, Compiler};
use crate::{Config, Engine, Error, Plan, Problem, SelectorSpec};
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use tempfile::TempDir;
use topkit_codegen::{Arch, DType, RenderedSource};

/// A compiler whose output depends on all of its input.
#[derive(Debug, Clone)]
struct Fake {
    version: &'static str,
    options: Vec<String>,
}

impl Fake {
    fn new(version: &'static str) -> Fake {
        Fake { version, options: of_code() }
    }

    fn with(version: &'static str, option: &str) -> Fake {
        let mut fake = Fake::new(version);
        fake.options.push(option.to_owned());
        fake
    }
}

impl Compiler for Fake {
    fn version(&self) -> String {
        self.version.to_owned()
    }

    fn options(&self) -> Vec<String> {
        self.options.clone()
    }

    fn compile(&self, source: &RenderedSource, arch: Arch) -> Result<Compiled, CompileError> {
        let cubin = format!(
            "{} {:?} {arch} {}",
            self.version,
            self.options,
            sha256(source.text.as_bytes())
        );
        let log = "0 bytes stack frame, 0 bytes spill stores, 0 bytes spill loads\n\
                   ptxas info    : Used 47 registers, 26784 bytes smem\n\
                   ptxas info    : Compile time = 112.057 ms\n";
        Ok(Compiled { cubin: cubin.into_bytes(), log: log.to_owned() })
    }
}

/// A selector with few members.
fn spec() -> SelectorSpec {
    let spec = SelectorSpec::builder("Test").dtype([DType::F32]).vec_size([1, 2]);
    spec.bins([2048]).threads([512]).build().unwrap()
}

fn source(member: usize) -> RenderedSource {
    topkit_codegen::render(&spec().variants()[member]).unwrap()
}

fn arch(name: &str) -> Arch {
    name.parse().unwrap()
}

fn artifact(fake: &Fake, source: &RenderedSource, arch: Arch) -> Arc<Artifact> {
    let cache = KernelCache::new(Arc::new(fake.clone()), Vec::new());
    cache.get(source, arch, Compiling::Allowed).unwrap()
}

/// A pack of both members for some architectures.
fn write(path: &Path, fake: &Fake, archs: &[&str]) {
    let mut pack = PackWriter::new(fake);
    for name in archs {
        for source in [source(0), source(1)] {
            pack.add(&source, &artifact(fake, &source, arch(name))).unwrap();
        }
    }
    assert_eq!(pack.len(), 2 * archs.len());
    assert_eq!(pack.write(path).unwrap(), fs::metadata(path).unwrap().len());
}

/// A folder with one pack in it.
fn place(fake: &Fake, archs: &[&str]) -> (TempDir, PathBuf) {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("kernels.pack");
    write(&path, fake, archs);
    (folder, path)
}

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

/// An engine for an architecture that no NVRTC knows, so that it has packs alone.
fn alone(pack: &Path) -> Result<crate::Toolchain, Error> {
    let builder = Engine::builder().config(Config::default());
    builder.pack(pack).build_toolchain(arch("sm_66"))
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
            // It is what was packed, and is never taken for what this engine would compile.
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

/// Changes the last byte of the machine code of every kernel.
fn spoil_code(path: &Path) {
    let kernels = Pack::open(path).unwrap().kernels().to_vec();
    let mut bytes = fs::read(path).unwrap();
    for kernel in kernels {
        bytes[(kernel.offset + kernel.bytes - 1) as usize] ^= 1;
    }
    fs::write(path, bytes).unwrap();
}

#[test]
fn an_engine_without_a_compiler_has_what_its_packs_hold() {
    let fake = Fake::new("nvrtc 13.0");
    let (_folder, path) = place(&fake, &["sm_60"]);
    let engine = alone(&path).unwrap();
    assert!(engine.nvrtc().is_err());
    let selector = engine.selector(spec()).unwrap();
    let member = spec().variants()[0];
    let expected = artifact(&fake, &source(0), arch("sm_60"));
    assert_eq!(selector.cubin(&member).unwrap(), expected.cubin);
    assert_eq!(selector.resources(&member).unwrap().unwrap().registers, 47);
    assert_eq!(engine.cache().stats().pack_hits, 1);
    assert!(selector.ptx(&member).is_err(), "there is nothing to make PTX");
}

#[test]
fn a_miss_without_a_compiler_names_the_kernel_and_the_packs() {
    let (_folder, path) = place(&Fake::new("nvrtc 13.0"), &["sm_90a"]);
    let selector = alone(&path).unwrap().selector(spec()).unwrap();
    let member = spec().variants()[1];
    let error = selector.cubin(&member).unwrap_err();
    assert!(matches!(&error, Error::NotPacked(_)), "{error}");
    let text = error.to_string();
    let digest = &source(1).digest[..16];
    for part in [&*member.symbol(), "sm_66", digest, path.to_str().unwrap(), "for sm_90a alone"] {
        assert!(text.contains(part), "{part} is not in {text}");
    }
    let other = SelectorSpec::builder("Other").dtype([DType::Bf16]).build().unwrap();
    let selector = selector.toolchain().selector(other.clone()).unwrap();
    let text = selector.cubin(&other.variants()[0]).unwrap_err().to_string();
    assert!(text.contains("no kernel of this name among 2"), "{text}");

    let (_folder, path) = place(&Fake::new("nvrtc 13.0"), &["sm_66"]);
    spoil_code(&path);
    let selector = alone(&path).unwrap().selector(spec()).unwrap();
    let text = selector.cubin(&member).unwrap_err().to_string();
    assert!(text.contains("is not as it was written"), "{text}");
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

/// What is packed is found by what the engine would compile: the two must agree on it.
#[test]
fn the_options_of_an_engine_without_a_compiler_are_those_that_decide_code() {
    let absent = Toolchain::new(Arc::new(Absent));
    assert!(absent.options().iter().all(|option| decides_code(option)), "{absent:?}");
    let source = source(0);
    let (_folder, path) = place(&Fake::with("nvrtc 13.0", "--no-cache"), &["sm_90a"]);
    let wanted = Wanted::new(&source, arch("sm_90a"), &absent);
    assert!(Packs::open(&[path]).unwrap().find(&wanted).is_some());
}
