//! A disk that cannot be used: full, read-only, absent or another user's. Kernels are still compiled.
//! Needs no GPU and no compiler.
#![allow(clippy::unwrap_used, reason = "a test stops at what it did not expect")]

mod support;

use std::fs;
use std::path::Path;
use std::sync::Arc;
use support::{ARCH, Copy, Fake, TestCache, cache, leftovers, logged, names, source};
use topkit::Config;
use topkit::cache::{DiskCache, DiskError, NotKept, Origin};

/// The warnings of one `get`, which must give a kernel that it compiled.
fn warnings_of_a_compile(cache: &TestCache) -> Vec<String> {
    let (artifact, log) = logged(|| cache.get(&source("kernel"), ARCH).unwrap());
    assert_eq!(artifact.origin, Origin::Compiled);
    log.into_iter().filter(|line| line.starts_with("WARN")).collect()
}

fn configured(root: &Path) -> (TestCache, Vec<String>) {
    let config = Config::default().cache_dir(root.to_owned());
    logged(|| TestCache::from_config(Arc::new(Fake::default()), &config))
}

#[test]
fn a_full_disk_costs_the_entry_and_leaves_nothing() {
    let big = || Arc::new(Fake { cubin_bytes: 1 << 20, ..Fake::default() });
    let open = |root: &Path| TestCache::new(big(), Some(DiskCache::open(root).unwrap()));
    if let Some((root, _)) = support::role() {
        let cache = open(&root);
        let (artifact, log) = logged(|| cache.get(&source("kernel"), ARCH).unwrap());
        assert_eq!(artifact.cubin.len(), 1 << 20);
        let told = |line: &String| {
            line.starts_with("WARN")
                && line.contains("cannot write")
                && line.contains("kernel.cubin")
        };
        assert!(log.iter().any(told), "{log:#?}");
        let error = cache.kept(&artifact.key).unwrap_err().to_string();
        assert!(error.contains("cannot write") && error.contains("free space"), "{error}");
        return;
    }
    let folder = tempfile::tempdir().unwrap();
    let name = "a_full_disk_costs_the_entry_and_leaves_nothing";
    Copy::with_small_files(name, folder.path(), "full").join();
    assert_eq!(leftovers(folder.path()), [""; 0]);
    assert_eq!(DiskCache::open(folder.path()).unwrap().entries().unwrap(), []);
    // With room again, it is kept.
    let origins =
        [(); 2].map(|()| open(folder.path()).get(&source("kernel"), ARCH).unwrap().origin);
    assert_eq!(origins, [Origin::Compiled, Origin::Disk]);
}

#[test]
fn a_folder_that_cannot_be_made_costs_the_disk_cache_alone() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("file");
    fs::write(&file, "a file").unwrap();
    // Neither is possible for any user, root included.
    let mut places = vec![file.clone(), file.join("below")];
    if cfg!(target_os = "linux") {
        places.push("/proc/self/topkit".into());
    }
    for place in places {
        let error = DiskCache::open(&place).unwrap_err().to_string();
        assert!(error.contains("TOPKIT_CACHE_DIR"), "{error}");
        let (cache, log) = configured(&place);
        assert!(cache.disk().is_none());
        let path = place.display().to_string();
        assert!(
            log.iter().any(|line| line.starts_with("WARN") && line.contains(&path)),
            "{log:#?}"
        );
        assert_eq!(warnings_of_a_compile(&cache), [""; 0]);
    }
    assert_eq!(fs::read_to_string(&file).unwrap(), "a file");
}

#[test]
fn a_folder_that_turns_read_only_costs_the_entry() {
    for (blocked, warns) in [("v1", 3), ("v1/.staging", 1), ("v1/.locks", 1)] {
        let folder = tempfile::tempdir().unwrap();
        let cache = cache(folder.path());
        // A file in its place keeps root out too, whom permissions do not bind.
        let path = folder.path().join(blocked);
        if path.exists() {
            fs::remove_dir_all(&path).unwrap();
        }
        fs::write(&path, "in the way").unwrap();
        let warnings = warnings_of_a_compile(&cache);
        assert_eq!(warnings.len(), warns, "{blocked}: {warnings:#?}");
        let place = path.display().to_string();
        assert!(warnings.iter().all(|line| line.contains(&place)), "{warnings:#?}");
        assert_eq!(fs::read_to_string(&path).unwrap(), "in the way");
    }
}

#[test]
fn once_the_disk_is_mended_the_same_process_keeps_its_kernels_there() {
    let folder = tempfile::tempdir().unwrap();
    let cache = cache(folder.path());
    let staging = folder.path().join("v1/.staging");
    fs::write(&staging, "in the way").unwrap();
    let get = || cache.warm(&source("kernel"), ARCH).unwrap();
    let key = get().key.clone();
    let refused = |why: NotKept| matches!(why, NotKept::Refused { .. });
    assert!(cache.kept(&key).is_err_and(refused));
    get();
    assert!(cache.kept(&key).is_err_and(refused), "the disk is as bad as before");
    fs::remove_file(&staging).unwrap();
    // Nobody has asked for it ahead since.
    cache.get(&source("kernel"), ARCH).unwrap();
    assert!(cache.kept(&key).is_err_and(refused));
    get();
    assert_eq!(cache.kept(&key), Ok(()));
    assert_eq!(cache.stats().compiles, 1);
    // An entry that somebody removes later does not get the old reason.
    fs::remove_dir_all(cache.disk().unwrap().folder(&key)).unwrap();
    assert!(cache.kept(&key).is_err_and(|why| matches!(why, NotKept::Gone { .. })));
    get();
    assert_eq!(cache.kept(&key), Ok(()));
}

#[cfg(unix)]
#[test]
fn a_read_only_cache_can_still_be_read() {
    use std::os::unix::fs::PermissionsExt;
    let folder = tempfile::tempdir().unwrap();
    let root = folder.path().join("cache");
    cache(&root).get(&source("kernel"), ARCH).unwrap();
    // As in an image made by one who compiled ahead: no lock file, no place to write.
    fs::remove_dir_all(root.join("v1/.locks")).unwrap();
    fs::remove_dir_all(root.join("v1/.staging")).unwrap();
    let mode =
        |mode| fs::set_permissions(root.join("v1"), fs::Permissions::from_mode(mode)).unwrap();
    mode(0o500);
    let (artifact, log) = logged(|| cache(&root).get(&source("kernel"), ARCH).unwrap());
    let made = names(&root.join("v1"));
    mode(0o700);
    assert_eq!(artifact.origin, Origin::Disk);
    assert!(!log.iter().any(|line| line.starts_with("WARN")), "{log:#?}");
    assert_eq!(made.len(), 1, "a hit writes nothing: {made:?}");
}

#[test]
fn a_cache_that_is_removed_while_in_use_is_made_anew() {
    let folder = tempfile::tempdir().unwrap();
    let root = folder.path().join("cache");
    let cache = cache(&root);
    cache.get(&source("one"), ARCH).unwrap();
    fs::remove_dir_all(&root).unwrap();
    assert_eq!(warnings_of_a_compile(&cache), [""; 0]);
    assert_eq!(support::cache(&root).get(&source("kernel"), ARCH).unwrap().origin, Origin::Disk);
}

#[cfg(unix)]
mod hostile {
    use super::*;
    use std::os::unix::ffi::OsStrExt;
    use std::os::unix::fs::{PermissionsExt, symlink};

    fn refusal(root: &Path) -> String {
        match DiskCache::open(root) {
            Err(error @ DiskError::Refused { .. }) => error.to_string(),
            other => panic!("{other:?}"),
        }
    }

    fn mode(path: &Path) -> u32 {
        path.metadata().unwrap().permissions().mode() & 0o7777
    }

    #[test]
    fn what_the_cache_makes_is_for_this_user_alone() {
        let folder = tempfile::tempdir().unwrap();
        let root = folder.path().join("a/b");
        let cache = cache(&root);
        cache.get(&source("kernel"), ARCH).unwrap();
        let entry = cache.disk().unwrap().entries().unwrap()[0].path.clone();
        for made in
            [&root, &root.join("v1"), &root.join("v1/.staging"), &root.join("v1/.locks"), &entry]
        {
            assert_eq!(mode(made), 0o700, "{}", made.display());
        }
        for file in names(&entry) {
            assert_eq!(mode(&entry.join(&file)), 0o600, "{file}");
        }
    }

    #[test]
    fn a_link_is_refused() {
        let folder = tempfile::tempdir().unwrap();
        let (real, link) = (folder.path().join("real"), folder.path().join("link"));
        fs::create_dir(&real).unwrap();
        symlink(&real, &link).unwrap();
        for spelling in [link.clone(), link.join(""), link.join(".")] {
            let error = refusal(&spelling);
            assert!(error.contains("symbolic link to") && error.contains("real"), "{error}");
        }
        assert_eq!(names(&real), [""; 0]);

        fs::create_dir(folder.path().join("root")).unwrap();
        symlink(&real, folder.path().join("root/v1")).unwrap();
        assert!(refusal(&folder.path().join("root")).contains("symbolic link"));
        assert_eq!(names(&real), [""; 0]);
    }

    #[test]
    fn a_link_that_comes_later_is_not_written_through() {
        for linked in ["cache", "cache/v1"] {
            let folder = tempfile::tempdir().unwrap();
            let (real, link) = (folder.path().join("real"), folder.path().join(linked));
            let cache = cache(&folder.path().join("cache"));
            fs::remove_dir_all(&link).unwrap();
            fs::create_dir(&real).unwrap();
            symlink(&real, &link).unwrap();
            let warnings = warnings_of_a_compile(&cache);
            assert!(warnings.iter().any(|line| line.contains("symbolic link")), "{warnings:#?}");
            assert_eq!(names(&real), [""; 0]);
        }
    }

    #[test]
    fn a_folder_that_others_may_write_to_is_refused_and_left_alone() {
        let folder = tempfile::tempdir().unwrap();
        let root = folder.path().join("root");
        fs::create_dir(&root).unwrap();
        for (open, who) in [
            (0o777, "every user"),
            (0o1777, "every user"),
            (0o702, "every user"),
            (0o775, "its group"),
            (0o720, "its group"),
        ] {
            fs::set_permissions(&root, fs::Permissions::from_mode(open)).unwrap();
            let error = refusal(&root);
            assert!(error.contains(&format!("{who} may write to it")), "{error}");
            assert!(error.contains(root.to_str().unwrap()), "{error}");
            assert_eq!((mode(&root), names(&root)), (open, vec![]));
            // A launch goes on without it, and says so once.
            let (cache, log) = configured(&root);
            let warned = |line: &&String| line.starts_with("WARN") && line.contains(who);
            assert_eq!(log.iter().filter(warned).count(), 1, "{log:#?}");
            assert_eq!(warnings_of_a_compile(&cache), [""; 0]);
        }
        fs::set_permissions(&root, fs::Permissions::from_mode(0o755)).unwrap();
        DiskCache::open(&root).unwrap();
        assert_eq!(mode(&root), 0o755);
    }

    #[test]
    fn odd_names_are_only_names() {
        let folder = tempfile::tempdir().unwrap();
        let odd = std::ffi::OsStr::from_bytes(b"caf\xe9 {} \n\"%s' \x01");
        let root = folder.path().join(odd);
        let mut odd_source = source("kernel");
        odd_source.entry = "../../a b\n\u{e9}\0".to_owned();
        let origins = [(); 2].map(|()| cache(&root).get(&odd_source, ARCH).unwrap().origin);
        assert_eq!(origins, [Origin::Compiled, Origin::Disk]);
        fs::write(root.join("v1").join(odd), "").unwrap();
        let disk = DiskCache::open(&root).unwrap();
        assert_eq!(disk.verify().unwrap().len(), 1);
        assert_eq!(disk.verify().unwrap()[0].fault, None);
        assert_eq!(names(folder.path()).len(), 1);
    }
}
