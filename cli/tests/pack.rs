//! `topkit pack` without NVRTC: packs of a fake compiler are listed and verified, and specs are refused.

use crate::support::{Place, Ran};
use std::fs;
use std::sync::Arc;
use topkit::cache::pack::PackWriter;
use topkit::cache::{Compiling, KernelCache};
use topkit::{
    Arch, DType, SelectorSpec,
    cache::{CompileError, Compiled, Compiler},
    inspect::RenderedSource,
};

/// A compiler that makes the same of everything.
#[derive(Debug)]
struct Fake;

impl Compiler for Fake {
    fn version(&self) -> String {
        "nvrtc 13.0".to_owned()
    }

    /// Those of topkit: a kernel of other options is not used.
    fn options(&self) -> Vec<String> {
        ["--std=c++17", "--device-as-default-execution-space", "--ptxas-options=-v"]
            .map(str::to_owned)
            .to_vec()
    }

    fn compile(&self, _: &RenderedSource, _: Arch) -> Result<Compiled, CompileError> {
        Ok(Compiled::new(vec![7; 3000], ""))
    }
}

/// A pack of two kernels, and its path.
fn pack(place: &Place) -> String {
    let cache = KernelCache::new(Arc::new(Fake), Vec::new());
    let mut pack = PackWriter::new(&Fake);
    let spec = SelectorSpec::builder("Two").dtype([DType::F32]).vec_size([1, 2]);
    for variant in spec.bins([2048]).threads([512]).build().unwrap().variants() {
        let source = topkit::inspect::render(&SelectorSpec::of(&variant), &variant).unwrap();
        pack.add(
            &source,
            &cache.get(&source, "sm_90a".parse().unwrap(), Compiling::Allowed).unwrap(),
        )
        .unwrap();
    }
    let path = place.path("kernels.pack");
    pack.write(&path).unwrap();
    path.to_str().unwrap().to_owned()
}

#[test]
fn a_pack_is_listed() {
    let place = Place::new();
    let file = pack(&place);
    let text = place.run(&["pack", "ls", &file]).done();
    let lines: Vec<_> = text.lines().collect();
    assert!(lines[1].starts_with("topkit_block_radix_f32_v1_b2048_t512_"), "{text}");
    assert!(lines[1].contains("  sm_90a  3.0 KB          ?  "), "{text}");
    assert_eq!(lines[3].split(" in ").next(), Some("2 kernels, 6.7 KB"), "{text}");
    assert!(lines[3].ends_with("kernels.pack, by nvrtc 13.0"), "{text}");
    let json = place.run(&["pack", "ls", &file, "--json"]).json();
    assert_eq!((&json["format"], &json["archs"]), (&1.into(), &serde_json::json!(["sm_90a"])));
    assert_eq!(json["bytes"], fs::metadata(&file).unwrap().len());
    let kernel = &json["kernels"][1];
    assert_eq!((&kernel["bytes"], &kernel["arch"]), (&3000.into(), &"sm_90a".into()));
    assert_eq!(kernel["sha256"].as_str().unwrap().len(), 64);
}

#[test]
fn a_pack_says_what_it_covers() {
    let place = Place::new();
    let file = pack(&place);
    let check = |more: &[&str]| {
        let axes = ["--vec-size", "1,2"];
        place.run(&[&["pack", "check", &file], more, &axes].concat())
    };
    let text = check(&["f32,1..64,8192..131072,512", "f32,1,1,1"]).done();
    assert_eq!(
        text,
        "sm_90a: top 512 of 1..=64 x 8192..=131072 f32: covered\n\
         sm_90a: top 1 of 1 x 1 f32: covered\n2 workloads covered\n"
    );
    let refused = |more: &[&str], words: &[&str]| {
        let ran = check(more);
        assert_eq!((ran.code, ran.stderr.as_str()), (1, ""), "{ran:?}");
        for word in words {
            assert!(ran.stdout.contains(word), "no {word:?} in {ran:?}");
        }
    };
    let two = &["f32,1,8,1", "bf16,1..4,8,1"][..];
    let bf16 = "sm_90a: top 1 of 1..=4 x 8 bf16: not covered\n  no kernel for top 1 of 1..=4 x 8 bf16\n    \
                no kernel of a pack has the dtype bf16";
    refused(two, &["x 8 f32: covered\n", bf16, "1 workload not covered, of 2"]);
    refused(&["f32,1,8,1", "--rows", "ragged"], &["these keys and tuning axes"]);
    refused(&["f32,1,8,1", "--select", "smallest"], &["these keys and tuning axes"]);
    for keys in [
        &["--ids", "given"][..],
        &["--ids", "pages", "--raw-columns"],
        &["--mask", "bits"],
        &["--k-per-row"],
        &["--fill", "given"],
        &["--values"],
    ] {
        refused(&[&["f32,1,8,1"], keys].concat(), &["these keys and tuning axes"]);
    }
    refused(&["f32,1,8,1", "--threads", "256"], &["these keys and tuning axes"]);
    // Code for sm_90a runs on no other architecture.
    refused(&["f32,1,8,1", "--arch", "sm_80,sm_90a"], &["sm_80: ", "has it for sm_90a alone"]);

    let json = check(&["f32,1,8,1", "bf16,1..4,8,1", "--json"]).json();
    let [first, second] = [0, 1].map(|workload| &json["workloads"][workload]);
    assert_eq!((&json["covered"], &first["covered"]), (&false.into(), &true.into()));
    assert_eq!(second["uncovered"][0]["rows"], serde_json::json!([1, 4]));
    assert_eq!(second["arch"], "sm_90a");
    place.run(&["pack", "check", &file]).refused(&["WORKLOAD"]);
    check(&["f32,1,8"]).refused(&["DTYPE,ROWS,COLUMNS,K"]);
    check(&["f32,1,8,1", "--arch", "sm_9x"]).refused(&["sm_9x"]);
    place.run(&["pack", "check", "no such.pack", "f32,1,8,1"]).refused(&["no such.pack"]);
}

/// A pack of resident kernels alone, whose rows end somewhere.
#[test]
fn a_pack_of_some_kernels_covers_some_rows() {
    let place = Place::new();
    let cache = KernelCache::new(Arc::new(Fake), Vec::new());
    let mut pack = PackWriter::new(&Fake);
    let spec = SelectorSpec::builder("Some").dtype([DType::F32]).build().unwrap();
    let (mut some, kinds) = (spec.variants(), ["block_resident", "block_filter"]);
    some.retain(|variant| kinds.contains(&variant.kernel.name()) && variant.items == 32);
    for variant in &some {
        let source = topkit::inspect::render(&spec, variant).unwrap();
        let arch = "sm_90a".parse().unwrap();
        pack.add(&source, &cache.get(&source, arch, Compiling::Allowed).unwrap()).unwrap();
    }
    let path = place.path("some.pack");
    pack.write(&path).unwrap();
    let path = path.to_str().unwrap();
    let ran = place.run(&["pack", "check", path, "f32,1..8,1000..1000000,1..4096"]);
    assert_eq!(ran.code, 1, "{ran:?}");
    for words in [
        "no kernel for top 2049..=4096 of 1..=8 x 32769..=1000000 f32\n",
        "    block_filter: it selects at most 2048 of a row\n",
        "    block_resident: it serves at most 32768 columns\n",
    ] {
        assert!(ran.stdout.contains(words), "no {words:?} in {ran:?}");
    }
    assert_eq!(ran.stdout.matches("no kernel for").count(), 1, "{ran:?}");
}

#[test]
fn damage_is_told_by_words_and_by_exit_code() {
    let place = Place::new();
    let file = pack(&place);
    assert_eq!(place.run(&["pack", "verify", &file]).done(), "2 kernels checked, 0 damaged\n");
    let mut bytes = fs::read(&file).unwrap();
    *bytes.last_mut().unwrap() ^= 1;
    fs::write(&file, &bytes).unwrap();
    let ran = place.run(&["pack", "verify", &file]);
    assert_eq!((ran.code, ran.stderr.as_str()), (1, ""), "{ran:?}");
    let check = place.run(&["pack", "check", &file, "f32,1,8,1"]);
    assert!(check.code == 1 && check.stderr.contains("is not as it was written"), "{check:?}");
    for words in
        ["f32_v2_b2048_t512_", "for sm_90a is not as it was", "2 kernels checked, 1 damaged"]
    {
        assert!(ran.stdout.contains(words), "{words} is not in {ran:?}");
    }
    let json = place.run(&["pack", "verify", &file, "--json"]).json();
    assert_eq!(json["damaged"], 1);
    assert!(json["kernels"][0]["fault"].is_null() && json["kernels"][1]["fault"].is_string());

    bytes[60] ^= 1;
    fs::write(&file, &bytes).unwrap();
    for action in ["ls", "verify"] {
        let ran = place.run(&["pack", action, &file]);
        assert_eq!((ran.code, ran.stdout.as_str()), (1, ""), "{ran:?}");
        assert!(ran.stderr.contains(&file) && ran.stderr.contains("index"), "{ran:?}");
    }
    place.run(&["pack", "ls", "no such.pack"]).refused(&["no such.pack"]);
    place
        .run(&["pack", "ls", &crate::support::data("README.md")])
        .refused(&["README.md", "not a pack"]);
}

#[test]
fn a_spec_is_refused_with_its_lines_and_nothing_is_written() {
    let place = Place::new();
    let spec = place.file("spec.toml", "[[selector]]\nname = \"F\"\ndtyp = \"f32\"\n");
    let out = place.path("k.pack");
    let make =
        |spec: &str| place.run(&["pack", "--arch", "sm_90a", spec, "-o", out.to_str().unwrap()]);
    make(&spec).refused(&["spec.toml: line 3", "`dtyp`", "did you mean `dtype`?"]);
    make("no such.toml").refused(&["no such.toml"]);
    place.run(&["pack", "--arch", "sm_90a", &spec]).refused(&["--output"]);
    place.run(&["pack", "--arch", "sm_9x", &spec, "-o", "x"]).refused(&["sm_9x"]);
    let sound = place.file("sound.toml", "[[selector]]\nname = \"F\"\ndtype = \"f32\"\n");
    let ran = make(&sound);
    assert_eq!((ran.code, ran.stdout.as_str()), (3, ""), "{ran:?}");
    assert!(ran.stderr.contains("pip install"), "{ran:?}");
    assert!(!out.exists());
}

#[test]
fn the_doctor_looks_at_the_packs_of_the_environment() {
    let place = Place::new();
    let file = pack(&place);
    let doctor = |packs: &str| {
        let mut command = place.command(&["doctor", "--json"]);
        command.env("TOPKIT_PACKS", packs);
        let json = Ran::of(command).json();
        let checks = json["checks"].as_array().unwrap().clone();
        checks.into_iter().find(|check| check["name"] == "pack").unwrap_or_default()
    };
    let sound = doctor(&file);
    assert_eq!((&sound["state"], &sound["facts"]["kernels"]), (&"ok".into(), &2.into()));
    let broken = doctor(place.path("no such.pack").to_str().unwrap());
    assert_eq!(broken["state"], "broken");
    assert!(broken["remedy"].as_str().unwrap().contains("TOPKIT_PACKS"));
    assert!(doctor("").is_null());
}
