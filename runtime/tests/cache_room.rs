//! The limit of the disk cache, how it makes room, and `prune`. Needs no GPU and no compiler.
#![allow(clippy::unwrap_used, reason = "a test stops at what it did not expect")]

mod support;

use std::fs::{self, File};
use std::path::Path;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Barrier};
use std::thread;
use std::time::{Duration, SystemTime};
use support::{ARCH, Copy, Fake, TestCache, leftovers, logged, names, source, until};
use topkit::Config;
use topkit::cache::{CacheKey, DiskCache, Lookup, NotKept, Origin, Pruned, Unneeded};

const HOUR: Duration = Duration::from_secs(3600);

/// The approximate size of one entry of the fake compiler.
fn entry_bytes() -> u64 {
    let folder = tempfile::tempdir().unwrap();
    let cache = support::cache(folder.path());
    cache.get(&source("kernel 0"), ARCH).unwrap();
    cache.disk().unwrap().entries().unwrap()[0].bytes
}

/// A new cache, as of a new process, with room for so many entries.
fn limited(root: &Path, entries: u64) -> TestCache {
    let config =
        Config::default().cache_dir(root.to_owned()).cache_limit(entries * (entry_bytes() + 8));
    TestCache::from_config(Arc::new(Fake::default()), &config)
}

fn get(cache: &TestCache, number: usize) -> CacheKey {
    cache.get(&source(&format!("kernel {number}")), ARCH).unwrap().key.clone()
}

/// Says that an entry was last used so long ago.
fn age(cache: &TestCache, key: &CacheKey, ago: Duration) {
    let folder = File::open(cache.disk().unwrap().folder(key)).unwrap();
    folder.set_modified(SystemTime::now() - ago).unwrap();
}

fn is_kept(cache: &TestCache, key: &CacheKey) -> bool {
    matches!(cache.disk().unwrap().load(key), Lookup::Hit(_))
}

#[test]
fn what_made_room_is_told_as_no_longer_kept() {
    let folder = tempfile::tempdir().unwrap();
    let cache = limited(folder.path(), 2);
    let keys: Vec<_> = (0..5).map(|number| get(&cache, number)).collect();
    let gone = keys.iter().filter(|key| !is_kept(&cache, key)).count();
    assert!(gone > 0 && is_kept(&cache, &keys[4]));
    for key in &keys {
        match cache.kept(key) {
            Ok(()) => assert!(is_kept(&cache, key)),
            Err(NotKept::Gone { folder: told, limit: Some(_) }) => {
                assert!(!is_kept(&cache, key) && told == cache.disk().unwrap().root());
            }
            Err(other) => panic!("{other}"),
        }
    }
    let unlimited = support::cache(&folder.path().join("other"));
    let key = get(&unlimited, 0);
    assert_eq!(unlimited.kept(&key), Ok(()));
    fs::write(unlimited.disk().unwrap().folder(&key).join("kernel.cubin"), "damage").unwrap();
    assert!(matches!(unlimited.kept(&key), Err(NotKept::Damaged { .. })));
    fs::remove_dir_all(unlimited.disk().unwrap().folder(&key)).unwrap();
    let error = unlimited.kept(&key).unwrap_err();
    assert!(matches!(error, NotKept::Gone { limit: None, .. }), "{error}");
    assert_eq!(TestCache::new(Arc::new(Fake::default()), None).kept(&key), Ok(()));
}

#[test]
fn the_least_recently_used_make_room() {
    let folder = tempfile::tempdir().unwrap();
    let cache = limited(folder.path(), 4);
    let keys: Vec<_> = (0..4).map(|number| get(&cache, number)).collect();
    assert!(keys.iter().all(|key| is_kept(&cache, key)), "four have room");
    for (key, hours) in keys.iter().zip([2, 5, 3, 4]) {
        age(&cache, key, hours * HOUR);
    }
    // The oldest by use, though not by creation, is used again by another process.
    assert_eq!(
        limited(folder.path(), 4).get(&source("kernel 1"), ARCH).unwrap().origin,
        Origin::Disk
    );
    let (new, log) = logged(|| get(&cache, 4));
    let kept: Vec<_> = keys.iter().map(|key| is_kept(&cache, key)).collect();
    assert_eq!(kept, [true, true, false, false], "to somewhat below the limit");
    assert!(is_kept(&cache, &new));
    assert!(log.iter().any(|line| line.starts_with("INFO made room")), "{log:#?}");
    assert!(!log.iter().any(|line| line.starts_with("WARN")), "{log:#?}");
    assert_eq!(leftovers(folder.path()), [""; 0]);
}

#[test]
fn a_new_kernel_stays_even_if_it_alone_is_too_large() {
    let folder = tempfile::tempdir().unwrap();
    let cache = limited(folder.path(), 0);
    for number in 0..3 {
        let key = get(&cache, number);
        assert!(is_kept(&cache, &key));
        assert_eq!(cache.disk().unwrap().entries().unwrap().len(), 1);
    }
}

/// Threads publish at once into a cache that has room for none: each makes room, and one entry is left.
#[test]
fn writers_that_make_room_at_once_leave_the_last_entry() {
    let folder = tempfile::tempdir().unwrap();
    for round in 0..20 {
        let cache = limited(&folder.path().join(round.to_string()), 0);
        let start = Barrier::new(4);
        let keys = thread::scope(|scope| {
            let publish = |number| {
                start.wait();
                get(&cache, number)
            };
            let threads = [0, 1, 2, 3].map(|number| scope.spawn(move || publish(number)));
            threads.map(|thread| thread.join().unwrap())
        });
        let kept = keys.iter().filter(|key| cache.kept(key).is_ok()).count();
        assert_eq!(kept, 1, "round {round}");
        assert_eq!(cache.disk().unwrap().entries().unwrap().len(), 1, "round {round}");
    }
}

#[test]
fn without_a_limit_nothing_makes_room() {
    let folder = tempfile::tempdir().unwrap();
    let disk = DiskCache::open(folder.path()).unwrap();
    let cache = TestCache::new(Arc::new(Fake::default()), Some(disk));
    (0..30).for_each(|number| drop(get(&cache, number)));
    assert_eq!(cache.disk().unwrap().entries().unwrap().len(), 30);
}

#[test]
fn a_use_is_noted_once_an_hour() {
    let folder = tempfile::tempdir().unwrap();
    let cache = support::cache(folder.path());
    let key = get(&cache, 0);
    let used = || cache.disk().unwrap().entries().unwrap()[0].used.unwrap();
    let created = || cache.disk().unwrap().entries().unwrap()[0].created.unwrap();
    let written = created();
    let again = || assert_eq!(get(&support::cache(folder.path()), 0), key);

    age(&cache, &key, HOUR / 2);
    let before = used();
    again();
    assert_eq!(used(), before, "a reader within the hour writes nothing");
    age(&cache, &key, 2 * HOUR);
    again();
    assert!(SystemTime::now().duration_since(used()).unwrap_or_default() < HOUR / 60);
    // The clock of another machine was ahead.
    let entry = File::open(cache.disk().unwrap().folder(&key)).unwrap();
    entry.set_modified(SystemTime::now() + 48 * HOUR).unwrap();
    again();
    assert!(used() < SystemTime::now() + HOUR);
    assert_eq!(created(), written);
}

/// Processes that publish into a cache far too small for them, while others read: everybody has
/// every kernel, and nobody ever sees half an entry.
#[test]
fn readers_and_writers_get_on_with_room_being_made() {
    let name = "readers_and_writers_get_on_with_room_being_made";
    if let Some((root, role)) = support::role() {
        let first: usize = role.parse().unwrap();
        let ((), log) = logged(|| {
            for round in 0..60 {
                let cache = limited(&root, 3);
                get(&cache, (first + round) % 8);
            }
        });
        assert!(!log.iter().any(|line| line.starts_with("WARN")), "{log:#?}");
        return;
    }
    let folder = tempfile::tempdir().unwrap();
    let root = folder.path().join("cache");
    let copies = ["0", "3", "5"].map(|role| Copy::of(name, &root, role));
    copies.into_iter().for_each(Copy::join);
    let cache = limited(&root, 3);
    assert!(cache.disk().unwrap().verify().unwrap().iter().all(|check| check.fault.is_none()));
    // Each may have measured before the others published.
    assert!(cache.disk().unwrap().entries().unwrap().len() <= 3 + 3);
    assert_eq!(leftovers(&root), [""; 0]);
}

#[test]
fn an_entry_that_goes_while_it_is_read_is_a_miss_and_no_fault() {
    let folder = tempfile::tempdir().unwrap();
    let cache = support::cache(folder.path());
    let key = get(&cache, 0);
    let disk = cache.disk().unwrap();
    let (done, lookups) = (AtomicBool::new(false), 2000);
    let (hits, misses) = thread::scope(|scope| {
        scope.spawn(|| {
            while !done.load(Ordering::Relaxed) {
                disk.prune(Some(0), false).unwrap();
                get(&support::cache(folder.path()), 0);
            }
        });
        let mut seen = (0, 0);
        for _ in 0..lookups {
            match disk.load(&key) {
                Lookup::Hit(artifact) => seen.0 += usize::from(artifact.cubin.len() == 300),
                Lookup::Miss => seen.1 += 1,
                other => panic!("{other:?}"),
            }
        }
        done.store(true, Ordering::Relaxed);
        seen
    });
    assert_eq!(hits + misses, lookups);
}

/// A folder with two sound entries, a damaged one, one of another format, and things that the
/// cache did not make.
fn untidy(root: &Path) -> TestCache {
    let cache = support::cache(root);
    let keys = [0, 1, 2].map(|number| get(&cache, number));
    fs::write(cache.disk().unwrap().folder(&keys[0]).join("kernel.cubin"), "torn").unwrap();
    age(&cache, &keys[1], 5 * HOUR);
    age(&cache, &keys[2], 3 * HOUR);
    let old = root.join("v0");
    fs::create_dir_all(old.join(".locks")).unwrap();
    let entry = old.join(keys[1].folder_name());
    fs::create_dir(&entry).unwrap();
    fs::write(entry.join("kernel.cubin"), "of another version").unwrap();
    fs::write(root.join("tuned.jsonl"), "mine").unwrap();
    fs::write(root.join("v1/notes.txt"), "mine").unwrap();
    let gone = root.join("v1/.locks").join(format!("gone-{}", "0".repeat(32)));
    File::create(gone).unwrap().set_modified(SystemTime::now() - 2 * HOUR).unwrap();
    cache
}

fn reasons(pruned: &Pruned) -> Vec<&'static str> {
    let name = |why: &Unneeded| match why {
        Unneeded::Damaged(reason) => {
            assert!(reason.contains("kernel.cubin"), "{reason}");
            "damaged"
        }
        Unneeded::Foreign => "foreign",
        Unneeded::Unused => "unused",
        other => panic!("{other:?}"),
    };
    pruned.removed.iter().map(|(_, why)| name(why)).collect()
}

#[test]
fn prune_removes_what_is_of_no_use_and_nothing_else() {
    let folder = tempfile::tempdir().unwrap();
    let root = folder.path().join("cache");
    let cache = untidy(&root);
    let disk = cache.disk().unwrap();
    let pruned = disk.prune(None, false).unwrap();
    assert_eq!(reasons(&pruned), ["damaged", "foreign"]);
    assert_eq!((pruned.kept, disk.entries().unwrap().len()), (2, 2));
    assert_eq!(names(&root), ["tuned.jsonl", "v1"]);
    assert!(names(&root.join("v1")).contains(&"notes.txt".to_owned()));
    let locks = names(&root.join("v1/.locks"));
    assert_eq!(locks.len(), 3, "the old one without a kernel is gone: {locks:?}");
    assert_eq!(leftovers(&root), [""; 0]);

    let bytes = disk.entries().unwrap().iter().map(|entry| entry.bytes).sum::<u64>();
    assert_eq!(pruned.kept_bytes, bytes);
    assert_eq!(disk.prune(Some(bytes), false).unwrap().removed, []);
    let pruned = disk.prune(Some(bytes - 1), false).unwrap();
    assert_eq!(reasons(&pruned), ["unused"]);
    let left = disk.entries().unwrap();
    assert_eq!((left.len(), pruned.kept_bytes), (1, left[0].bytes));
    assert!(is_kept(&cache, &cache.key(&source("kernel 2"), ARCH)), "it was used since");
    assert_eq!(reasons(&disk.prune(Some(0), false).unwrap()), ["unused"]);
    assert_eq!(disk.entries().unwrap(), []);
}

#[test]
fn a_dry_run_removes_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let root = folder.path().join("cache");
    let disk = untidy(&root).disk().unwrap().clone();
    let before = [names(&root), names(&root.join("v0")), names(&root.join("v1/.locks"))];
    let told = disk.prune(Some(0), true).unwrap();
    assert_eq!(reasons(&told), ["damaged", "foreign", "unused", "unused"]);
    assert_eq!(disk.entries().unwrap().len(), 3);
    let after = [names(&root), names(&root.join("v0")), names(&root.join("v1/.locks"))];
    assert_eq!(after, before);
    assert_eq!(disk.prune(Some(0), false).unwrap(), told, "it tells what is then done");
}

#[cfg(unix)]
#[test]
fn links_make_room_and_what_they_name_stays() {
    let folder = tempfile::tempdir().unwrap();
    let root = folder.path().join("cache");
    let outside = folder.path().join("outside");
    fs::create_dir(&outside).unwrap();
    fs::write(outside.join("file"), "mine").unwrap();
    let cache = support::cache(&root);
    get(&cache, 0);
    let link = root.join("v1").join(format!("evil-{}", "0".repeat(32)));
    std::os::unix::fs::symlink(&outside, &link).unwrap();
    std::os::unix::fs::symlink(&outside, root.join("v0")).unwrap();
    let checked = cache.disk().unwrap().verify().unwrap();
    let fault = checked.iter().find_map(|check| check.fault.clone()).unwrap();
    assert!(fault.contains("symbolic link to") && fault.contains("outside"), "{fault}");
    let pruned = cache.disk().unwrap().prune(None, false).unwrap();
    assert_eq!((pruned.removed.len(), pruned.removed[0].0.path.clone()), (1, link.clone()));
    assert!(link.symlink_metadata().is_err());
    std::os::unix::fs::symlink(&outside, &link).unwrap();
    limited(&root, 0).get(&source("kernel 9"), ARCH).unwrap();
    until("the link made room", || link.symlink_metadata().is_err());
    assert_eq!(names(&outside), ["file"]);
}
