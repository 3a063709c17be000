//! Compiling denied: a missing kernel is an error that says so, and a kernel that was compiled ahead is
//! found. Needs no GPU and no compiler.
#![allow(clippy::unwrap_used, reason = "a test stops at what it did not expect")]

mod support;

use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::thread;
use std::time::Duration;
use support::{ARCH, Fake, TestCache, names, source, until};
use topkit::Config;
use topkit::cache::{KernelError, Origin};

fn denying(fake: &Arc<Fake>, root: Option<&Path>) -> TestCache {
    let cache_dir = root.map(Path::to_owned);
    let config = Config::default().cache_dir(cache_dir).deny_jit(true);
    TestCache::from_config(fake.clone(), &config)
}

#[test]
fn an_unexpected_compile_is_an_error_that_says_what_to_do() {
    let folder = tempfile::tempdir().unwrap();
    let fake = Arc::new(Fake::default());
    for root in [None, Some(folder.path())] {
        let cache = denying(&fake, root);
        let error = cache.get(&source("kernel"), ARCH).unwrap_err();
        assert!(matches!(&error, KernelError::Denied(denied) if denied.entry == "topk_test"));
        let text = error.to_string();
        let key = cache.key(&source("kernel"), ARCH).to_string();
        let place = root.map_or("nothing is kept on disk", |root| root.to_str().unwrap());
        for part in ["topk_test for sm_90", "TOPKIT_DENY_JIT", &key, place, "topkit warmup"] {
            assert!(text.contains(part), "{part} is not in {text}");
        }
        assert_eq!(cache.stats().compiles, 0);
    }
    assert_eq!(fake.calls.load(Ordering::Relaxed), 0);
    assert_eq!(names(&folder.path().join("v1")), [""; 0], "who may not compile takes no lock");
}

#[test]
fn what_was_compiled_ahead_is_had() {
    let folder = tempfile::tempdir().unwrap();
    let fake = Arc::new(Fake::default());
    let cache = denying(&fake, Some(folder.path()));
    assert_eq!(cache.warm(&source("kernel"), ARCH).unwrap().origin, Origin::Compiled);
    assert_eq!(cache.get(&source("kernel"), ARCH).unwrap().origin, Origin::Compiled);
    assert_eq!((cache.stats().compiles, cache.stats().memory_hits), (1, 1));
    // And by the next process.
    let next = denying(&fake, Some(folder.path()));
    assert_eq!(next.get(&source("kernel"), ARCH).unwrap().origin, Origin::Disk);
    assert_eq!((next.stats().compiles, next.stats().disk_hits), (0, 1));
}

#[test]
fn a_launch_beside_a_warmup_waits_for_it_or_is_denied() {
    let fake = Arc::new(Fake { delay: Duration::from_millis(200), ..Fake::default() });
    let cache = denying(&fake, None);
    thread::scope(|scope| {
        let ahead = scope.spawn(|| cache.warm(&source("kernel"), ARCH));
        until("it compiles", || fake.calls.load(Ordering::Relaxed) == 1);
        cache.get(&source("kernel"), ARCH).unwrap();
        ahead.join().unwrap().unwrap();
    });
    // A denial of another thread that came first is never the warm-up's.
    for round in 0..200 {
        let source = source(&format!("kernel {round}"));
        let quick = denying(&Arc::new(Fake::default()), None);
        thread::scope(|scope| {
            let denied = scope.spawn(|| quick.get(&source, ARCH));
            quick.warm(&source, ARCH).unwrap();
            assert!(matches!(denied.join().unwrap(), Ok(_) | Err(KernelError::Denied(_))));
        });
    }
}

/// PTX is compiled too, and by the same count.
#[test]
fn ptx_is_denied_where_compiles_are_and_counts_where_not() {
    let fake = Arc::new(Fake::default());
    let denied = denying(&fake, None);
    let error = denied.ptx(&source("kernel"), ARCH).unwrap_err();
    assert!(matches!(&error, KernelError::PtxDenied(denied) if denied.entry == "topk_test"));
    let text = error.to_string();
    for part in ["PTX of topk_test for sm_90", "TOPKIT_DENY_JIT", "allow compiling"] {
        assert!(text.contains(part), "{part} is not in {text}");
    }
    assert_eq!((denied.stats().compiles, fake.calls.load(Ordering::Relaxed)), (0, 0));

    let free = TestCache::new(fake.clone(), None);
    assert_eq!(free.ptx(&source("kernel"), ARCH).unwrap(), "PTX of topk_test");
    assert_eq!((free.stats().compiles, fake.calls.load(Ordering::Relaxed)), (1, 1));
}
