//! Threads and processes that ask for one kernel at once: it is compiled once, and nobody waits
//! for ever. Needs no GPU and no compiler.
#![allow(clippy::unwrap_used, reason = "a test stops at what it did not expect")]

mod support;

use std::fs::{self, File};
use std::path::Path;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Barrier};
use std::thread;
use std::time::{Duration, Instant};
use support::{ARCH, Copy, Fake, TestCache, cache, compiles, leftovers, logged, source, until};
use topkit::cache::{DiskCache, KernelError, Origin};

const SLOW: Duration = Duration::from_millis(200);

fn slow(root: &Path, journal: &Path) -> TestCache {
    let fake = Fake { delay: SLOW, journal: Some(journal.to_owned()), ..Fake::default() };
    TestCache::new(Arc::new(fake), Some(DiskCache::open(root).unwrap()))
}

#[test]
fn two_threads_of_one_cache_compile_once() {
    let fake = Arc::new(Fake { delay: SLOW, ..Fake::default() });
    let cache = TestCache::new(fake.clone(), None);
    let barrier = Barrier::new(2);
    let ask = || {
        barrier.wait();
        cache.get(&source("kernel"), ARCH).unwrap()
    };
    let (one, other) = thread::scope(|scope| {
        let threads = (scope.spawn(ask), scope.spawn(ask));
        (threads.0.join().unwrap(), threads.1.join().unwrap())
    });
    assert!(Arc::ptr_eq(&one, &other));
    assert_eq!(fake.calls.load(Ordering::Relaxed), 1);
    assert_eq!((cache.stats().compiles, cache.stats().memory_hits), (1, 1));
}

#[test]
fn two_caches_of_one_process_compile_once() {
    let folder = tempfile::tempdir().unwrap();
    let journal = folder.path().join("journal");
    let root = folder.path().join("cache");
    let barrier = Barrier::new(2);
    let ask = || {
        let cache = slow(&root, &journal);
        barrier.wait();
        cache.get(&source("kernel"), ARCH).unwrap().origin
    };
    let mut origins = thread::scope(|scope| {
        let threads = [scope.spawn(ask), scope.spawn(ask)];
        threads.map(|thread| thread.join().unwrap())
    });
    origins.sort_by_key(|origin| *origin == Origin::Disk);
    assert_eq!(origins, [Origin::Compiled, Origin::Disk]);
    assert_eq!(compiles(&journal), 1);
}

#[test]
fn four_processes_compile_once() {
    if let Some((folder, name)) = support::role() {
        let cache = slow(&folder.join("cache"), &folder.join("journal"));
        fs::write(folder.join(name), "ready").unwrap();
        until("all are ready", || folder.join("go").exists());
        let artifact = cache.get(&source("kernel"), ARCH).unwrap();
        assert_eq!(artifact.cubin.len(), 300);
        return;
    }
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    let names = ["one", "two", "three", "four"];
    let copies = names.map(|name| Copy::of("four_processes_compile_once", folder, name));
    until("all are ready", || names.iter().all(|name| folder.join(name).exists()));
    fs::write(folder.join("go"), "").unwrap();
    for copy in copies {
        copy.join();
    }
    assert_eq!(compiles(&folder.join("journal")), 1);
    assert_eq!(leftovers(&folder.join("cache")), [""; 0]);
}

#[test]
fn a_hung_process_is_not_waited_for_for_ever() {
    if let Some((folder, _)) = support::role() {
        let hours = Duration::from_secs(7200);
        let journal = Some(folder.join("journal"));
        let hung = Arc::new(Fake { delay: hours, journal, ..Fake::default() });
        let disk = DiskCache::open(folder.join("cache")).unwrap();
        TestCache::new(hung, Some(disk)).get(&source("kernel"), ARCH).unwrap();
        unreachable!("it is killed long before");
    }
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    let mut hung = Copy::of("a_hung_process_is_not_waited_for_for_ever", folder, "hung");
    until("it compiles", || compiles(&folder.join("journal")) == 1);

    let timeout = Duration::from_millis(300);
    let disk = DiskCache::open(folder.join("cache")).unwrap().with_lock_timeout(timeout);
    let cache = TestCache::new(Arc::new(Fake::default()), Some(disk));
    let start = Instant::now();
    let (artifact, log) = logged(|| cache.get(&source("kernel"), ARCH).unwrap());
    let waited = start.elapsed();
    assert_eq!(artifact.origin, Origin::Compiled);
    assert!(timeout <= waited && waited < timeout + Duration::from_secs(20), "{waited:?}");
    assert!(log.iter().any(|line| line.starts_with("WARN another process")), "{log:#?}");
    assert!(hung.is_alive());

    // A kernel that was compiled without the lock is still published.
    let (artifact, log) =
        logged(|| support::cache(&folder.join("cache")).get(&source("kernel"), ARCH));
    assert_eq!(artifact.unwrap().origin, Origin::Disk);
    assert!(!log.iter().any(|line| line.starts_with("WARN")), "{log:#?}");
    hung.kill();
}

/// As on a network file system without locks, where the call fails.
#[test]
fn a_lock_that_cannot_be_had_costs_a_warning() {
    let folder = tempfile::tempdir().unwrap();
    let journal = folder.path().join("journal");
    let root = folder.path().join("cache");
    let cache = slow(&root, &journal);
    let key = cache.key(&source("kernel"), ARCH).folder_name();
    // No user can open a folder to write into it, root included.
    fs::create_dir_all(root.join("v1/.locks").join(key)).unwrap();
    let (artifact, log) = logged(|| cache.get(&source("kernel"), ARCH).unwrap());
    assert_eq!(artifact.origin, Origin::Compiled);
    assert!(log.iter().any(|line| line.starts_with("WARN no lock while compiling")), "{log:#?}");

    // Two at once both compile, and both publish a sound entry.
    let others = [(); 2].map(|()| slow(&root, &journal));
    fs::remove_dir_all(cache.disk().unwrap().folder(&artifact.key)).unwrap();
    let barrier = Barrier::new(2);
    thread::scope(|scope| {
        let ask = |cache: &TestCache| {
            barrier.wait();
            cache.get(&source("kernel"), ARCH).unwrap();
        };
        for other in &others {
            scope.spawn(move || ask(other));
        }
    });
    assert_eq!(compiles(&journal), 3);
    assert_eq!(support::cache(&root).get(&source("kernel"), ARCH).unwrap().origin, Origin::Disk);
    assert_eq!(leftovers(&root), [""; 0]);
}

/// The steps of a write, as the logged events that follow each.
const STEPS: [(&str, &str); 6] = [
    ("TRACE wrote a file", "kernel.cu"),
    ("TRACE wrote a file", "kernel.cubin"),
    ("TRACE wrote a file", "build.log"),
    ("TRACE wrote a file", "meta.json"),
    ("TRACE about to publish", ""),
    ("TRACE published", ""),
];

#[test]
fn a_writer_killed_at_any_step_does_no_harm() {
    if let Some((folder, step)) = support::role() {
        let (begins, ends) = STEPS[step.parse::<usize>().unwrap()];
        support::pause_at(begins, ends, folder.join("paused"));
        cache(&folder.join("cache")).get(&source("kernel"), ARCH).unwrap();
        unreachable!("it pauses for ever before");
    }
    for step in 0..STEPS.len() {
        let folder = tempfile::tempdir().unwrap();
        let (folder, root) = (folder.path(), folder.path().join("cache"));
        let name = "a_writer_killed_at_any_step_does_no_harm";
        let copy = Copy::of(name, folder, &step.to_string());
        until("the write pauses", || folder.join("paused").exists());
        copy.kill();

        let was_published = step == STEPS.len() - 1;
        let left = usize::from(!was_published);
        assert_eq!(leftovers(&root).len(), left, "step {step}");
        let after = cache(&root);
        let artifact = after.get(&source("kernel"), ARCH).unwrap();
        assert_eq!(after.stats().compiles, left as u64, "step {step}");
        assert_eq!(artifact.cubin.len(), 300);
        assert_eq!(cache(&root).get(&source("kernel"), ARCH).unwrap().origin, Origin::Disk);

        // A new file may be of a writer at work; the next write removes old ones.
        assert_eq!(leftovers(&root).len(), left, "step {step}");
        for name in leftovers(&root) {
            let hours_ago = std::time::SystemTime::now() - Duration::from_secs(7200);
            let old = File::open(root.join("v1/.staging").join(name)).unwrap();
            old.set_modified(hours_ago).unwrap();
        }
        cache(&root).get(&source("another kernel"), ARCH).unwrap();
        assert_eq!(leftovers(&root), [""; 0], "step {step}");
    }
}

#[test]
fn an_error_is_not_kept() {
    let folder = tempfile::tempdir().unwrap();
    let fake = Arc::new(Fake { refuse: AtomicBool::new(true), ..Fake::default() });
    let disk = DiskCache::open(folder.path().join("cache")).unwrap();
    let cache = TestCache::new(fake, Some(disk));
    let Err(KernelError::Compile(error)) = cache.get(&source("kernel"), ARCH) else {
        panic!("the compiler refuses it");
    };
    assert_eq!((error.reason.as_str(), error.entry.as_str()), ("refused", "topk_test"));
    assert_eq!(cache.disk().unwrap().entries().unwrap(), []);
    assert_eq!(cache.get(&source("kernel"), ARCH).unwrap().origin, Origin::Compiled);
    assert_eq!((cache.stats().compiles, cache.stats().memory_hits), (2, 0));
}

#[test]
fn a_panic_in_the_compiler_leaves_nobody_waiting() {
    let folder = tempfile::tempdir().unwrap();
    let fake = Fake { delay: SLOW, panic: AtomicBool::new(true), ..Fake::default() };
    let disk = DiskCache::open(folder.path().join("cache")).unwrap();
    let cache = TestCache::new(Arc::new(fake), Some(disk));
    let barrier = Barrier::new(2);
    let ask = || {
        barrier.wait();
        cache.get(&source("kernel"), ARCH).unwrap().origin
    };
    let results = thread::scope(|scope| {
        let threads = [scope.spawn(ask), scope.spawn(ask)];
        threads.map(|thread| thread.join())
    });
    assert_eq!(results.iter().filter(|result| result.is_err()).count(), 1);
    assert!(results.iter().flatten().all(|origin| *origin == Origin::Compiled));
    // The file lock went with the panic: another cache need not wait for it.
    let start = Instant::now();
    assert_eq!(
        support::cache(&folder.path().join("cache")).get(&source("other"), ARCH).unwrap().origin,
        Origin::Compiled
    );
    assert!(start.elapsed() < Duration::from_secs(5));
}
