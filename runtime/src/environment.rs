//! Paths that variables of the environment name, by one rule for all of them.
//!
//! An empty value counts as unset. A relative path is refused wherever the file it names would be
//! loaded, run or compiled: it names another file in every working directory, and whoever can write
//! there would decide what runs. No file is looked at here.

use std::env;
use std::ffi::{OsStr, OsString};
use std::path::PathBuf;

/// Why a relative path is refused, and what to do.
pub(crate) const RELATIVE: &str = "a relative path names another place in every working directory \
                                   and is not used; give an absolute path";

/// The value of a variable; an empty one counts as unset.
pub(crate) fn variable(name: &str) -> Option<OsString> {
    env::var_os(name).filter(|value| !value.is_empty())
}

/// The path, where it may be used.
pub(crate) fn absolute(path: impl Into<PathBuf>) -> Result<PathBuf, &'static str> {
    let path = path.into();
    if path.is_absolute() { Ok(path) } else { Err(RELATIVE) }
}

/// The folders of a list like `PATH`. An empty entry means the working directory, and is left out
/// as a relative one is.
pub(crate) fn folders(list: &OsStr) -> Vec<PathBuf> {
    env::split_paths(list).filter(|folder| folder.is_absolute()).collect()
}

/// The program of this name in the first folder of a list like `PATH` that has one.
#[cfg(feature = "interpret")]
pub(crate) fn program(name: &str, list: &OsStr) -> Option<PathBuf> {
    use std::os::unix::fs::PermissionsExt;
    let runs = |file: &PathBuf| {
        let found = file.metadata();
        found.is_ok_and(|found| found.is_file() && found.permissions().mode() & 0o111 != 0)
    };
    folders(list).into_iter().map(|folder| folder.join(name)).find(runs)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_working_directory_is_never_searched() {
        let listed = folders(OsStr::new(":/a::b:./c:../d:/e:"));
        assert_eq!(listed, ["/a", "/e"].map(PathBuf::from));
        assert_eq!(folders(OsStr::new("")), [""; 0].map(PathBuf::from));
        assert_eq!(absolute("/a/b"), Ok("/a/b".into()));
        for path in ["", "a", "./a", "../a", "~/a"] {
            assert!(absolute(path).unwrap_err().contains("absolute path"), "{path}");
        }
    }
}
