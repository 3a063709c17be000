//! `topkit doctor` on a machine without NVRTC, and the help texts.

use crate::support::Place;

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
fn edited_sources_are_told_and_a_folder_that_is_not_there_is_broken() {
    let place = Place::new();
    let check = |folder: &str, name: &str| {
        let mut command = place.command(&["doctor", "--json"]);
        command.env("TOPKIT_OVERRIDE", folder);
        let json = crate::support::Ran::of(command).json();
        let checks = json["checks"].as_array().unwrap();
        checks.iter().find(|check| check["name"] == name).cloned().unwrap_or_default()
    };
    assert_eq!(check("", "override"), serde_json::Value::Null);
    let folder = place.path("edited");
    std::fs::create_dir_all(folder.join("topkit_x-sm_80")).unwrap();
    std::fs::create_dir_all(folder.join("without")).unwrap();
    std::fs::write(folder.join("topkit_x-sm_80/kernel.cu"), "").unwrap();
    let found = check(folder.to_str().unwrap(), "override");
    assert_eq!(
        (&found["state"], found["facts"]["files"].as_array().unwrap().len()),
        (&"ok".into(), 1)
    );
    assert!(found["text"].as_str().unwrap().contains("topkit_x-sm_80"), "{found}");
    let absent = check(place.path("absent").to_str().unwrap(), "override");
    assert_eq!(absent["state"], "broken");
    assert!(absent["text"].as_str().unwrap().contains("absent"), "{absent}");
}

#[test]
fn a_disassembler_is_told_or_how_to_get_one() {
    let place = Place::new();
    place.file("nvdisasm", "");
    for (folder, state, words) in [("", "ok", "nvdisasm"), ("none", "missing", "pip install")] {
        let mut command = place.command(&["doctor", "--json"]);
        command.env("TOPKIT_DISASM", place.path(folder));
        let json = crate::support::Ran::of(command).json();
        let checks = json["checks"].as_array().unwrap();
        let found = checks.iter().find(|check| check["name"] == "disassembler").unwrap();
        assert_eq!(found["state"], state);
        assert!(found.to_string().contains(words), "{found}");
    }
}

#[test]
fn a_log_level_that_makes_no_sense_is_told_and_survived() {
    let place = Place::new();
    let mut command = place.command(&["emit", "--json"]);
    command.env("TOPKIT_LOG", "loud");
    let ran = crate::support::Ran::of(command);
    assert_eq!(ran.code, 0);
    assert!(ran.stderr.contains("loud") && ran.stderr.contains("debug"), "{ran:?}");
    ran.json();
}
