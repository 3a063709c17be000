//! Where NVRTC is looked for. Each case is a child process with an environment of its own.

use std::path::PathBuf;
use std::process::Command;
use topkit::machine::Nvrtc;

const CHILD: &str = "TOPKIT_TESTS_FIND_NVRTC";

/// What a process with these variables alone says of its search.
fn search(variables: &[(&str, &str)]) -> String {
    let child = Command::new(std::env::current_exe().unwrap())
        .args(["search::the_environment_decides", "--exact", "--nocapture"])
        .env_clear()
        .env(CHILD, "1")
        .envs(variables.iter().copied())
        .output()
        .unwrap();
    assert!(child.status.success(), "{}", String::from_utf8_lossy(&child.stderr));
    String::from_utf8(child.stdout).unwrap()
}

#[test]
fn the_environment_decides() {
    if std::env::var_os(CHILD).is_some() {
        match Nvrtc::find() {
            Ok(nvrtc) => println!("found {} {:?}", nvrtc.path(), nvrtc.version()),
            Err(error) => println!("missing: {error}"),
        }
        return;
    }
    let empty = tempfile::tempdir().unwrap();
    let nowhere = empty.path().to_str().unwrap();

    let chosen = search(&[("TOPKIT_NVRTC", &format!("{nowhere}/libnvrtc.so.13"))]);
    assert!(chosen.contains("missing: libnvrtc was not found"), "{chosen}");
    assert!(chosen.contains("TOPKIT_NVRTC=") && chosen.contains("no such file"), "{chosen}");
    assert!(chosen.contains("pip install"), "{chosen}");
    assert!(!chosen.contains("system loader"), "an explicit choice is not passed over: {chosen}");

    let none = search(&[("CUDA_HOME", nowhere), ("CUDA_PATH", nowhere), ("PATH", nowhere)]);
    if none.contains("missing") {
        for place in ["system loader", "CUDA_HOME", "CUDA_PATH", "Python packages"] {
            assert!(none.contains(place), "{place} is not in {none}");
        }
    } else {
        // The system loader has it, or the packages of the system or the user, which no variable
        // of these names.
        let places = ["found libnvrtc.so", "-packages/nvidia/"];
        assert!(places.iter().any(|place| none.contains(place)), "{none}");
        assert!(!none.contains(nowhere), "{none}");
    }

    // The library of this run, found again by its folder.
    let nvrtc = Nvrtc::find().unwrap();
    let library = loaded();
    drop(nvrtc);
    let folder = library.parent().unwrap();
    let by_folder = search(&[("TOPKIT_NVRTC", folder.to_str().unwrap())]);
    assert!(by_folder.contains("found "), "{by_folder}");

    // And through a folder shaped like a Python environment. The system's loader goes before it.
    let packages = empty.path().join("lib/python3.11/site-packages/nvidia/cu13");
    std::fs::create_dir_all(&packages).unwrap();
    std::os::unix::fs::symlink(folder, packages.join("lib")).unwrap();
    let found = search(&[("VIRTUAL_ENV", nowhere), ("PATH", "/nonexistent")]);
    let by_loader = none.contains("found libnvrtc.so");
    let place = if by_loader { "found libnvrtc.so" } else { "site-packages/nvidia/cu13/lib" };
    assert!(found.contains("found ") && found.contains(place), "{found}");
}

/// The file of the NVRTC in this process, whose path the loader alone may know.
fn loaded() -> PathBuf {
    let maps = std::fs::read_to_string("/proc/self/maps").unwrap();
    let files = maps.lines().filter_map(|line| line.split_whitespace().nth(5));
    let library = { files }.find(|file| file.contains("/libnvrtc.so"));
    library.expect("NVRTC was found, and no libnvrtc.so is loaded").into()
}
