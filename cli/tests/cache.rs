//! `topkit cache` over entries that no compiler had to make.

use crate::support::Place;
use std::fs;
use topkit::cache::Compiled;
use topkit::cache::{DiskCache, KeyInputs};

/// Puts an entry into the cache of a place and gives its folder.
fn publish(place: &Place, entry: &str) -> std::path::PathBuf {
    let disk = DiskCache::open(place.cache()).unwrap();
    let arch = "sm_90a".parse().unwrap();
    let inputs = KeyInputs { entry, source: "x", options: &[], arch, compiler: "c 1" };
    let compiled = Compiled::new(vec![7; 3000], "quiet");
    disk.publish(&inputs, &compiled).unwrap();
    disk.folder(&inputs.key())
}

#[test]
fn an_empty_cache_is_in_order() {
    let place = Place::new();
    assert!(place.run(&["cache", "ls"]).done().starts_with("0 kernels, 0 B in "));
    assert_eq!(place.run(&["cache", "verify"]).done(), "0 kernels checked, 0 damaged\n");
    assert!(place.run(&["cache", "clear"]).done().starts_with("0 kernels removed"));
}

#[test]
fn entries_are_listed_checked_and_removed() {
    let place = Place::new();
    publish(&place, "topk_one");
    publish(&place, "topk_two");
    let listed = place.run(&["cache", "ls"]).done();
    let lines: Vec<_> = listed.lines().collect();
    assert!(lines[0].starts_with("topk_one  sm_90a") && lines[1].starts_with("topk_two  sm_90a"));
    assert!(lines[2].starts_with("2 kernels, "), "{listed}");
    let json = place.run(&["cache", "ls", "--json"]).json();
    assert_eq!(json["entries"][1]["symbol"], "topk_two");
    assert!(json["entries"][0]["bytes"].as_u64().unwrap() > 3000);

    let verified = place.run(&["cache", "verify", "--json"]);
    assert_eq!((verified.code, &verified.json()["damaged"]), (0, &0.into()));
    let cleared = place.run(&["cache", "clear", "--json"]).json();
    assert_eq!(cleared["removed"], 2);
    assert_eq!(place.run(&["cache", "ls", "--json"]).json()["entries"], serde_json::json!([]));
}

#[test]
fn a_damaged_entry_is_told_by_words_and_by_exit_code() {
    let place = Place::new();
    publish(&place, "sound");
    let damaged = publish(&place, "damaged");
    fs::write(damaged.join("kernel.cubin"), vec![8; 3000]).unwrap();
    let ran = place.run(&["cache", "verify"]);
    assert_eq!((ran.code, ran.stderr.as_str()), (1, ""), "{ran:?}");
    let path = damaged.display().to_string();
    assert!(ran.stdout.contains(&path) && ran.stdout.contains("kernel.cubin"), "{ran:?}");
    assert!(ran.stdout.contains("2 kernels checked, 1 damaged"), "{ran:?}");
    let json = place.run(&["cache", "verify", "--json"]);
    assert_eq!(json.code, 1);
    let faults = json.json()["entries"].as_array().unwrap().clone();
    assert_eq!(faults.iter().filter(|entry| entry["fault"].is_string()).count(), 1);
}

#[test]
fn a_cache_that_is_off_or_refused_is_the_machines_fault() {
    let place = Place::new();
    let mut command = place.command(&["cache", "ls"]);
    command.env("TOPKIT_CACHE", "off");
    let ran = crate::support::Ran::of(command);
    assert_eq!(ran.code, 3);
    assert!(ran.stderr.contains("TOPKIT_CACHE"), "{ran:?}");

    let file = place.file("cache", "a file in the place of the folder");
    let ran = place.run(&["cache", "verify"]);
    assert_eq!(ran.code, 3);
    assert!(ran.stderr.contains(&file) && ran.stderr.lines().count() == 1, "{ran:?}");
}

#[test]
fn prune_tells_what_it_removes_and_a_dry_run_removes_nothing() {
    let place = Place::new();
    publish(&place, "sound");
    let damaged = publish(&place, "damaged");
    fs::write(damaged.join("kernel.cubin"), "torn").unwrap();
    let foreign = place.cache().join("v0").join(format!("old-{}", "0".repeat(32)));
    fs::create_dir_all(&foreign).unwrap();
    let listed = |place: &Place| place.run(&["cache", "ls", "--json"]).json()["entries"].clone();

    let told = place.run(&["cache", "prune", "--dry-run"]).done();
    assert!(told.contains("damaged: kernel.cubin") && told.contains("another version's"), "{told}");
    assert!(told.contains("2 kernels would be removed"), "{told}");
    assert_eq!((listed(&place).as_array().unwrap().len(), foreign.exists()), (2, true));

    let done = place.run(&["cache", "prune"]).done();
    assert!(done.contains("2 kernels removed") && done.contains("1 kernel of"), "{done}");
    assert_eq!(listed(&place)[0]["symbol"], "sound");
    assert!(!place.cache().join("v0").exists());
    let json = place.run(&["cache", "prune", "--limit", "1KB", "--json"]).json();
    assert_eq!((&json["limit"], &json["kept"]), (&1000.into(), &0.into()));
    assert!(json["removed"][0]["why"].as_str().unwrap().starts_with("least recently used"));
    place.run(&["cache", "prune", "--limit", "much"]).refused(&["much", "2GB"]);

    // The limit of the environment is the default.
    publish(&place, "sound");
    let mut command = place.command(&["cache", "prune", "--json"]);
    command.env("TOPKIT_CACHE_LIMIT", "0");
    assert_eq!(crate::support::Ran::of(command).json()["kept"], 0);
}

#[cfg(unix)]
#[test]
fn a_hostile_folder_is_refused_by_every_action() {
    use std::os::unix::fs::{PermissionsExt, symlink};
    let place = Place::new();
    let real = place.path("real");
    fs::create_dir(&real).unwrap();
    let actions = ["ls", "verify", "prune", "clear"];
    let refused = |words: &str| {
        for action in actions {
            let ran = place.run(&["cache", action]);
            assert_eq!((ran.code, ran.stdout.as_str()), (3, ""), "{ran:?}");
            assert!(ran.stderr.contains(words), "{ran:?}");
            assert!(ran.stderr.contains("is refused") && ran.stderr.contains("TOPKIT_CACHE_DIR"));
        }
    };
    symlink(&real, place.cache()).unwrap();
    refused("symbolic link to");
    fs::remove_file(place.cache()).unwrap();
    fs::create_dir(place.cache()).unwrap();
    for (mode, words) in [(0o777, "every user may write"), (0o770, "its group may write")] {
        fs::set_permissions(place.cache(), fs::Permissions::from_mode(mode)).unwrap();
        refused(words);
    }
    assert_eq!(
        fs::read_dir(place.cache()).unwrap().count() + fs::read_dir(&real).unwrap().count(),
        0
    );
}
