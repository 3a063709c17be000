//! `topkit run --engine interpret`: the generated kernel on the CPU. Needs a C++ compiler.

use crate::support::{Place, Ran, data};
use serde_json::Value;
use std::fs;
use std::os::unix::fs::PermissionsExt;

const SMALL: [&str; 7] = ["run", "--generate", "2x700", "-k", "5", "--engine", "interpret"];

fn with<'a>(more: &[&'a str]) -> Vec<&'a str> {
    [&SMALL[..], more].concat()
}

/// Runs with a compiler that leaves the kernel no barrier.
fn without_barriers(place: &Place, args: &[&str]) -> Ran {
    let compiler = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/support/without-barriers.sh");
    let mut command = place.command(args);
    command.env("TOPKIT_CXX", compiler);
    Ran::of(command)
}

#[test]
fn the_shipped_scores_are_selected_from_by_the_kernel() {
    let scores = data("scores.safetensors");
    let file = ["run", &scores, "--tensor", "scores", "-k", "3", "--rows-show", "1"];
    let place = Place::new();
    let text = place.run(&[&file[..], &["--engine", "interpret"]].concat()).done();
    for words in [
        "ran on  the interpreter: the generated kernel on the CPU, every access checked",
        "kernel  block_codes bf16 v8_b4096_t256_r16, 1 of ",
        "faults  none, with --schedule-seed 0",
        "it says nothing of a GPU's time",
        "check   exact: no difference from the oracle in 8 rows",
        "       1  0.5820",
    ] {
        assert!(text.contains(words), "no {words:?} in\n{text}");
    }
    let verified = place.run(&["cache", "verify"]).done();
    assert!(verified.starts_with("0 kernels checked, 0 damaged"), "{verified}");
}

#[test]
fn interpreter_and_host_agree_for_every_dtype_and_order() {
    let place = Place::new();
    for (dtype, select, ties) in [
        ("f32", "largest", "any"),
        ("bf16", "smallest", "highest_index"),
        ("f16", "largest", "any"),
    ] {
        let (meaning, of) = (["--select", select, "--ties", ties], ["--dtype", dtype, "--json"]);
        let order = [&meaning[..], &["--distribution", "uniform"], &of].concat();
        let kernel = place.run(&with(&order));
        assert_eq!((kernel.code, kernel.stderr.as_str()), (0, ""), "{kernel:?}");
        let host = place.run(&[&SMALL[..5], &["--engine", "host"], &order[..]].concat());
        // Of equal scores either may win.
        let scores = |ran: &Ran| -> Vec<Value> {
            let json = ran.json();
            let rows = json["rows"].as_array().unwrap().iter();
            rows.flat_map(|row| row["winners"].as_array().unwrap().clone())
                .map(|winner| winner["score"].clone())
                .collect()
        };
        assert_eq!(scores(&kernel), scores(&host));
        let json = kernel.json();
        assert_eq!((&json["check"]["ok"], &json["ties"]), (&true.into(), &ties.into()));
        assert_eq!(json["kernel"]["variant"]["ties"], ties);
    }
}

#[test]
fn axes_and_seed_reach_the_kernel() {
    let place = Place::new();
    let json = place
        .run(&with(&["--vec-size", "2", "--threads", "128", "--schedule-seed", "7", "--json"]))
        .json();
    let variant = &json["kernel"]["variant"];
    assert_eq!((&variant["vec_size"], &variant["threads"]), (&2.into(), &128.into()));
    assert_eq!(json["ran_on"]["place"], "interpreter");
    assert_eq!(json["ran_on"]["schedule_seed"], 7);
    assert!(json["time"]["method"].as_str().unwrap().contains("not a GPU's time"));
    let folder = std::path::PathBuf::from(json["kernel"]["folder"].as_str().unwrap());
    assert!(folder.starts_with(place.cache().canonicalize().unwrap()), "{folder:?}");
    let text = std::fs::read_to_string(folder.join("kernel.cu")).unwrap();
    let shown = place.run(&["emit", "--vec-size", "2", "--threads", "128"]).done();
    assert_eq!(text, shown);
}

#[test]
fn a_kernel_that_is_asked_for_runs_or_is_refused() {
    let place = Place::new();
    let radix = place.run(&with(&["--kernel", "block_radix", "--json"])).json();
    assert_eq!(radix["kernel"]["variant"]["kernel"], "block_radix");
    assert_eq!((&radix["kernel"]["forced"], &radix["check"]["ok"]), (&true.into(), &true.into()));
    let held = place.run(&with(&["--items", "32", "--cluster", "1", "--json"])).json();
    assert_eq!(held["kernel"]["variant"]["items"], 32);

    place.run(&with(&["--kernel", "quick"])).refused(&["quick", "block_radix", "block_resident"]);
    let long = ["run", "--generate", "1x40000", "--engine", "interpret"];
    let shared = ["--kernel", "cluster_filter", "--cluster", "2", "--json"];
    let shared = place.run(&[&long[..], &shared].concat()).json();
    assert_eq!((&shared["kernel"]["cluster"], &shared["kernel"]["grid"]), (&2.into(), &2.into()));
    assert_eq!(shared["check"]["ok"], true, "{shared}");
    let many = place.run(&[&long[..], &["-k", "3000", "--kernel", "block_filter"]].concat());
    many.refused(&["block_filter", "cannot serve", "at most 2048"]);
    let unfit = place.run(&[&long[..], &["--kernel", "block_resident"]].concat());
    unfit.refused(&["block_resident", "cannot serve", "at most 32768 columns"]);
    let none = place.run(&with(&["--kernel", "block_radix", "--cluster", "5"]));
    none.refused(&["no kernel has these keys", "block_radix"]);
    let host = [&SMALL[..5], &["--engine", "host", "--kernel", "block_radix"]].concat();
    place.run(&host).refused(&["--kernel", "the host runs none", "--engine host was given"]);
}

/// Every byte of the answer is watched, which takes some sixty of the machine's.
#[test]
fn an_answer_that_no_memory_holds_is_refused_in_words() {
    let place = Place::new();
    let most = ["run", "--generate", "1x700", "-k", "100000000", "--engine", "interpret"];
    let ran = place.run_within(8_000_000, &most);
    ran.lacked(&["GB of this machine's memory", "are left", "smaller k"]);
    let most = ["run", "--generate", "2x8", "-k", "1000000000", "--engine", "interpret"];
    let ran = place.run_within(8_000_000, &most);
    ran.lacked(&["GB of this machine's memory", "shorter rows"]);
}

#[test]
fn a_faulty_kernel_is_told_with_its_line_and_can_be_replayed() {
    let place = Place::new();
    let ran = without_barriers(&place, &with(&["--schedule-seed", "3"]));
    assert_eq!((ran.code, ran.stdout.as_str()), (1, ""), "{ran:?}");
    for words in
        ["error: the kernel is wrong: templates/", "block ", "thread ", "--schedule-seed 3 shows"]
    {
        assert!(ran.stderr.contains(words), "no {words:?} in {ran:?}");
    }
    let again = without_barriers(&place, &with(&["--schedule-seed", "3"]));
    assert_eq!(again.stderr, ran.stderr);
    let others = (4..10).map(|seed| {
        let seed = seed.to_string();
        without_barriers(&place, &with(&["--schedule-seed", &seed])).stderr
    });
    let first = |text: &str| text.lines().next().unwrap().to_owned();
    let differ = others.filter(|other| first(other) != first(&ran.stderr)).count();
    assert!(differ > 0, "no other schedule told anything else than {}", ran.stderr);

    let json = without_barriers(&place, &with(&["--json"]));
    assert_eq!((json.code, &json.json()["error"]["exit_code"]), (1, &1.into()), "{json:?}");
}

/// A path on Linux is bytes, and an equals sign ends no option.
#[cfg(target_os = "linux")]
#[test]
fn the_cache_folder_may_have_any_name() {
    use std::os::unix::ffi::OsStrExt;
    let place = Place::new();
    for name in [&b"caf\xe9"[..], b"a b", b"a=b"] {
        let folder = place.path("").join(std::ffi::OsStr::from_bytes(name));
        let mut command = place.command(&SMALL);
        command.env("TOPKIT_CACHE_DIR", &folder);
        let text = Ran::of(command).done();
        assert!(text.contains("exact: no difference"), "{text}");
        assert!(folder.join("interpret").is_dir(), "{folder:?}");
    }
}

#[test]
fn without_a_compiler_it_says_what_to_install() {
    let place = Place::new();
    let mut command = place.command(&SMALL);
    command.env("TOPKIT_CXX", "no-such-compiler");
    let ran = Ran::of(command);
    assert_eq!((ran.code, ran.stdout.as_str()), (3, ""), "{ran:?}");
    for words in ["no C++ compiler was found", "`no-such-compiler`", "install g++", "TOPKIT_CXX"] {
        assert!(ran.stderr.contains(words), "no {words:?} in {ran:?}");
    }
}

#[test]
fn a_compiler_that_makes_nothing_is_named_and_the_cache_folder_is_not_blamed() {
    let place = Place::new();
    let mut command = place.command(&SMALL);
    command.env("TOPKIT_CXX", "true");
    let ran = Ran::of(command);
    assert_eq!((ran.code, ran.stdout.as_str()), (3, ""), "{ran:?}");
    for words in ["/true said that it had compiled", "left no hooks.o", "TOPKIT_CXX"] {
        assert!(ran.stderr.contains(words), "no {words:?} in {ran:?}");
    }
    assert!(!ran.stderr.contains("TOPKIT_CACHE_DIR"), "{ran:?}");
}

#[test]
fn a_compiler_that_refuses_the_kernel_is_told_with_its_words() {
    let place = Place::new();
    let script = "#!/bin/sh\n[ \"$1\" = --version ] || { echo no room >&2; exit 1; }\n";
    let compiler = place.file("cxx", script);
    fs::set_permissions(&compiler, fs::Permissions::from_mode(0o755)).unwrap();
    let mut command = place.command(&SMALL);
    command.env("TOPKIT_CXX", &compiler);
    let ran = Ran::of(command);
    assert_eq!((ran.code, ran.stdout.as_str()), (3, ""), "{ran:?}");
    assert!(ran.stderr.contains("refused") && ran.stderr.contains("no room"), "{ran:?}");
}
