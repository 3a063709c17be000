//! Which release of NVRTC a library is, as in `13.2.78`.
//!
//! `nvrtcVersion` tells `13.2` alone, and releases of one version make other machine code. The
//! release stands in what the library compiles: an empty text tells it, in some 30 ms. So that a
//! warm start pays nothing, it is remembered beside the disk cache for each library by the file's
//! path, size and time: a library that another of the same size and time replaces in its place passes for
//! the first. A memory that cannot be read or written costs the 30 ms again.

use crate::compile::store::{DiskCache, DiskError, is_safe};
use serde::{Deserialize, Serialize};
use std::fs;
use std::path::{Path, PathBuf};
use std::time::UNIX_EPOCH;

/// The file in the folder of the disk cache.
const FILE: &str = "nvrtc.json";
/// Libraries that are remembered; the oldest goes first.
const MOST: usize = 64;
/// Far more than that many lines need.
const LIMIT: u64 = 1 << 20;

/// A library and its release.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Known {
    path: String,
    bytes: u64,
    /// Whole seconds, since images of machines keep no more.
    modified: u64,
    release: String,
}

/// What is remembered of libraries in one file.
#[derive(Debug)]
pub(crate) struct Releases {
    disk: DiskCache,
    file: PathBuf,
}

impl Releases {
    /// Those of a disk cache.
    pub(crate) fn of(disk: &DiskCache) -> Releases {
        Releases { disk: disk.clone(), file: disk.root().join(FILE) }
    }

    /// The release of a library, where it is known and the file is the same.
    pub(crate) fn recall(&self, library: &Path) -> Option<String> {
        let known = self.read().into_iter().find(|known| known.is(library))?;
        // It becomes a part of a key, of a message and of a pack.
        is_release(&known.release).then_some(known.release)
    }

    /// Remembers a release. Of several processes at once one is remembered, and the others' are asked
    /// for again.
    pub(crate) fn remember(&self, library: &Path, release: &str) {
        let Some(known) = Known::of(library, release) else { return };
        let mut all = self.read();
        all.retain(|other| other.path != known.path);
        all.push(known);
        let excess = all.len().saturating_sub(MOST);
        if let Err(error) = self.write(&all[excess..]) {
            tracing::debug!(path = %self.file.display(), "a release is not remembered: {error}");
        }
    }

    /// Writes the file whole, by way of the disk cache's staging folder, which keeps nothing of a
    /// process that was killed.
    fn write(&self, all: &[Known]) -> Result<(), DiskError> {
        let refused = |error| DiskError::io("write", &self.file, error);
        let json = serde_json::to_vec_pretty(all).map_err(|error| refused(error.into()))?;
        self.disk.replace(&self.file, &json)
    }

    fn read(&self) -> Vec<Known> {
        let found = self.file.symlink_metadata().ok();
        let sound = |found: &fs::Metadata| found.is_file() && is_safe(found) && found.len() < LIMIT;
        let json = found.filter(sound).and_then(|_| fs::read(&self.file).ok());
        json.and_then(|json| serde_json::from_slice(&json).ok()).unwrap_or_default()
    }
}

impl Known {
    /// `None` of a file that cannot be looked at or whose path is no text.
    fn of(library: &Path, release: &str) -> Option<Known> {
        let found = fs::metadata(library).ok()?;
        let modified = found.modified().ok()?.duration_since(UNIX_EPOCH).ok()?.as_secs();
        let (path, release) = (library.to_str()?.to_owned(), release.to_owned());
        Some(Known { path, bytes: found.len(), modified, release })
    }

    fn is(&self, library: &Path) -> bool {
        self.path.as_str() == library && Known::of(library, &self.release).as_ref() == Some(self)
    }
}

/// The release in the head of a PTX text: `// Cuda compilation tools, release 13.2, V13.2.78`.
pub(crate) fn in_ptx(ptx: &str) -> Option<&str> {
    let (_, rest) = ptx.split_once("Cuda compilation tools, release ")?;
    let (_, rest) = rest.split_once(", V")?;
    let release = rest.split(|c: char| !c.is_ascii_digit() && c != '.').next()?;
    is_release(release).then_some(release)
}

fn is_release(text: &str) -> bool {
    let number =
        |part: &str| (1..=6).contains(&part.len()) && part.bytes().all(|b| b.is_ascii_digit());
    text.split('.').count() == 3 && text.split('.').all(number)
}

/// The file that an address of this process was loaded from, where the system tells.
pub(crate) fn file_at(address: usize) -> Option<PathBuf> {
    let maps = fs::read_to_string("/proc/self/maps").ok()?;
    let path = maps.lines().find_map(|line| {
        let (start, end) = line.split_whitespace().next()?.split_once('-')?;
        let [start, end] = [start, end].map(|hex| usize::from_str_radix(hex, 16).ok());
        (start? <= address && address < end?).then(|| line.find('/').map(|at| &line[at..]))
    })?;
    path.map(PathBuf::from)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_release_stands_in_the_ptx() {
        let head = "//\n// Generated by NVIDIA NVVM Compiler\n//\n// Compiler Build ID: CL-1\n\
                    // Cuda compilation tools, release 13.2, V13.2.78\n// Based on NVVM 21.0.0\n";
        assert_eq!(in_ptx(head), Some("13.2.78"));
        for other in ["", "// Cuda compilation tools, release 13.2, V", &head[..90], "V13.2.78"] {
            assert_eq!(in_ptx(other), None, "{other}");
        }
    }

    #[test]
    fn a_release_is_remembered_while_the_file_is_the_same() {
        let folder = tempfile::tempdir().unwrap();
        let library = folder.path().join("libnvrtc.so.13");
        fs::write(&library, "one").unwrap();
        let disk = DiskCache::open(folder.path().join("cache")).unwrap();
        let releases = || Releases::of(&disk);
        assert_eq!(releases().recall(&library), None);
        releases().remember(&library, "13.2.78");
        assert_eq!(releases().recall(&library).as_deref(), Some("13.2.78"));
        assert_eq!(releases().recall(&folder.path().join("other")), None);
        fs::write(&library, "another").unwrap();
        assert_eq!(releases().recall(&library), None);
        releases().remember(&library, "13.2.86");
        assert_eq!(releases().recall(&library).as_deref(), Some("13.2.86"));
        assert_eq!(releases().read().len(), 1);

        let later = fs::metadata(&library).unwrap().modified().unwrap();
        let later = later + std::time::Duration::from_secs(5);
        fs::File::options().append(true).open(&library).unwrap().set_modified(later).unwrap();
        assert_eq!(releases().recall(&library), None);
    }

    #[test]
    fn a_memory_that_is_damaged_or_not_a_file_is_as_good_as_none() {
        let folder = tempfile::tempdir().unwrap();
        let library = folder.path().join("libnvrtc.so.13");
        fs::write(&library, "one").unwrap();
        let disk = DiskCache::open(folder.path().join("cache")).unwrap();
        let releases = Releases::of(&disk);
        for release in ["../../x", "13.2", "13.2.78.1", ""] {
            releases.remember(&library, release);
            assert_eq!(releases.recall(&library), None, "{release}");
        }
        fs::write(disk.root().join(FILE), "[{").unwrap();
        assert_eq!(releases.recall(&library), None);
        releases.remember(&library, "13.2.78");
        assert_eq!(releases.recall(&library).as_deref(), Some("13.2.78"));
        fs::remove_file(disk.root().join(FILE)).unwrap();
        fs::create_dir(disk.root().join(FILE)).unwrap();
        releases.remember(&library, "13.2.78");
        assert_eq!(releases.recall(&library), None);
    }

    #[test]
    fn writers_that_were_killed_leave_nothing_for_good() {
        let folder = tempfile::tempdir().unwrap();
        let library = folder.path().join("libnvrtc.so.13");
        fs::write(&library, "one").unwrap();
        let disk = DiskCache::open(folder.path().join("cache")).unwrap();
        let releases = Releases::of(&disk);
        releases.remember(&library, "13.2.78");
        // As a process leaves it that is killed before the rename.
        let left = disk.staging().unwrap().join("nvrtc.json.killed");
        fs::create_dir(&left).unwrap();
        fs::write(left.join(FILE), "[").unwrap();
        let long_ago = std::time::SystemTime::now() - std::time::Duration::from_secs(7200);
        fs::File::open(&left).unwrap().set_modified(long_ago).unwrap();
        releases.remember(&library, "13.2.86");
        assert!(!left.exists());
        assert_eq!(releases.recall(&library).as_deref(), Some("13.2.86"));
        assert_eq!(fs::read_dir(disk.staging().unwrap()).unwrap().count(), 0);
        let names = fs::read_dir(disk.root()).unwrap().map(|entry| entry.unwrap().file_name());
        assert_eq!(names.filter(|name| name != "v1").collect::<Vec<_>>(), [FILE]);
    }

    #[cfg(target_os = "linux")]
    #[test]
    fn the_file_of_an_address_is_known() {
        let here = a_memory_that_is_damaged_or_not_a_file_is_as_good_as_none as fn() as usize;
        assert_eq!(file_at(here), std::env::current_exe().ok());
        assert_eq!(file_at(0), None);
    }
}
