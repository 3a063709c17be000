//! Finds the shared libraries that the runtime loads: NVRTC and the CUDA driver. What else is looked
//! for where they lie is looked for with the same lists of folders.
//!
//! The search is a list of places, tried in order; it runs no program. What it does not do: it
//! never picks a library by version, and it never panics. When nothing is found, the error names
//! every place that was tried and the command that installs the library.

use libloading::Library;
use std::env;
use std::ffi::OsString;
use std::fmt;
use std::path::{Path, PathBuf};
use std::sync::OnceLock;

/// A library that could not be loaded, or a program that is not there, and every place that was
/// tried.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub struct LibraryError {
    /// What was looked for: `libnvrtc`, `libcuda`.
    pub library: &'static str,
    /// Each place that was tried, and why it did not do.
    pub tried: Vec<(String, String)>,
    /// What to do about it.
    pub remedy: &'static str,
}

impl fmt::Display for LibraryError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} was not found. Looked in:", self.library)?;
        for (place, reason) in &self.tried {
            write!(f, "\n  - {place}: {reason}")?;
        }
        write!(f, "\n{}", self.remedy)
    }
}

/// A loaded library and where it came from.
#[derive(Debug)]
pub(crate) struct Found {
    pub(crate) library: Library,
    /// The file, or the name by which the system loader found it.
    pub(crate) path: String,
    /// A library that must stay loaded with it.
    _companion: Option<Library>,
}

const NVRTC_REMEDY: &str = "Install it with `python3 -m pip install nvidia-cuda-nvrtc`, \
     or set TOPKIT_NVRTC to the library file or its folder.";
const DRIVER_REMEDY: &str = "libcuda comes with the NVIDIA driver; install the driver of this \
     machine's GPU. Without a GPU, use Engine::offline or topkit::host.";

/// Loads NVRTC: from `TOPKIT_NVRTC` alone when it is set; else from the system loader, from
/// `CUDA_HOME` and `CUDA_PATH`, or from the active Python environment, in that order.
pub(crate) fn nvrtc() -> Result<Found, LibraryError> {
    let mut search = Search { library: "libnvrtc", tried: Vec::new(), remedy: NVRTC_REMEDY };
    if let Some(chosen) = env::var_os("TOPKIT_NVRTC") {
        let chosen = PathBuf::from(chosen);
        let place = format!("TOPKIT_NVRTC={}", chosen.display());
        let found = if chosen.is_dir() {
            search.folder(&place, &chosen)
        } else {
            search.file(&place, &chosen)
        };
        return found.ok_or_else(|| search.failed());
    }
    let names = ["libnvrtc.so", "libnvrtc.so.13", "libnvrtc.so.12"];
    names
        .iter()
        .find_map(|name| search.name(name))
        .or_else(|| {
            let below = ["lib64", "lib", "targets/x86_64-linux/lib"];
            let folders = cuda_folders(&|name| env::var_os(name), &below);
            folders.iter().find_map(|(place, path)| search.folder(place, path))
        })
        .or_else(|| search.python())
        .ok_or_else(|| search.failed())
}

/// Loads the CUDA driver library and keeps it loaded, so that the bindings, which look for it by
/// name alone and panic without it, find it: from the system loader, from `CUDA_HOME` and
/// `CUDA_PATH`, or from the folders in which containers and WSL keep it, in that order.
pub(crate) fn driver() -> Result<(), LibraryError> {
    static DRIVER: OnceLock<Found> = OnceLock::new();
    if DRIVER.get().is_some() {
        return Ok(());
    }
    let mut search = Search { library: "libcuda", tried: Vec::new(), remedy: DRIVER_REMEDY };
    let mut folders = cuda_folders(&|name| env::var_os(name), &["compat"]);
    for folder in ["/usr/local/nvidia/lib64", "/usr/lib/wsl/lib"] {
        folders.push((format!("driver folder, {folder}"), PathBuf::from(folder)));
    }
    let found =
        ["libcuda.so.1", "libcuda.so"].iter().find_map(|name| search.name(name)).or_else(|| {
            folders.iter().find_map(|(at, path)| search.file(at, &path.join("libcuda.so.1")))
        });
    match found {
        Some(found) => {
            DRIVER.get_or_init(|| found);
            Ok(())
        }
        None => Err(search.failed()),
    }
}

struct Search {
    library: &'static str,
    tried: Vec<(String, String)>,
    remedy: &'static str,
}

impl Search {
    fn failed(&self) -> LibraryError {
        LibraryError { library: self.library, tried: self.tried.clone(), remedy: self.remedy }
    }

    fn miss(&mut self, place: &str, reason: impl fmt::Display) -> Option<Found> {
        self.tried.push((place.to_owned(), reason.to_string()));
        None
    }

    /// By name, through the system loader.
    fn name(&mut self, name: &str) -> Option<Found> {
        match open(Path::new(name)) {
            Ok(library) => Some(Found { library, path: name.to_owned(), _companion: None }),
            Err(_) => self.miss(&format!("system loader, {name}"), "not known to it"),
        }
    }

    /// One file.
    fn file(&mut self, place: &str, path: &Path) -> Option<Found> {
        if !path.is_file() {
            return self.miss(place, "no such file");
        }
        // NVRTC opens its builtins by name, which works only where the loader knows the folder.
        let companion = path.parent().and_then(|folder| {
            let builtins = named(folder, "libnvrtc-builtins.so.").into_iter().next()?;
            open(&builtins).ok()
        });
        match open(path) {
            Ok(library) => {
                Some(Found { library, path: path.display().to_string(), _companion: companion })
            }
            Err(error) => self.miss(place, format!("{} did not load: {error}", path.display())),
        }
    }

    /// The newest `libnvrtc.so.N` of a folder.
    fn folder(&mut self, place: &str, folder: &Path) -> Option<Found> {
        match named(folder, "libnvrtc.so").pop() {
            Some(path) => self.file(place, &path),
            None => self.miss(place, "no libnvrtc.so in it"),
        }
    }

    /// The `nvidia/*/lib` folders of the active Python environment, where PyTorch keeps its own.
    fn python(&mut self) -> Option<Found> {
        let packages = python_packages();
        if packages.is_empty() {
            return self.miss("Python environment", "no python3 on PATH");
        }
        for folder in packages {
            let wheels = children(&folder.join("nvidia"));
            let libraries = wheels.into_iter().map(|wheel| wheel.join("lib"));
            for library in libraries.filter(|library| !named(library, "libnvrtc.so").is_empty()) {
                let place = format!("Python environment, {}", library.display());
                if let Some(found) = self.folder(&place, &library) {
                    return Some(found);
                }
            }
            let place = format!("Python environment, {}/nvidia/*/lib", folder.display());
            self.miss(&place, "no libnvrtc.so in it");
        }
        None
    }
}

fn open(path: &Path) -> Result<Library, libloading::Error> {
    // SAFETY: loading runs the library's initialisers; the names opened here are NVIDIA's own
    // libraries, or the file that the user names as one.
    unsafe { Library::new(path) }
}

/// Folders below the toolkits that the environment names, each with a name for messages.
pub(crate) fn cuda_folders(
    value: &impl Fn(&'static str) -> Option<OsString>,
    below: &[&str],
) -> Vec<(String, PathBuf)> {
    let mut folders = Vec::new();
    for variable in ["CUDA_HOME", "CUDA_PATH"] {
        if let Some(root) = value(variable) {
            for below in below {
                let folder = Path::new(&root).join(below);
                folders.push((format!("{variable}, {}", folder.display()), folder));
            }
        }
    }
    folders
}

/// The folders of this name in the packages of NVIDIA, `nvidia/*/<name>`, of Python environments.
pub(crate) fn python_wheels(name: &str) -> Vec<PathBuf> {
    let packages = python_packages().into_iter();
    let wheels = packages.flat_map(|folder| children(&folder.join("nvidia")));
    wheels.map(|wheel| wheel.join(name)).filter(|folder| folder.is_dir()).collect()
}

/// The package folders of the Python environments that are active or on PATH.
fn python_packages() -> Vec<PathBuf> {
    let mut prefixes: Vec<PathBuf> =
        ["VIRTUAL_ENV", "CONDA_PREFIX"].iter().filter_map(env::var_os).map(PathBuf::from).collect();
    for bin in env::var_os("PATH").iter().flat_map(env::split_paths) {
        let python = bin.join("python3");
        if python.is_file() {
            prefixes.extend(bin.parent().map(Path::to_owned));
            let real = python.canonicalize().unwrap_or(python);
            prefixes.extend(real.parent().and_then(Path::parent).map(Path::to_owned));
        }
    }
    let mut packages = Vec::new();
    for prefix in prefixes {
        for python in named(&prefix.join("lib"), "python3") {
            for below in ["site-packages", "dist-packages"] {
                let folder = python.join(below);
                if folder.is_dir() && !packages.contains(&folder) {
                    packages.push(folder);
                }
            }
        }
    }
    packages
}

fn children(folder: &Path) -> Vec<PathBuf> {
    let entries = std::fs::read_dir(folder).into_iter().flatten().flatten();
    let mut paths: Vec<_> = entries.map(|entry| entry.path()).collect();
    paths.sort();
    paths
}

/// The entries of a folder whose names start so, in ascending order.
fn named(folder: &Path, start: &str) -> Vec<PathBuf> {
    let starts = |path: &PathBuf| {
        path.file_name().and_then(|name| name.to_str()).is_some_and(|name| name.starts_with(start))
    };
    children(folder).into_iter().filter(starts).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_failed_search_names_every_place_and_the_remedy() {
        let mut search = Search { library: "libnvrtc", tried: Vec::new(), remedy: NVRTC_REMEDY };
        let empty = tempfile::tempdir().unwrap();
        assert!(search.folder("CUDA_HOME, lib64", empty.path()).is_none());
        assert!(search.file("TOPKIT_NVRTC", &empty.path().join("libnvrtc.so.13")).is_none());
        let torn = empty.path().join("libnvrtc.so.12");
        std::fs::write(&torn, b"not a library").unwrap();
        assert!(search.folder("CUDA_PATH, lib", empty.path()).is_none());
        let message = search.failed().to_string();
        for part in
            ["CUDA_HOME, lib64", "TOPKIT_NVRTC", "no such file", "did not load", "pip install"]
        {
            assert!(message.contains(part), "{part} is not in:\n{message}");
        }
    }
}
