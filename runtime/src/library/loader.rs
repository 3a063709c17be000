//! The folders that the system's loader searches for a library by name, without the working directory.
//!
//! The loader searches the items of `LD_LIBRARY_PATH` first. An empty or relative item means a folder of
//! the working directory. If there is such an item, no library is opened by name: the other items and the
//! loader's default folders are searched by file. No file is opened here.

use super::folders::named;
use std::ffi::OsString;
use std::path::PathBuf;

/// Folders that loaders search by default, or by the configuration of CUDA packages; a loader does not
/// list them.
const USUAL: [&str; 6] = [
    if cfg!(target_arch = "aarch64") {
        "/usr/lib/aarch64-linux-gnu"
    } else {
        "/usr/lib/x86_64-linux-gnu"
    },
    "/usr/lib64",
    "/usr/lib",
    "/lib",
    "/usr/local/lib",
    "/usr/local/cuda/lib64",
];

/// Why nothing is opened by name, and the remedy.
pub(crate) const LEADS_HERE: &str = "LD_LIBRARY_PATH has an empty or relative item, by which the loader would take libraries from the \
     working directory, so nothing is opened by name; take the item out";

/// The items of `LD_LIBRARY_PATH`.
#[derive(Debug)]
pub(crate) struct LoaderPath {
    absolute: Vec<PathBuf>,
    /// The folders that depend on the working directory; an empty one is `.`.
    relative: Vec<PathBuf>,
}

impl LoaderPath {
    /// From the value of the variable; an empty value counts as unset.
    pub(crate) fn of(list: Option<OsString>) -> LoaderPath {
        let mut path = LoaderPath { absolute: Vec::new(), relative: Vec::new() };
        let list = list.unwrap_or_default();
        let list = list.to_string_lossy();
        // The loader puts the program's own folder for these words.
        let own = |item: &str| item.starts_with("$ORIGIN") || item.starts_with("${ORIGIN}");
        let items = list.split([':', ';']).filter(|item| !list.is_empty() && !own(item));
        for item in items.map(|item| PathBuf::from(if item.is_empty() { "." } else { item })) {
            match item.is_absolute() {
                true => path.absolute.push(item),
                false => path.relative.push(item),
            }
        }
        path
    }

    /// Whether a library that is opened by name may come from the working directory.
    pub(crate) fn leads_here(&self) -> bool {
        !self.relative.is_empty()
    }

    /// The folders to search in the loader's place, with names for messages.
    pub(super) fn folders(&self) -> Vec<(String, PathBuf)> {
        let listed = self.absolute.iter().map(|folder| ("LD_LIBRARY_PATH", folder.clone()));
        let usual = USUAL.iter().map(|folder| ("system folder", PathBuf::from(folder)));
        listed
            .chain(usual)
            .map(|(place, folder)| (format!("{place}, {}", folder.display()), folder))
            .collect()
    }

    /// The file in the working directory that the loader would take for a name with one of these starts.
    pub(super) fn taken_here(&self, starts: &[&str]) -> Option<PathBuf> {
        // The loader prefers files in this folder, for processors of its kind.
        let starts = starts.iter().chain(&["glibc-hwcaps"]);
        starts.flat_map(|start| self.relative.iter().flat_map(|folder| named(folder, start))).next()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_empty_or_relative_item_leads_to_the_working_directory() {
        let of = |list: &str| LoaderPath::of(Some(list.into()));
        for list in [":", "/a:", ":/a", "/a::/b", ".", "/a:lib", "./lib", "/a;", "/a;;/b", "$LIB"] {
            assert!(of(list).leads_here(), "{list}");
        }
        for list in ["", "/a", "/a:/b;/c", "$ORIGIN/../lib", "${ORIGIN}:/a"] {
            assert!(!of(list).leads_here(), "{list}");
        }
        assert!(!LoaderPath::of(None).leads_here());
        let folders = of(":/a;/b").folders();
        let paths: Vec<_> = folders.iter().map(|(_, folder)| folder.to_str().unwrap()).collect();
        assert_eq!(paths[..2], ["/a", "/b"]);
        assert_eq!(paths[2..], USUAL);
        assert_eq!(folders[0].0, "LD_LIBRARY_PATH, /a");
    }

    #[test]
    fn what_would_be_taken_from_the_working_directory_is_named() {
        // The working directory of unit tests has sources and no library.
        let here = LoaderPath::of(Some(":".into()));
        assert_eq!(here.taken_here(&["libcuda"]), None);
        let file = here.taken_here(&["libcuda", "Cargo.toml"]);
        assert_eq!(file, Some("./Cargo.toml".into()));
        assert_eq!(LoaderPath::of(Some("/a".into())).taken_here(&["Cargo.toml"]), None);
    }
}
