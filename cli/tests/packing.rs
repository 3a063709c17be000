//! `topkit pack` with a real NVRTC, and its pack on a machine without one.

use crate::support::{Place, Ran};
use std::fs;
use std::path::Path;
use std::process::Command;

/// Two kernels of each architecture.
const MEMBERS: &str = "[[selector]]\nname = \"Small\"\ndtype = [\"f32\", \"bf16\"]\n\
                       [selector.tuning]\nvec_size = 1\nbins = 2048\nthreads = 512\n";

/// A command for which NVRTC is found as the environment says.
fn with_nvrtc(place: &Place, args: &[&str]) -> Command {
    let mut command = place.command(args);
    match std::env::var_os("TOPKIT_NVRTC") {
        Some(path) => command.env("TOPKIT_NVRTC", path),
        None => command.env_remove("TOPKIT_NVRTC"),
    };
    command
}

fn pack(place: &Place, spec: &str, archs: &str, out: &Path) -> Ran {
    pack_with(place, spec, archs, out, &[])
}

fn pack_with(place: &Place, spec: &str, archs: &str, out: &Path, more: &[&str]) -> Ran {
    let spec = place.file("spec.toml", spec);
    let args = ["pack", "--arch", archs, &spec, "-o", out.to_str().unwrap(), "--json"];
    let mut command = with_nvrtc(place, &[&args[..], more].concat());
    // A requested compile is not an unexpected one.
    command.env("TOPKIT_DENY_JIT", "on");
    Ran::of(command)
}

#[test]
fn a_machine_without_nvrtc_has_the_same_machine_code() {
    let place = Place::new();
    let file = place.path("kernels.pack");
    // Kernels that are compiled on the machine itself have source lines.
    let json = pack_with(&place, MEMBERS, "sm_90a,sm_80", &file, &["--line-info"]).json();
    assert_eq!((&json["kernels"], &json["compiled"]), (&4.into(), &4.into()), "{json}");
    assert_eq!(json["archs"], serde_json::json!(["sm_80", "sm_90a"]));

    let compile = |out: &str, environment: &dyn Fn(&[&str]) -> Command| {
        let out = place.path(out);
        let kernels = ["--arch", "sm_90a", "--dtype", "f32,bf16", "--vec-size", "1"];
        let written = ["compile", "--json", "-o", out.to_str().unwrap()];
        let mut command = environment(&[&written[..], &kernels].concat());
        command.env("TOPKIT_CACHE", "off");
        Ran::of(command).json()["kernels"][0]["origin"].clone()
    };
    assert_eq!(compile("fresh", &|args| with_nvrtc(&place, args)), "compiled");
    let packs = |args: &[&str]| {
        let mut command = place.command(args);
        command.env("TOPKIT_PACKS", &file);
        command
    };
    assert_eq!(compile("packed", &packs), "pack");
    let mut same = 0;
    for file in fs::read_dir(place.path("fresh")).unwrap() {
        let name = file.unwrap().file_name().into_string().unwrap();
        if name.ends_with(".cubin") {
            let read = |folder: &str| fs::read(place.path(folder).join(&name)).unwrap();
            assert_eq!(read("packed"), read("fresh"), "{name}");
            same += 1;
        }
    }
    assert_eq!(same, 2);
}

/// A pack of a selector with every key covers launches with these keys, and no others.
#[test]
fn a_pack_has_every_key() {
    let place = Place::new();
    let file = place.path("kernels.pack");
    let spec = "[[selector]]\nname = \"Paged\"\ndtype = \"f32\"\nids = \"pages\"\nraw_columns = true\n\
                values = true\ncount = true\nfill = \"given\"\nmask = \"bits\"\nk_per_row = true\n\
                ties = \"lowest_index\"\norder = \"by_value\"\nbatch_invariant = true\nindex = \"i64\"\n\
                rows = \"ragged\"\n[[selector.problem]]\nrows = 4\ncolumns = 700\nk = 8\n";
    let json = pack(&place, spec, "sm_90a", &file).json();
    assert_eq!(json["kernels"], 1, "{json}");
    let file = file.to_str().unwrap();
    let keys = [
        "--ids",
        "pages",
        "--raw-columns",
        "--values",
        "--count",
        "--fill",
        "given",
        "--mask",
        "bits",
        "--k-per-row",
        "--ties",
        "lowest_index",
        "--order",
        "by_value",
        "--batch-invariant",
        "--index",
        "i64",
        "--rows",
        "ragged",
    ];
    let check = ["pack", "check", file, "f32,4,700,8"];
    place.run(&[&check[..], &keys].concat()).done();
    assert_eq!(place.run(&check).code, 1);
}

#[test]
fn a_pack_has_source_lines_where_they_are_asked_for_and_serves_either_way() {
    let place = Place::new();
    let mut sizes = Vec::new();
    for (name, more) in [("plain.pack", &[][..]), ("lined.pack", &["--line-info"])] {
        let file = place.path(name);
        let json = pack_with(&place, MEMBERS, "sm_90a", &file, more).json();
        assert_eq!(json["compiled"], 2, "{json}");
        sizes.push(json["bytes"].as_u64().unwrap());
        let text = place.run(&["pack", "ls", file.to_str().unwrap()]).done();
        let json = place.run(&["pack", "ls", file.to_str().unwrap(), "--json"]).json();
        let has = (json["line_info"].as_bool().unwrap(), text.contains(", with source lines"));
        assert_eq!(has, (!more.is_empty(), !more.is_empty()), "{text}");
        let args = ["compile", "--arch", "sm_90a", "--vec-size", "1", "--json"];
        for mut command in [place.command(&args), with_nvrtc(&place, &args)] {
            command.env("TOPKIT_PACKS", &file).env("TOPKIT_CACHE", "off");
            assert_eq!(Ran::of(command).json()["kernels"][0]["origin"], "pack", "{name}");
        }
    }
    assert!(2 * sizes[0] < sizes[1], "{sizes:?}");
}

#[test]
fn without_nvrtc_a_kernel_that_is_not_packed_is_named_with_the_packs() {
    let place = Place::new();
    let file = place.path("kernels.pack");
    assert_eq!(pack(&place, MEMBERS, "sm_80", &file).code, 0);
    let miss = |arch: &str, threads: &str| {
        let args = ["compile", "--arch", arch, "--vec-size", "1", "--threads", threads];
        let mut command = place.command(&args);
        command.env("TOPKIT_PACKS", &file);
        let ran = Ran::of(command);
        assert_eq!((ran.code, ran.stdout.as_str()), (3, ""), "{ran:?}");
        assert!(ran.stderr.contains(file.to_str().unwrap()), "{ran:?}");
        ran.stderr
    };
    assert!(miss("sm_90a", "512").contains("has it for sm_80 alone"));
    assert!(miss("sm_86", "256").contains("no kernel of this name among 2"));
    // Code for sm_80 serves sm_86.
    let mut command = place.command(&["compile", "--arch", "sm_86", "--vec-size", "1", "--json"]);
    command.env("TOPKIT_PACKS", &file);
    let json = Ran::of(command).json();
    let kernel = &json["kernels"][0];
    assert_eq!((&kernel["origin"], &kernel["arch"]), (&"pack".into(), &"sm_80".into()), "{json}");
}

#[test]
fn the_same_spec_gives_the_same_bytes_compiled_or_cached() {
    let place = Place::new();
    let read = |name: &str, archs: &str| {
        let json = pack(&place, MEMBERS, archs, &place.path(name)).json();
        (fs::read(place.path(name)).unwrap(), json["compiled"].clone())
    };
    let (first, compiled) = read("first.pack", "sm_80,sm_120");
    let (second, cached) = read("second.pack", "sm_120,sm_80,sm_80");
    assert_eq!((compiled, cached), (4.into(), 0.into()));
    fs::remove_dir_all(place.cache()).unwrap();
    let (third, again) = read("third.pack", "sm_80,sm_120");
    assert_eq!(again, 4);
    assert!(first == second && first == third);
}

#[test]
fn with_problems_what_their_plans_take_is_packed() {
    let place = Place::new();
    let selector = "[[selector]]\nname = \"Planned\"\ndtype = \"bf16\"\n";
    let problem = "[[selector.problem]]\nrows = 8\ncolumns = 65536\nk = 512\n";
    let count = |spec: &str| {
        let json = pack(&place, spec, "sm_90a", &place.path("k.pack")).json();
        json["kernels"].as_u64().unwrap_or_else(|| panic!("{json}"))
    };
    assert_eq!(count(&format!("{selector}{problem}")), 1);
    let warm = |mut command: Command| {
        command.env("TOPKIT_PACKS", place.path("k.pack"));
        Ran::of(command)
    };
    let warmup = ["warmup", "bf16,8,65536,512", "--arch", "sm_90a"];
    let text = warm(with_nvrtc(&place, &warmup)).done();
    assert!(text.contains("1 kernel ready in ") && text.contains("1 of them in packs"), "{text}");
    let alone = warm(place.command(&warmup));
    assert!(alone.code == 3 && alone.stderr.contains("pip install"), "{alone:?}");
    let listed = warm(place.command(&[&warmup[..], &["--list"]].concat())).done();
    assert!(listed.ends_with("1 kernel\n"), "{listed}");
    assert_eq!(count(&format!("{selector}variants = 3\n{problem}")), 3);
    let ran =
        pack(&place, &format!("{selector}k = 9\n{problem}"), "sm_90a", &place.path("no.pack"));
    assert_eq!(ran.code, 2, "{ran:?}");
    assert!(ran.stderr.contains("Planned") && ran.stderr.contains("not 512"), "{ran:?}");
    assert!(!place.path("no.pack").exists());
}
