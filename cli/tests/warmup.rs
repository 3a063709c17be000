//! `topkit warmup` with a real NVRTC, found as the environment says.

#![allow(clippy::unwrap_used, reason = "a test stops at what it did not expect")]

mod support;

use support::{Place, Ran};

fn run(place: &Place, args: &[&str], settings: &[(&str, &str)]) -> Ran {
    let mut command = place.command(args);
    match std::env::var_os("TOPKIT_NVRTC") {
        Some(path) => command.env("TOPKIT_NVRTC", path),
        None => command.env_remove("TOPKIT_NVRTC"),
    };
    command.envs(settings.iter().copied());
    Ran::of(command)
}

/// Kernels that are compiled quickly.
const FEW: [&str; 10] = [
    "warmup",
    "bf16,1..1000,100000..200000,512",
    "--arch",
    "sm_90a",
    "--vec-size",
    "2",
    "--bins",
    "2048,4096",
    "--threads",
    "256,1024",
];

#[test]
fn what_is_listed_is_compiled_once_and_for_all_processes() {
    let place = Place::new();
    let listed = run(&place, &[&FEW[..], &["--list", "--json"]].concat(), &[]).json();
    let symbols = |json: &serde_json::Value| {
        let kernels = json["kernels"].as_array().unwrap();
        kernels.iter().map(|kernel| kernel["key"].to_string()).collect::<Vec<_>>()
    };
    assert!(symbols(&listed).len() > 1, "{listed}");
    assert_eq!(run(&place, &["cache", "ls", "--json"], &[]).json()["bytes"], 0);

    // A warm-up is expected where unexpected compiles are denied.
    let deny = [("TOPKIT_DENY_JIT", "on")];
    let first = run(&place, &[&FEW[..], &["--json", "--jobs", "2"]].concat(), &deny).json();
    assert_eq!(symbols(&first), symbols(&listed));
    let all_from = |json: &serde_json::Value, origin: &str| {
        json["kernels"].as_array().unwrap().iter().all(|kernel| kernel["origin"] == origin)
    };
    assert!(all_from(&first, "compiled") && first["failed"] == 0, "{first}");
    let second = run(&place, &[&FEW[..], &["--json"]].concat(), &deny).json();
    assert!(all_from(&second, "disk"), "{second}");
    let text = run(&place, &FEW, &[]).done();
    let ready = format!("{} kernels ready in ", symbols(&listed).len());
    assert!(text.contains(&ready) && text.contains("disk"), "{text}");
}

#[test]
fn every_failure_is_told() {
    let place = Place::new();
    let file = place.file("dumps", "a file in the place of a folder");
    let ran = run(&place, &FEW, &[("TOPKIT_DUMP", &file)]);
    assert_eq!(ran.code, 3, "{ran:?}");
    let kernels = ran.stdout.lines().filter(|line| line.ends_with("failed")).count();
    let faults = ran.stdout.lines().filter(|line| line.starts_with("failed: topkit_")).count();
    assert!(kernels > 1 && kernels == faults, "{ran:?}");
    assert!(ran.stdout.contains("0 kernels ready"), "{ran:?}");
}

#[test]
fn a_warmup_that_would_be_lost_is_refused() {
    let place = Place::new();
    let off = run(&place, &FEW, &[("TOPKIT_CACHE", "off")]);
    assert_eq!(off.code, 3);
    assert!(off.stderr.contains("TOPKIT_CACHE=on"), "{off:?}");
    let file = place.file("cache", "a file in the place of the folder");
    let refused = run(&place, &FEW, &[]);
    assert_eq!(refused.code, 3);
    assert!(refused.stderr.contains(&file) && refused.stderr.contains("would be lost"));
}

/// A kernel is had all the same, with a warning that says why nothing is kept.
#[cfg(unix)]
#[test]
fn a_hostile_folder_costs_the_cache_alone() {
    use std::os::unix::fs::PermissionsExt;
    let place = Place::new();
    std::fs::create_dir(place.cache()).unwrap();
    std::fs::set_permissions(place.cache(), std::fs::Permissions::from_mode(0o770)).unwrap();
    let ran = run(&place, &["compile", "--arch", "sm_90a", "--json"], &[]);
    assert_eq!((ran.code, &ran.json()["kernels"][0]["origin"]), (0, &"compiled".into()), "{ran:?}");
    assert!(ran.stderr.contains("its group may write to it"), "{ran:?}");
    assert_eq!(std::fs::read_dir(place.cache()).unwrap().count(), 0);
}
