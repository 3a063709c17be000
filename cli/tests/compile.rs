//! `topkit compile` and `topkit doctor` with a real NVRTC, found as the environment says.

#![allow(clippy::unwrap_used, reason = "a test stops at what it did not expect")]

mod support;

use serde_json::Value;
use support::{Place, Ran};

fn run(place: &Place, args: &[&str]) -> Ran {
    let mut command = place.command(args);
    match std::env::var_os("TOPKIT_NVRTC") {
        Some(path) => command.env("TOPKIT_NVRTC", path),
        None => command.env_remove("TOPKIT_NVRTC"),
    };
    Ran::of(command)
}

#[test]
fn every_kernel_is_written_for_every_architecture() {
    let place = Place::new();
    let out = place.path("out");
    let args = [
        "compile",
        "--arch",
        "sm_90a,sm_80",
        "--arch",
        "sm_80",
        "--dtype",
        "f32,bf16",
        "-o",
        out.to_str().unwrap(),
    ];
    let text = run(&place, &args).done();
    assert_eq!(text.lines().count(), 1 + 4 + 1, "{text}");
    let mut names: Vec<_> = std::fs::read_dir(&out)
        .unwrap()
        .map(|file| file.unwrap().file_name().into_string().unwrap())
        .collect();
    names.sort();
    let count = |end: &str| names.iter().filter(|name| name.ends_with(end)).count();
    assert_eq!((count("-sm_80.cubin"), count("-sm_90a.cubin")), (2, 2), "{names:?}");
    assert_eq!((count(".log"), count(".cu"), names.len()), (4, 2, 10), "{names:?}");
    for name in names.iter().filter(|name| name.ends_with(".cubin")) {
        let cubin = std::fs::read(out.join(name)).unwrap();
        assert!(cubin.starts_with(b"\x7fELF"), "{name}");
        let symbol = name.split('-').next().unwrap();
        assert!(cubin.windows(symbol.len()).any(|bytes| bytes == symbol.as_bytes()), "{name}");
    }
}

#[test]
fn the_document_tells_resources_and_origin() {
    let place = Place::new();
    let args = ["compile", "--arch", "sm_90a", "--threads", "256", "--json"];
    let first = run(&place, &args).json();
    let kernel = &first["kernels"][0];
    assert_eq!((&kernel["arch"], &kernel["origin"]), (&"sm_90a".into(), &"compiled".into()));
    assert_eq!(kernel["variant"]["threads"], 256);
    assert!(kernel["resources"]["registers"].as_u64().unwrap() > 0, "{kernel}");
    assert_eq!(kernel["resources"]["spill_store_bytes"], 0);
    assert_eq!(kernel["warnings"], serde_json::json!([]));
    let second = run(&place, &args).json();
    assert_eq!(second["kernels"][0]["origin"], "disk");
    assert_eq!(run(&place, &["cache", "verify", "--json"]).json()["damaged"], 0);
}

#[test]
fn an_architecture_that_the_compiler_lacks_is_told_before_the_first_compile() {
    let place = Place::new();
    let ran = run(&place, &["compile", "--arch", "sm_90a,sm_52"]);
    assert_eq!((ran.code, ran.stdout.as_str()), (3, ""), "{ran:?}");
    assert!(ran.stderr.contains("sm_52") && ran.stderr.contains("sm_90"), "{ran:?}");
    assert_eq!(run(&place, &["cache", "ls", "--json"]).json()["entries"], serde_json::json!([]));
}

#[test]
fn without_nvrtc_it_says_where_it_looked() {
    let ran = Place::new().run(&["compile", "--arch", "sm_90a"]);
    assert_eq!((ran.code, ran.stdout.as_str()), (3, ""), "{ran:?}");
    assert!(ran.stderr.contains("TOPKIT_NVRTC=") && ran.stderr.contains("pip install"), "{ran:?}");
}

#[test]
fn the_doctor_compiles_a_kernel() {
    let json = run(&Place::new(), &["doctor", "--json"]).json();
    let checks = json["checks"].as_array().unwrap();
    let check = |name: &str| checks.iter().find(|check| check["name"] == name).unwrap();
    assert_eq!(check("nvrtc")["state"], "ok", "{json}");
    assert_eq!(check("trial")["state"], "ok", "{json}");
    assert!(check("nvrtc")["facts"]["archs"].as_array().unwrap().len() > 3);
}

#[test]
fn the_interpreter_runs_the_kernel_of_the_plan() {
    let run_interpreter = ["run", "--generate", "2x3000", "-k", "9", "--engine", "interpret"];
    let json = run(&Place::new(), &[&run_interpreter[..], &["--json"]].concat()).json();
    assert_eq!(json["check"]["ok"], true, "{json}");
    let (variant, why) = (&json["kernel"]["variant"], json["kernel"]["why"].as_array().unwrap());
    for key in ["vec_size", "bins", "threads"] {
        let planned = |why: &&Value| why["key"] == key && why["value"] == variant[key];
        assert!(why.iter().any(|why| planned(&why)), "{key}: {json}");
    }
}
