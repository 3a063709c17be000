//! The disk cache's commands for people: list, verify, clear. Needs no GPU and no compiler.
#![allow(clippy::unwrap_used, reason = "a test stops at what it did not expect")]

mod support;

use std::fs;
use std::time::{Duration, SystemTime};
use support::{ARCH, cache, names, source};
use topkit::Arch;
use topkit::cache::{Cleared, DiskCache};

#[test]
fn entries_say_what_they_are() {
    let folder = tempfile::tempdir().unwrap();
    let cache = cache(folder.path());
    let disk = cache.disk().unwrap();
    assert_eq!(disk.entries().unwrap(), []);
    cache.get(&source("kernel"), ARCH).unwrap();
    cache.get(&source("kernel"), Arch::new(8, 0)).unwrap();
    let entries = disk.entries().unwrap();
    let mut archs: Vec<_> = entries.iter().map(|entry| entry.arch.clone().unwrap()).collect();
    archs.sort();
    assert_eq!(archs, ["sm_80", "sm_90a"]);
    for entry in &entries {
        assert_eq!(entry.symbol, "topk_test");
        let files = fs::read_dir(&entry.path).unwrap();
        let bytes: u64 = files.map(|file| file.unwrap().metadata().unwrap().len()).sum();
        assert_eq!(entry.bytes, bytes);
        let age = SystemTime::now().duration_since(entry.created.unwrap()).unwrap_or_default();
        assert!(age < Duration::from_secs(600), "{age:?}");
    }
}

#[test]
fn verify_finds_what_is_damaged() {
    let folder = tempfile::tempdir().unwrap();
    let cache = cache(folder.path());
    let disk = cache.disk().unwrap();
    let keys = ["one", "two", "three", "four"]
        .map(|text| cache.get(&source(text), ARCH).unwrap().key.clone());
    fs::write(disk.folder(&keys[0]).join("kernel.cubin"), "damaged").unwrap();
    fs::write(disk.folder(&keys[1]).join("meta.json"), "{").unwrap();
    fs::remove_dir_all(disk.folder(&keys[2])).unwrap();
    fs::rename(disk.folder(&keys[3]), disk.folder(&keys[2])).unwrap();
    let sound = cache.get(&source("five"), ARCH).unwrap().key.clone();

    let checked = disk.verify().unwrap();
    assert_eq!(checked.len(), 4);
    for check in &checked {
        let folder = |key| check.entry.path == disk.folder(key);
        let fault = check.fault.as_deref();
        if folder(&keys[0]) {
            assert!(fault.unwrap().contains("kernel.cubin"), "{fault:?}");
        } else if folder(&keys[1]) {
            assert!(fault.unwrap().contains("meta.json"), "{fault:?}");
            assert_eq!(check.entry.arch, None);
        } else if folder(&keys[2]) {
            assert!(fault.unwrap().contains("another kernel"), "{fault:?}");
        } else {
            assert!(folder(&sound));
            assert_eq!(fault, None);
        }
    }
    assert_eq!(disk.verify().unwrap(), checked, "verify changes nothing");
}

#[test]
fn clear_removes_what_the_cache_made_and_nothing_else() {
    let folder = tempfile::tempdir().unwrap();
    let root = folder.path().join("cache");
    let cache = cache(&root);
    let key = cache.get(&source("kernel"), ARCH).unwrap().key.clone();
    cache.get(&source("another"), ARCH).unwrap();
    let disk = cache.disk().unwrap();
    let bytes = disk.entries().unwrap().iter().map(|entry| entry.bytes).sum();
    fs::write(root.join("v1/notes.txt"), "mine").unwrap();
    fs::write(root.join("beside.txt"), "mine").unwrap();
    fs::create_dir(folder.path().join("outside")).unwrap();
    fs::write(folder.path().join("outside/file"), "mine").unwrap();
    let links = usize::from(cfg!(unix));
    #[cfg(unix)]
    {
        // Where an entry could be, and inside one.
        let outside = folder.path().join("outside");
        let name = format!("evil-{}", "0".repeat(32));
        std::os::unix::fs::symlink(&outside, root.join("v1").join(name)).unwrap();
        std::os::unix::fs::symlink(&outside, disk.folder(&key).join("link")).unwrap();
        fs::remove_dir_all(root.join("v1/.locks")).unwrap();
        std::os::unix::fs::symlink(&outside, root.join("v1/.locks")).unwrap();
    }

    let cleared = disk.clear().unwrap();
    assert_eq!(cleared.entries, 2 + links);
    assert!(cleared.bytes >= bytes);
    assert_eq!(names(&root.join("v1")), ["notes.txt"]);
    assert_eq!(names(&root), ["beside.txt", "v1"]);
    assert_eq!(names(&folder.path().join("outside")), ["file"]);
    assert_eq!(disk.clear().unwrap(), Cleared::default());
    assert_eq!(DiskCache::open(&root).unwrap().entries().unwrap(), []);

    // It is of use at once.
    support::cache(&root).get(&source("kernel"), ARCH).unwrap();
    assert_eq!(disk.entries().unwrap().len(), 1);
}
