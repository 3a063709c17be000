//! `topkit warmup` with a real NVRTC, found as the environment says.

use crate::support::{Place, Ran, wrapped};

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

/// The output of a warm-up, and how many kernels the disk has after it.
fn ready_and_kept(place: &Place, ran: &Ran) -> (String, u64) {
    let last = ran.stdout.lines().last().unwrap().to_owned();
    let listed = run(place, &["cache", "ls", "--json"], &[]).json();
    (last, listed["entries"].as_array().unwrap().len() as u64)
}

#[test]
fn kernels_beyond_the_limit_of_the_cache_are_missing() {
    let place = Place::new();
    let ran = run(&place, &FEW, &[("TOPKIT_CACHE_LIMIT", "200KB")]);
    assert_eq!(ran.code, 3, "{ran:?}");
    let (last, kept) = ready_and_kept(&place, &ran);
    let all = ran.stdout.lines().filter(|line| line.contains("  sm_90a  ")).count() as u64;
    assert!(kept > 0 && kept < all, "{ran:?}");
    let noun = if kept == 1 { "kernel" } else { "kernels" };
    assert!(last.starts_with(&format!("{kept} {noun} ready in ")), "{last}");
    assert!(last.contains(&format!(", {} missing there,", all - kept)), "{last}");
    let missing: Vec<_> =
        ran.stdout.lines().filter(|l| l.starts_with("missing: topkit_")).collect();
    assert_eq!(missing.len() as u64, all - kept, "{ran:?}");
    for line in missing {
        assert!(line.contains("200000 bytes") && line.contains("TOPKIT_CACHE_LIMIT"), "{line}");
    }
    // Two architectures share the room, so that the kernels of the first one go last.
    let both = [&FEW[..2], &["--arch", "sm_80,sm_90a"], &FEW[4..]].concat();
    let ran = run(&place, &[&both[..], &["--json"]].concat(), &[("TOPKIT_CACHE_LIMIT", "900KB")]);
    let (json, kept) = (ran.json(), ready_and_kept(&place, &ran).1);
    let kernels = json["kernels"].as_array().unwrap();
    let ready = kernels.iter().filter(|kernel| kernel["kept"] == true).count() as u64;
    assert_eq!((ran.code, ready), (3, kept), "{json}");
    assert_eq!(json["missing"], kernels.len() as u64 - kept, "{json}");
}

/// A limit on the size of a file imitates a full disk: it holds for root too.
#[cfg(unix)]
#[test]
fn a_full_disk_is_told_with_what_it_lacks() {
    let place = Place::new();
    let mut command = std::process::Command::new("sh");
    command.args(["-c", "trap '' XFSZ && ulimit -f 16 && exec \"$@\"", "sh"]);
    let mut command = wrapped(command, &place.command(&FEW));
    match std::env::var_os("TOPKIT_NVRTC") {
        Some(path) => command.env("TOPKIT_NVRTC", path),
        None => command.env_remove("TOPKIT_NVRTC"),
    };
    let ran = Ran::of(command);
    assert_eq!(ran.code, 3, "{ran:?}");
    let (last, kept) = ready_and_kept(&place, &ran);
    assert_eq!(kept, 0, "{ran:?}");
    assert!(last.starts_with("0 kernels ready in ") && last.contains(" missing there"), "{last}");
    let compiled = ran.stdout.lines().filter(|line| line.ends_with("compiled, not kept")).count();
    let missing: Vec<_> =
        ran.stdout.lines().filter(|l| l.starts_with("missing: topkit_")).collect();
    assert!(compiled > 1 && compiled == missing.len(), "{ran:?}");
    for line in missing {
        assert!(line.contains("cannot write") && line.contains("free space"), "{line}");
    }
    // With room again, the same command mends it.
    assert_eq!(run(&place, &FEW, &[]).code, 0);
    assert_eq!(ready_and_kept(&place, &ran).1, compiled as u64);
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

/// The kernels still compile, with a warning that says why nothing is kept.
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
