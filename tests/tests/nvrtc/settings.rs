//! Settings that are used together: edited sources with packs, and edited sources with denied compiles.

use crate::engine::offline;
use std::fs;
use std::path::{Path, PathBuf};
use topkit::cache::Origin;
use topkit::cache::pack::PackWriter;
use topkit::{Config, DType, Engine, Error, Problem, Selector, SelectorSpec, Toolchain, Variant};

/// One variant, which is compiled quickly.
fn selector(engine: &Toolchain) -> (Selector, Variant) {
    let spec = SelectorSpec::builder("One").dtype([DType::F32]).vec_size([2]);
    let spec = spec.bins([2048]).threads([256]).build().unwrap();
    let variant = spec.variants()[0];
    (engine.selector(spec).unwrap(), variant)
}

/// Edits what was dumped of a kernel.
fn edit(dump: &Path, variant: &Variant, arch: &str) -> PathBuf {
    let file = dump.join(format!("{}-{arch}/kernel.cu", variant.symbol()));
    let edited = format!("// edited\n{}", fs::read_to_string(&file).unwrap());
    fs::write(&file, edited).unwrap();
    file
}

#[test]
fn an_edited_kernel_is_denied_by_its_own_key_until_it_is_warm() {
    let folder = tempfile::tempdir().unwrap();
    let dumps = folder.path().join("dumps");
    let cache_dir = Some(folder.path().join("cache"));
    let dumping = Config::default().cache_dir(cache_dir.clone()).dump_dir(dumps.clone());
    let (plain, variant) = selector(&offline(dumping));
    let generated = plain.artifact(&variant).unwrap();
    edit(&dumps, &variant, "sm_90a");

    let denying = Config::default().cache_dir(cache_dir).deny_jit(true);
    let overriding = denying.clone().override_dir(dumps);
    assert_eq!(selector(&offline(denying)).0.artifact(&variant).unwrap().origin, Origin::Disk);
    let (edited, _) = selector(&offline(overriding));
    let error = edited.artifact(&variant).unwrap_err();
    let Error::Denied(denied) = &error else { panic!("{error}") };
    assert_ne!(denied.key, generated.key);
    assert!(error.to_string().contains(&denied.key.to_string()), "{error}");

    let problem = Problem::new(DType::F32, 1, 1 << 20, 64);
    let planned = edited.plan(&problem).unwrap().variant;
    assert_eq!(planned, variant);
    let keys = edited.enumerate([problem]).unwrap();
    assert_eq!(keys[0].key, denied.key);
    assert_eq!(edited.warmup([problem]).unwrap().count(Origin::Compiled), 1);
    assert_eq!(edited.artifact(&variant).unwrap().key, denied.key);
}

/// The files that a dump has of a kernel.
fn dumped(dump: &Path, variant: &Variant) -> Vec<String> {
    let folder = fs::read_dir(dump.join(format!("{}-sm_90a", variant.symbol()))).unwrap();
    let mut names: Vec<_> =
        folder.map(|file| file.unwrap().file_name().into_string().unwrap()).collect();
    names.sort();
    names
}

#[test]
fn where_compiles_are_denied_neither_a_dump_nor_ptx_compiles() {
    let folder = tempfile::tempdir().unwrap();
    let cache_dir = Some(folder.path().join("cache"));
    let dump = |name: &str, deny_jit| {
        Config::default()
            .cache_dir(cache_dir.clone())
            .dump_dir(folder.path().join(name))
            .deny_jit(deny_jit)
    };
    let with_ptx = ["build.log", "kernel.cu", "kernel.cubin", "kernel.ptx"];
    let without = ["build.log", "kernel.cu", "kernel.cubin"];

    // Free: the kernel and the PTX of its dump are both counted.
    let (free, variant) = selector(&offline(dump("free", false)));
    free.artifact(&variant).unwrap();
    assert_eq!(free.toolchain().cache().stats().compiles, 2);
    assert_eq!(dumped(&folder.path().join("free"), &variant), with_ptx);
    assert!(free.ptx(&variant).unwrap().contains(".entry"));
    assert_eq!(free.toolchain().cache().stats().compiles, 3);

    let (denied, _) = selector(&offline(dump("denied", true)));
    assert_eq!(denied.artifact(&variant).unwrap().origin, Origin::Disk);
    assert_eq!(dumped(&folder.path().join("denied"), &variant), without);
    let error = denied.ptx(&variant).unwrap_err();
    assert!(matches!(error, Error::PtxDenied(_)), "{error}");
    assert_eq!(denied.toolchain().cache().stats().compiles, 0);

    // Ahead, a compile is expected.
    let (ahead, _) = selector(&offline(dump("ahead", true).cache_dir(None)));
    ahead.warmup([Problem::new(DType::F32, 1, 1 << 20, 64)]).unwrap();
    assert_eq!(dumped(&folder.path().join("ahead"), &variant), with_ptx);
    assert_eq!(ahead.toolchain().cache().stats().compiles, 2);
}

#[test]
fn a_key_has_the_release_of_the_compiler() {
    let folder = tempfile::tempdir().unwrap();
    let config = Config::default().cache_dir(folder.path().join("cache"));
    let engine = offline(config);
    let nvrtc = engine.nvrtc().unwrap();
    let release = nvrtc.release().unwrap();
    let (major, minor) = nvrtc.version();
    assert!(release.starts_with(&format!("{major}.{minor}.")), "{release}");
    assert_eq!(engine.cache().compiler(), format!("nvrtc {release}"));
    // It is remembered for the next process.
    let memory = fs::read_to_string(folder.path().join("cache/nvrtc.json")).unwrap();
    assert!(memory.contains(release), "{memory}");
}

#[test]
fn a_dump_of_a_packed_kernel_can_be_edited() {
    let folder = tempfile::tempdir().unwrap();
    let pack = folder.path().join("kernels.pack");
    let (maker, variant) = selector(&Toolchain::new("sm_80".parse().unwrap()).unwrap());
    let mut writer = PackWriter::new(maker.toolchain().nvrtc().unwrap());
    writer.add(&maker.source(&variant).unwrap(), &maker.artifact(&variant).unwrap()).unwrap();
    writer.write(&pack).unwrap();

    let engine = |config| {
        let builder = Engine::builder().config(config);
        builder.pack(&pack).build_toolchain("sm_86".parse().unwrap()).unwrap()
    };
    let dumps = folder.path().join("dumps");
    let dumping = Config::default().dump_dir(dumps.clone());
    let packed = selector(&engine(dumping)).0.artifact(&variant).unwrap();
    assert_eq!((packed.origin, packed.arch.to_string()), (Origin::Pack, "sm_80".to_owned()));
    // Under the architecture by which an edited source is looked for.
    edit(&dumps, &variant, "sm_86");
    let overriding = Config::default().override_dir(dumps);
    let edited = selector(&engine(overriding)).0.artifact(&variant).unwrap();
    assert_eq!((edited.origin, edited.arch.to_string()), (Origin::Compiled, "sm_86".to_owned()));
}
