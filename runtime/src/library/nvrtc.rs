//! Finds NVRTC, and the builtins that it loads at its first compile.
//!
//! Of a folder with several it takes the newest that loads; of the places, the first that has one.

use super::environment::{absolute, variable};
use super::error::{LibraryError, refusal};
use super::folders::{children, cuda_folders, folders_below, named};
use super::python;
use super::search::{Found, Search, open};
use std::ffi::OsString;
use std::path::{Path, PathBuf};

const NVRTC_REMEDY: &str = "Install it with `python3 -m pip install nvidia-cuda-nvrtc`, \
     or set TOPKIT_NVRTC to the library file or its folder.";

/// Loads NVRTC: from `TOPKIT_NVRTC` alone when it is set; else from the system loader, from
/// `CUDA_HOME`, `CUDA_PATH` and `CONDA_PREFIX`, or from Python packages, in that order.
pub(crate) fn nvrtc() -> Result<Found, LibraryError> {
    nvrtc_by(&variable)
}

fn nvrtc_by(value: &impl Fn(&str) -> Option<OsString>) -> Result<Found, LibraryError> {
    let mut search = Search::of("libnvrtc", NVRTC_REMEDY, value);
    if let Some(chosen) = value("TOPKIT_NVRTC") {
        let place = format!("TOPKIT_NVRTC={}", chosen.display());
        let found = match absolute(chosen) {
            Err(reason) => {
                (search.unusable, search.refused) = (true, Some("TOPKIT_NVRTC"));
                search.remedy = refusal("TOPKIT_NVRTC");
                search.miss(&place, reason)
            }
            Ok(folder) if folder.is_dir() => search.folder(&place, &folder),
            Ok(file) => search.file(&place, &file),
        };
        return found.ok_or_else(|| search.failed());
    }
    let names = ["libnvrtc.so", "libnvrtc.so.13", "libnvrtc.so.12"];
    search
        .names(&names, |search, place, folder| search.folder(place, folder))
        .or_else(|| {
            let machine = format!("targets/{}/lib", TARGET);
            let below = ["lib64", "lib", &machine];
            let mut folders = cuda_folders(value, &below, &mut search.tried);
            folders.extend(folders_below("CONDA_PREFIX", value, &below[1..], &mut search.tried));
            folders.iter().find_map(|(place, path)| search.folder(place, path))
        })
        .or_else(|| search.python())
        .ok_or_else(|| search.failed())
}

/// The name of this processor's folder in a CUDA toolkit.
const TARGET: &str = if cfg!(target_arch = "aarch64") { "sbsa-linux" } else { "x86_64-linux" };

impl Search {
    /// The newest `libnvrtc.so.N` of a folder that loads.
    fn folder(&mut self, place: &str, folder: &Path) -> Option<Found> {
        let mut files = named(folder, NVRTC);
        files.retain(|file| version_behind(NVRTC, file).is_some());
        files.sort_by_key(|file| version_behind(NVRTC, file));
        if files.is_empty() {
            return self.miss(place, "no libnvrtc.so in it");
        }
        files.iter().rev().find_map(|file| self.file(place, file))
    }

    /// The `nvidia/*/lib` folders of Python environments, where PyTorch keeps its own.
    fn python(&mut self) -> Option<Found> {
        let packages = python::packages(&mut self.tried);
        if packages.is_empty() {
            return self.miss("Python packages", "no python3 on PATH, and no folder of packages");
        }
        for folder in packages {
            let wheels = children(&folder.join("nvidia"));
            let libraries = wheels.into_iter().map(|wheel| wheel.join("lib"));
            for library in libraries.filter(|library| !named(library, NVRTC).is_empty()) {
                let place = format!("Python packages, {}", library.display());
                if let Some(found) = self.folder(&place, &library) {
                    return Some(found);
                }
            }
            let place = format!("Python packages, {}/nvidia/*/lib", folder.display());
            self.miss(&place, "no libnvrtc.so that loads");
        }
        None
    }
}

impl Found {
    /// Loads NVRTC's builtins from the library's own folder. NVRTC opens them by name at its first
    /// compile, which works only where the loader knows the folder.
    pub(crate) fn load_builtins(&mut self, version: (i32, i32)) {
        let Some(folder) = &self.folder else { return };
        let file = builtins(folder, Path::new(&self.path), version);
        self.companion = file.and_then(|file| open(&file).ok());
    }
}

/// The builtins for a library of this version, in a folder that may have builtins of other versions and
/// releases: the library's own release, else the name that NVRTC asks for, else the newest release.
fn builtins(folder: &Path, library: &Path, (major, minor): (i32, i32)) -> Option<PathBuf> {
    const BUILTINS: &str = "libnvrtc-builtins.so";
    let name = format!("{BUILTINS}.{major}.{minor}");
    // A name such as `libnvrtc.so.13` is a link to the file of the release.
    let library = library.canonicalize().ok();
    let release = library.and_then(|file| version_behind(NVRTC, &file));
    let of_release =
        |file: &PathBuf| release.is_some() && version_behind(BUILTINS, file) == release;
    let mut releases = named(folder, &format!("{name}."));
    releases.retain(|file| file.is_file() && version_behind(BUILTINS, file).is_some());
    releases.sort_by_key(|file| version_behind(BUILTINS, file));
    let own = releases.iter().find(|file| of_release(file)).cloned();
    let short = || Some(folder.join(name)).filter(|file| file.is_file());
    own.or_else(short).or_else(|| releases.pop())
}

/// The file name of NVRTC, before its version.
const NVRTC: &str = "libnvrtc.so";

/// The numbers behind a library's name; `None` where something else is there.
fn version_behind(name: &str, file: &Path) -> Option<Vec<u32>> {
    let version = file.file_name()?.to_str()?.strip_prefix(name)?;
    version.split('.').skip(1).map(|number| number.parse().ok()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_failed_search_names_every_place_and_the_remedy() {
        let mut search = Search::of("libnvrtc", NVRTC_REMEDY, &|_| None);
        let empty = tempfile::tempdir().unwrap();
        assert!(search.folder("CUDA_HOME, lib64", empty.path()).is_none());
        assert!(search.file("TOPKIT_NVRTC", &empty.path().join("libnvrtc.so.13")).is_none());
        assert!(!search.unusable);
        let torn = empty.path().join("libnvrtc.so.12");
        std::fs::write(&torn, b"not a library").unwrap();
        assert!(search.folder("CUDA_PATH, lib", empty.path()).is_none());
        assert!(search.unusable);
        let message = search.failed().to_string();
        for part in [
            "CUDA_HOME, lib64",
            "TOPKIT_NVRTC",
            "no such file",
            // The loader's own words.
            "did not load: ",
            "file too short",
            "was found and cannot be used",
            "pip install",
        ] {
            assert!(message.contains(part), "{part} is not in:\n{message}");
        }
    }

    #[test]
    fn a_relative_path_of_the_environment_is_refused() {
        for chosen in ["libnvrtc.so.13", "lib/libnvrtc.so", ".", "./lib"] {
            let value = |name: &str| (name == "TOPKIT_NVRTC").then(|| chosen.into());
            let error = nvrtc_by(&value).unwrap_err();
            assert_eq!(error.tried.len(), 1, "{error}");
            let message = error.to_string();
            assert!(message.contains(&format!("TOPKIT_NVRTC={chosen}: ")), "{message}");
            assert!(message.contains("absolute path"), "{message}");
            assert!(error.unusable && error.summary().starts_with("TOPKIT_NVRTC, "), "{message}");
        }
        let mut tried = Vec::new();
        let value = |name: &str| (name == "CUDA_HOME").then(|| "cuda".into());
        assert_eq!(cuda_folders(&value, &["lib64"], &mut tried), []);
        assert_eq!(tried[0].0, "CUDA_HOME=cuda");
        let value = |name: &str| (name == "CUDA_PATH").then(|| "/cuda".into());
        let there = cuda_folders(&value, &["lib64", "lib"], &mut tried);
        assert_eq!(there.len(), 2);
        assert_eq!((&there[0].1, tried.len()), (&PathBuf::from("/cuda/lib64"), 1));
    }

    #[test]
    fn versions_of_a_library_are_numbers() {
        let version = |name: &str| version_behind(NVRTC, Path::new(name));
        assert_eq!(version("/a/libnvrtc.so"), Some(vec![]));
        assert_eq!(version("/a/libnvrtc.so.12.9.86"), Some(vec![12, 9, 86]));
        assert!(version("/a/libnvrtc.so.9.2") < version("/a/libnvrtc.so.13"));
        assert_eq!(version("/a/libnvrtc.so.13.bak"), None);
        assert_eq!(version("/a/libnvrtc-builtins.so.13.0"), None);
    }

    #[test]
    fn builtins_are_those_of_the_librarys_own_release() {
        let folder = tempfile::tempdir().unwrap();
        let path = |name: &str| folder.path().join(name);
        let write = |name: &str| std::fs::write(path(name), "").unwrap();
        let found = |library: &str| {
            let found = builtins(folder.path(), &path(library), (13, 0));
            found.map(|file| file.file_name().unwrap().to_str().unwrap().to_owned())
        };
        let due = |release: &str| Some(format!("libnvrtc-builtins.so.13.0{release}"));
        for name in ["libnvrtc.so.13.0.48", "libnvrtc.so.13.0.100", "libnvrtc.so"] {
            write(name);
        }
        assert_eq!(found("libnvrtc.so.13.0.48"), None);
        // Of other versions, and no library.
        for other in ["13.1.2", "12.9", "13.0.48.bak"] {
            write(&format!("libnvrtc-builtins.so.{other}"));
        }
        assert_eq!(found("libnvrtc.so.13.0.48"), None);
        for release in ["48", "88", "100"] {
            write(&format!("libnvrtc-builtins.so.13.0.{release}"));
        }
        std::os::unix::fs::symlink("libnvrtc.so.13.0.48", path("libnvrtc.so.13")).unwrap();
        assert_eq!(found("libnvrtc.so.13.0.48"), due(".48"));
        assert_eq!(found("libnvrtc.so.13"), due(".48"));
        assert_eq!(found("libnvrtc.so.13.0.100"), due(".100"));
        // Its release is not known by its name: the newest, by numbers.
        assert_eq!(found("libnvrtc.so"), due(".100"));
        write("libnvrtc-builtins.so.13.0");
        assert_eq!(found("libnvrtc.so"), due(""));
        assert_eq!(found("libnvrtc.so.13"), due(".48"));
    }
}
