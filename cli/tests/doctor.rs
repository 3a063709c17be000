//! `topkit doctor` on a machine without NVRTC, and the help texts.

#![allow(clippy::unwrap_used, reason = "a test stops at what it did not expect")]

mod support;

use support::Place;

#[test]
fn what_is_missing_is_told_with_where_and_how() {
    let ran = Place::new().run(&["doctor"]);
    assert_eq!((ran.code, ran.stderr.as_str()), (1, ""), "{ran:?}");
    for words in ["nvrtc", "missing", "TOPKIT_NVRTC=", "no libnvrtc.so in it", "pip install"] {
        assert!(ran.stdout.contains(words), "no {words:?} in\n{}", ran.stdout);
    }
    assert!(ran.stdout.ends_with("neither compiled nor launched.\n"), "{}", ran.stdout);
}

#[test]
fn every_check_is_in_the_document() {
    let place = Place::new();
    let ran = place.run(&["doctor", "--json"]);
    let json = ran.json();
    assert_eq!((ran.code, &json["ok"]), (1, &false.into()));
    let check = |name: &str| {
        let checks = json["checks"].as_array().unwrap();
        checks.iter().find(|check| check["name"] == name).cloned().unwrap_or_default()
    };
    assert_eq!(check("nvrtc")["state"], "missing");
    assert!(check("nvrtc")["remedy"].as_str().unwrap().contains("nvidia-cuda-nvrtc"));
    assert_eq!(check("cache")["state"], "ok");
    assert_eq!(check("cache")["facts"]["folder"], place.cache().to_str().unwrap());
    assert!(check("driver").is_object() || check("gpu").is_object());
}

#[test]
fn a_cache_that_cannot_be_used_is_broken() {
    let place = Place::new();
    place.file("cache", "a file in the place of the folder");
    let json = place.run(&["doctor", "--json"]).json();
    let checks = json["checks"].as_array().unwrap();
    let cache = checks.iter().find(|check| check["name"] == "cache").unwrap();
    assert_eq!(cache["state"], "broken");
    assert!(cache["text"].as_str().unwrap().contains("TOPKIT_CACHE_DIR"));
}

#[test]
fn a_log_level_that_makes_no_sense_is_told_and_survived() {
    let place = Place::new();
    let mut command = place.command(&["emit", "--json"]);
    command.env("TOPKIT_LOG", "loud");
    let ran = support::Ran::of(command);
    assert_eq!(ran.code, 0);
    assert!(ran.stderr.contains("loud") && ran.stderr.contains("debug"), "{ran:?}");
    ran.json();
}
