//! Kernels from a pack, launched where NVRTC cannot be found.

use crate::device::engine;
use std::path::Path;
use std::process::Command;
use topkit::cache::pack::PackWriter;
use topkit::host;
use topkit::{Config, DType, Engine, Error, Problem, Rows, SelectorSpec};
use topkit_lab::Distribution;

/// Names the pack to the copy of this test that has no NVRTC.
const PACK: &str = "TOPKIT_TEST_PACK";
const PROBLEM: Problem = Problem::new(DType::F32, 8, 20_000, 64);

fn spec() -> SelectorSpec {
    SelectorSpec::builder("Packed").dtype([DType::F32]).build().unwrap()
}

#[test]
fn a_kernel_of_a_pack_is_launched_without_nvrtc() {
    if let Some(pack) = std::env::var_os(PACK) {
        return launch(Path::new(&pack));
    }
    let selector = engine().selector(spec()).unwrap();
    let variant = selector.plan(&PROBLEM).unwrap().variant;
    let mut pack = PackWriter::new(engine().nvrtc().unwrap());
    pack.add(&selector.source(&variant).unwrap(), &selector.artifact(&variant).unwrap()).unwrap();
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("kernels.pack");
    pack.write(&file).unwrap();

    let mut copy = Command::new(std::env::current_exe().unwrap());
    copy.args(["--exact", "packs::a_kernel_of_a_pack_is_launched_without_nvrtc", "--nocapture"]);
    let ran = copy.env(PACK, &file).env("TOPKIT_NVRTC", folder.path()).output().unwrap();
    let told = String::from_utf8_lossy(&ran.stdout);
    assert!(ran.status.success() && told.contains("1 passed"), "{ran:?}");
}

fn launch(pack: &Path) {
    let engine = Engine::builder().config(Config::default()).pack(pack).build().unwrap();
    assert!(engine.nvrtc().is_err());
    let selector = engine.selector(spec()).unwrap();
    let stream = engine.context().new_stream().unwrap();
    let Problem { rows, columns, k, .. } = PROBLEM;
    let scores = Distribution::Normal.fill::<f32>(7, rows, columns);
    let device = stream.clone_htod(&scores).unwrap();
    let mut indices = stream.alloc_zeros::<i32>(rows * k as usize).unwrap();
    let mut workspace = selector.workspace(&stream, &PROBLEM).unwrap();
    let input = Rows::new(&device, rows, columns);
    selector.launch_with(&stream, &input, k, &mut indices, &mut workspace).unwrap();
    let stats = engine.cache().stats();
    assert_eq!((stats.pack_hits, stats.compiles), (1, 0));
    let matrix = Rows::host(&scores, rows, columns);
    let got = stream.clone_dtoh(&indices).unwrap();
    host::check(&matrix, k, &selector.spec().semantics, &got).unwrap();

    let packed = selector.plan(&PROBLEM).unwrap().variant;
    let other = spec().variants().into_iter().find(|variant| *variant != packed).unwrap();
    let error = selector.cubin(&other).unwrap_err();
    assert!(matches!(&error, Error::NotPacked(_)), "{error}");
    assert!(error.to_string().contains(&pack.display().to_string()), "{error}");
}
