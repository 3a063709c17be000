//! Entries that are torn, flipped, incomplete or filed under a wrong key: each is a logged miss and is
//! replaced. A different input is a different key. Needs no GPU and no compiler.
#![allow(clippy::unwrap_used, reason = "a test stops at what it did not expect")]

mod support;

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use support::{ARCH, Fake, TestCache, cache, leftovers, logged, names, source};
use topkit::cache::{DiskCache, KeyInputs, Lookup, Origin, Published};
use topkit::{Arch, cache::Compiled};

const FILES: [&str; 4] = ["build.log", "kernel.cu", "kernel.cubin", "meta.json"];

/// A cache folder with one sound entry.
struct Place {
    folder: tempfile::TempDir,
    entry: PathBuf,
}

impl Place {
    fn new() -> Place {
        let folder = tempfile::tempdir().unwrap();
        let cache = cache(folder.path());
        let key = cache.get(&source("kernel"), ARCH).unwrap().key.clone();
        let entry = cache.disk().unwrap().folder(&key);
        assert_eq!(names(&entry), FILES);
        Place { folder, entry }
    }

    fn root(&self) -> &Path {
        self.folder.path()
    }

    fn lookup(&self) -> Lookup {
        let cache = cache(self.root());
        cache.disk().unwrap().load(&cache.key(&source("kernel"), ARCH))
    }

    /// The entry is a miss that names its path, the kernel is compiled, and the entry is sound
    /// again.
    fn assert_mended(&self, what: &str) {
        let lookup = self.lookup();
        assert!(matches!(lookup, Lookup::Corrupt { .. }), "{what}: {lookup:?}");
        let damaged = cache(self.root());
        let (artifact, log) = logged(|| damaged.get(&source("kernel"), ARCH).unwrap());
        assert_eq!(artifact.origin, Origin::Compiled, "{what}");
        let path = self.entry.display().to_string();
        let warned = |line: &&String| line.starts_with("WARN") && line.contains(&path);
        assert_eq!(log.iter().filter(warned).count(), 1, "{what}: {log:#?}");

        let mended = cache(self.root()).get(&source("kernel"), ARCH).unwrap();
        assert_eq!(mended.origin, Origin::Disk, "{what}");
        assert_eq!((&mended.cubin, &mended.log), (&artifact.cubin, &artifact.log), "{what}");
        assert_eq!(names(&self.entry), FILES, "{what}");
        assert_eq!(leftovers(self.root()), [""; 0], "{what}");
    }
}

#[test]
fn a_sound_entry_is_read_back_whole() {
    let place = Place::new();
    let compiled = TestCache::new(Arc::new(Fake::default()), None);
    let compiled = compiled.get(&source("kernel"), ARCH).unwrap();
    let warm = cache(place.root());
    let (loaded, log) = logged(|| warm.get(&source("kernel"), ARCH).unwrap());
    assert_eq!(loaded.origin, Origin::Disk);
    assert_eq!(loaded.cubin, compiled.cubin);
    assert_eq!((&loaded.log, &loaded.entry), (&compiled.log, &compiled.entry));
    assert_eq!((&loaded.key, loaded.arch), (&compiled.key, compiled.arch));
    assert!(!log.iter().any(|line| line.starts_with("WARN")), "{log:#?}");
    assert_eq!((warm.stats().compiles, warm.stats().disk_hits), (0, 1));
    assert_eq!(fs::read_to_string(place.entry.join("kernel.cu")).unwrap(), "kernel");
}

#[test]
fn a_torn_file_is_a_miss() {
    let place = Place::new();
    for file in FILES {
        let path = place.entry.join(file);
        let whole = fs::read(&path).unwrap();
        for length in [0, 1, whole.len() / 2, whole.len() - 1] {
            fs::write(&path, &whole[..length]).unwrap();
            place.assert_mended(&format!("{file} of {length} bytes"));
        }
        fs::write(&path, [&whole[..], b"\n"].concat()).unwrap();
        place.assert_mended(&format!("{file} with a byte more"));
    }
}

#[test]
fn any_flipped_byte_is_a_miss() {
    let place = Place::new();
    for file in FILES {
        let path = place.entry.join(file);
        let whole = fs::read(&path).unwrap();
        for at in 0..whole.len() {
            for bits in [0x01, 0x20, 0x80] {
                let mut flipped = whole.clone();
                flipped[at] ^= bits;
                fs::write(&path, &flipped).unwrap();
                let lookup = place.lookup();
                assert!(matches!(lookup, Lookup::Corrupt { .. }), "{file} {at} {bits}: {lookup:?}");
            }
        }
        place.assert_mended(&format!("the last byte of {file}"));
    }
}

#[test]
fn a_missing_file_is_a_miss() {
    let place = Place::new();
    for file in FILES {
        fs::remove_file(place.entry.join(file)).unwrap();
        place.assert_mended(&format!("no {file}"));
    }
}

#[test]
fn a_file_in_the_place_of_a_folder_is_a_miss() {
    let place = Place::new();
    fs::remove_dir_all(&place.entry).unwrap();
    fs::write(&place.entry, "not a folder").unwrap();
    place.assert_mended("a file");
}

#[test]
fn a_folder_in_the_place_of_a_file_is_a_miss() {
    let place = Place::new();
    for file in FILES {
        fs::remove_file(place.entry.join(file)).unwrap();
        fs::create_dir(place.entry.join(file)).unwrap();
        place.assert_mended(file);
    }
}

#[cfg(unix)]
#[test]
fn links_are_not_followed() {
    let (place, elsewhere) = (Place::new(), Place::new());
    for file in FILES {
        fs::remove_file(place.entry.join(file)).unwrap();
        std::os::unix::fs::symlink(elsewhere.entry.join(file), place.entry.join(file)).unwrap();
        place.assert_mended(&format!("a link in place of {file}"));
    }
    fs::remove_dir_all(&place.entry).unwrap();
    std::os::unix::fs::symlink(&elsewhere.entry, &place.entry).unwrap();
    place.assert_mended("a link in place of the entry");
    assert!(matches!(elsewhere.lookup(), Lookup::Hit(_)));
}

#[cfg(unix)]
#[test]
fn what_others_could_have_written_is_a_miss() {
    use std::os::unix::fs::PermissionsExt;
    let place = Place::new();
    let open = |path: &Path| {
        let mode = path.metadata().unwrap().permissions().mode();
        fs::set_permissions(path, fs::Permissions::from_mode(mode | 0o020)).unwrap();
    };
    for file in FILES {
        open(&place.entry.join(file));
        match place.lookup() {
            Lookup::Corrupt { reason } => {
                assert!(reason.contains(file) && reason.contains("its group"), "{reason}")
            }
            other => panic!("{other:?}"),
        }
        place.assert_mended(&format!("{file} open to the group"));
    }
    open(&place.entry);
    place.assert_mended("an entry open to the group");
}

#[test]
fn the_entry_of_another_kernel_is_a_miss() {
    let place = Place::new();
    let cache = cache(place.root());
    let other = cache.get(&source("another kernel"), ARCH).unwrap();
    let folder = cache.disk().unwrap().folder(&other.key);
    for file in FILES {
        fs::copy(folder.join(file), place.entry.join(file)).unwrap();
    }
    place.assert_mended("a foreign entry");
}

#[test]
fn a_huge_file_is_a_miss() {
    let place = Place::new();
    for file in FILES {
        let sparse = fs::File::options().write(true).open(place.entry.join(file)).unwrap();
        // As many bytes as no machine can read into memory.
        sparse.set_len(1 << 40).unwrap();
        match place.lookup() {
            Lookup::Corrupt { reason } => assert!(reason.contains("allowed"), "{reason}"),
            other => panic!("{other:?}"),
        }
        place.assert_mended(&format!("a huge {file}"));
    }
}

#[test]
fn a_sound_entry_stays_and_a_damaged_one_makes_way() {
    let folder = tempfile::tempdir().unwrap();
    let disk = DiskCache::open(folder.path()).unwrap();
    let inputs =
        KeyInputs { entry: "topk", source: "text", options: &[], arch: ARCH, compiler: "c 1" };
    let [first, second] = [b"one", b"two"].map(|cubin| Compiled::new(cubin.to_vec(), ""));
    let stored = || match disk.load(&inputs.key()) {
        Lookup::Hit(artifact) => artifact.cubin,
        other => panic!("{other:?}"),
    };
    assert_eq!(disk.load(&inputs.key()), Lookup::Miss);
    assert_eq!(disk.publish(&inputs, &first).unwrap(), Published::New);
    assert_eq!(disk.publish(&inputs, &second).unwrap(), Published::Kept);
    assert_eq!(stored(), b"one");
    fs::write(disk.folder(&inputs.key()).join("kernel.cubin"), "own").unwrap();
    assert_eq!(disk.publish(&inputs, &second).unwrap(), Published::Replaced);
    assert_eq!(stored(), b"two");
    assert_eq!(leftovers(folder.path()), [""; 0]);
}

#[test]
fn many_writers_of_one_damaged_entry_agree() {
    let place = Place::new();
    let disk = DiskCache::open(place.root()).unwrap();
    let inputs =
        KeyInputs { entry: "topk", source: "text", options: &[], arch: ARCH, compiler: "c 1" };
    let compiled = Compiled::new(vec![7; 1000], "log");
    for round in 0..20 {
        std::thread::scope(|scope| {
            for _ in 0..4 {
                scope.spawn(|| disk.publish(&inputs, &compiled).unwrap());
            }
        });
        assert!(matches!(disk.load(&inputs.key()), Lookup::Hit(_)), "round {round}");
        assert_eq!(leftovers(place.root()), [""; 0]);
        fs::write(disk.folder(&inputs.key()).join("kernel.cubin"), "torn").unwrap();
    }
}

#[test]
fn a_different_input_is_a_different_key() {
    let folder = tempfile::tempdir().unwrap();
    let ask = |text: &str, arch: Arch, version: &str, options: &[&str]| {
        let options = options.iter().map(|option| option.to_string()).collect();
        let fake = Fake { version: version.to_owned(), options, ..Fake::default() };
        let disk = DiskCache::open(folder.path()).unwrap();
        let cache = TestCache::new(Arc::new(fake), Some(disk));
        let artifact = cache.get(&source(text), arch).unwrap();
        (artifact.origin, artifact.cubin.clone(), artifact.arch)
    };
    let portable = Arch::new(9, 0);
    let inputs: [(&str, Arch, &str, &[&str]); 7] = [
        ("int a;", ARCH, "nvrtc 13.0", &["-a", "-b"]),
        ("int b;", ARCH, "nvrtc 13.0", &["-a", "-b"]),
        ("int a;", portable, "nvrtc 13.0", &["-a", "-b"]),
        ("int a;", ARCH, "nvrtc 13.1", &["-a", "-b"]),
        ("int a;", ARCH, "nvrtc 13.0", &["-b", "-a"]),
        ("int a;", ARCH, "nvrtc 13.0", &["-a-b"]),
        ("int a;", ARCH, "nvrtc 13.0", &["-a"]),
    ];
    let first = inputs.map(|(text, arch, version, options)| ask(text, arch, version, options));
    let second = inputs.map(|(text, arch, version, options)| ask(text, arch, version, options));
    for (one, other) in first.iter().zip(&second) {
        assert_eq!((one.0, other.0), (Origin::Compiled, Origin::Disk));
        assert_eq!((&one.1, one.2), (&other.1, other.2));
    }
    assert_eq!(DiskCache::open(folder.path()).unwrap().entries().unwrap().len(), inputs.len());
}
