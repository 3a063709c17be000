//! `topkit compile` and `topkit doctor` with a real NVRTC, found as the environment says.

use crate::support::{Place, Ran};
use serde_json::Value;
use std::path::{Path, PathBuf};

fn run(place: &Place, args: &[&str]) -> Ran {
    run_with(place, args, &[])
}

fn run_with(place: &Place, args: &[&str], settings: &[(&str, &Path)]) -> Ran {
    let mut command = place.command(args);
    command.envs(settings.iter().copied());
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
fn keys_of_ids_outputs_and_masks_are_compiled() {
    let place = Place::new();
    let keys =
        ["--ids", "given", "--raw-columns", "--mask", "bytes", "--k-per-row", "--fill", "given"];
    let args = ["compile", "--arch", "sm_90a", "--json"];
    let json = run(&place, &[&args[..], &keys].concat()).json();
    let variant = &json["kernels"][0]["variant"];
    for (key, value) in [
        ("ids", Value::from("given")),
        ("raw_columns", true.into()),
        ("mask", "bytes".into()),
        ("k_per_row", true.into()),
        ("fill", "given".into()),
    ] {
        assert_eq!(variant[key], value, "{json}");
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
fn shared_memory_is_that_of_variables_and_that_of_the_launch() {
    let place = Place::new();
    let kernels = ["--kernel", "block_filter,block_radix", "--items", "32", "--vec-size", "4"];
    let sizes = ["--dtype", "f32", "--bins", "2048", "--threads", "512", "--arch", "sm_90a"];
    let args = [&["compile"], &kernels[..], &sizes].concat();
    let json = run(&place, &[&args[..], &["--json"]].concat()).json();
    let kernels = json["kernels"].as_array().unwrap();
    let of = |name: &str| kernels.iter().find(|k| k["variant"]["kernel"] == name).unwrap();
    let (filter, radix) = (of("block_filter"), of("block_radix"));
    // Two stages of 32 scores a thread.
    let launch = 2 * 32 * 4 * 512;
    assert_eq!(
        (&filter["launch_shared_bytes"], &radix["launch_shared_bytes"]),
        (&launch.into(), &0.into())
    );
    let needed = |kernel: &Value| kernel["needed_shared_bytes"].as_u64().unwrap();
    for kernel in kernels {
        let variables = kernel["resources"]["shared_bytes"].as_u64().unwrap();
        let asked = kernel["launch_shared_bytes"].as_u64().unwrap();
        assert!(variables > 0 && variables + asked <= needed(kernel), "{kernel}");
        // What a filter needs is known to 1 KB: its ring may take the rest of what a GPU grants.
        let unused = needed(kernel) - variables - asked;
        assert!(kernel["variant"]["kernel"] == "block_radix" || unused < 1024, "{kernel}");
    }
    let text = run(&place, &args).done();
    assert!(text.lines().next().unwrap().contains("shared memory  of the launch"), "{text}");
    assert!(text.contains("  131 KB  ") && text.contains("  0 B  "), "{text}");
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

/// A script in the place of nvdisasm, which tells how it was called.
fn nvdisasm() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../runtime/tests/tools/nvdisasm")
}

#[test]
fn ptx_and_sass_are_those_of_the_kernel() {
    let place = Place::new();
    let deny = ("TOPKIT_DENY_JIT", Path::new("on"));
    let ptx = run_with(&place, &["emit", "--ptx", "--arch", "sm_90a"], &[deny]).done();
    assert!(
        ptx.contains(".target sm_90a") && ptx.contains(".entry topkit_block_radix_bf16"),
        "{ptx}"
    );
    let sass = ["emit", "--sass", "--arch", "sm_80"];
    let shown = run_with(&place, &sass, &[("TOPKIT_DISASM", &nvdisasm()), deny]).done();
    assert!(
        shown.starts_with("arguments: --print-code ") && shown.ends_with(" of ELF\n"),
        "{shown}"
    );
    let nowhere = run_with(&place, &sass, &[("TOPKIT_DISASM", &place.path("nowhere"))]);
    assert_eq!((nowhere.code, nowhere.stdout.as_str()), (3, ""), "{nowhere:?}");
    for words in ["nvdisasm or cuobjdump", "nowhere: no such file", "pip install"] {
        assert!(nowhere.stderr.contains(words), "{nowhere:?}");
    }
}

#[test]
fn a_dump_that_was_edited_is_compiled_and_the_generated_kernel_keeps_its_entry() {
    let place = Place::new();
    let dump = place.path("dump");
    let args = ["compile", "--arch", "sm_90a", "--json"];
    let entries = |expected: usize| {
        let cache = place.run(&["cache", "verify", "--json"]).json();
        assert_eq!(cache["damaged"], 0, "{cache}");
        assert_eq!(cache["entries"].as_array().unwrap().len(), expected, "{cache}");
    };
    let generated = run_with(&place, &args, &[("TOPKIT_DUMP", &dump)]).json();
    let symbol = generated["kernels"][0]["variant"]["symbol"].as_str().unwrap().to_owned();
    entries(1);
    // As it was written it changes nothing, silently.
    let same = run_with(&place, &args, &[("TOPKIT_OVERRIDE", &dump)]);
    assert_eq!((&same.json()["kernels"][0]["origin"], same.stderr.as_str()), (&"disk".into(), ""));
    entries(1);

    let file = dump.join(format!("{symbol}-sm_90a/kernel.cu"));
    let text = std::fs::read_to_string(&file).unwrap();
    let edited = text.replace("__syncthreads();", "__syncthreads(); __syncthreads();");
    assert_ne!(text, edited);
    std::fs::write(&file, edited).unwrap();
    let ran = run_with(&place, &args, &[("TOPKIT_OVERRIDE", &dump)]);
    assert_eq!(ran.json()["kernels"][0]["origin"], "compiled");
    assert_ne!(ran.json()["kernels"][0]["cubin_bytes"], generated["kernels"][0]["cubin_bytes"]);
    assert!(ran.stderr.contains("WARN") && ran.stderr.contains(&symbol), "{ran:?}");
    entries(2);
    let after = run(&place, &args).json();
    assert_eq!(after["kernels"][0]["origin"], "disk");
    assert_eq!(after["kernels"][0]["cubin_bytes"], generated["kernels"][0]["cubin_bytes"]);

    let broken = std::fs::read_to_string(&file).unwrap().replace("__syncthreads();", "nothing();");
    std::fs::write(&file, broken).unwrap();
    let ran = run_with(&place, &args, &[("TOPKIT_OVERRIDE", &dump)]);
    assert_eq!(ran.code, 3, "{ran:?}");
    assert!(ran.stderr.contains("nothing") && ran.stderr.contains("templates/"), "{ran:?}");
}

#[test]
fn a_diff_tells_what_the_kernels_take() {
    let place = Place::new();
    let (one, other) = ("dtype=f32,threads=256", "dtype=f32,threads=512");
    let ran = run(&place, &["diff", "--arch", "sm_90a", one, other]);
    assert_eq!(ran.code, 1, "{ran:?}");
    let table = ran.stdout.lines().rev().take(3).collect::<Vec<_>>();
    assert!(table[2].starts_with("on sm_90a") && table[2].ends_with("cubin"), "{table:?}");
    assert!(table[0].contains("_t512_") && table[1].contains("_t256_"), "{table:?}");
    let json = run(&place, &["diff", "--json", "--arch", "sm_90a", one, other]).json();
    assert!(json["a"]["resources"]["registers"].as_u64().unwrap() > 0, "{json}");
    assert!(json["b"]["cubin_bytes"].as_u64().unwrap() > 1000, "{json}");

    // The output's type differs by name, and nothing else does: the kernels' own names are left out.
    let other = "dtype=f32,threads=256,index=u32";
    let ran = run(&place, &["diff", "--ptx", "--arch", "sm_90a", "--json", one, other]);
    let json = ran.json();
    let hunks = json["diff"].as_str().unwrap().lines().skip(2);
    let changed: Vec<&str> = hunks.filter(|line| line.starts_with(['-', '+'])).collect();
    assert_eq!((ran.code, &json["same"]), (1, &false.into()));
    let names = changed.iter().filter(|line| !line[1..].starts_with(".b8"));
    assert!(
        names.clone().count() > 0 && names.clone().all(|line| line.contains("7Indices")),
        "{changed:?}"
    );
    let ran = run(&place, &["diff", "--ptx", "--arch", "sm_90a", "--json", one, one]);
    assert_eq!((ran.code, &ran.json()["same"], &ran.json()["diff"]), (0, &true.into(), &"".into()));
    let other = "dtype=f32,threads=512";
    let ran = run(&place, &["diff", "--ptx", "--arch", "sm_90a", one, other]);
    assert!(ran.code == 1 && ran.stdout.contains("\n-.maxntid 256"), "{ran:?}");
    let sass = ["diff", "--sass", "--arch", "sm_90a", one, other];
    let ran = run_with(&place, &sass, &[("TOPKIT_DISASM", &nvdisasm())]);
    assert!(ran.code == 1 && ran.stdout.contains("\n-arguments: --print-code"), "{ran:?}");

    let clusters = ["diff", "--arch", "sm_80", one, "kernel=cluster_filter,items=16,cluster=8"];
    run(&place, &clusters).refused(&["cluster_filter", "sm_80"]);
}
