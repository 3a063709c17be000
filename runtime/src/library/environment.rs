//! Paths that variables of the environment name, by one rule for all of them.
//!
//! An empty value counts as unset. A relative path is refused wherever the file it names would be
//! loaded, run or compiled: it names another file in every working directory, so a user who can write to
//! one could choose the code that runs. No file is opened here.

use crate::library::{LEADS_HERE, LoaderPath};
use std::env;
use std::ffi::{OsStr, OsString};
use std::path::PathBuf;

/// Why a relative path is refused, and the remedy.
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

/// Variables that name toolkits, Python environments or the loader's folders, which others set too.
const OF_OTHERS: [&str; 5] =
    ["CUDA_HOME", "CUDA_PATH", "VIRTUAL_ENV", "CONDA_PREFIX", "PYTHONUSERBASE"];

/// The variables of other programs that have relative paths, a sentence for each. Their folders are not
/// searched; engines are still made.
pub fn unsearched() -> Vec<String> {
    unsearched_by(&variable)
}

fn unsearched_by(value: &impl Fn(&str) -> Option<OsString>) -> Vec<String> {
    let relative = |name: &&str| {
        let path = PathBuf::from(value(name)?);
        let said = format!("{name}: {}: {RELATIVE}", path.display());
        (!path.is_absolute()).then_some(said)
    };
    let loader = LoaderPath::of(value("LD_LIBRARY_PATH")).leads_here();
    let loader = loader.then(|| LEADS_HERE.to_owned());
    OF_OTHERS.iter().filter_map(relative).chain(loader).collect()
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
    fn what_is_not_searched_is_told_with_what_to_do() {
        let none = unsearched_by(&|name| match name {
            "CUDA_HOME" => Some("/cuda".into()),
            "LD_LIBRARY_PATH" => Some("/lib".into()),
            _ => None,
        });
        assert_eq!(none, [""; 0]);
        let all = unsearched_by(&|_| Some("lib".into()));
        for (said, name) in all.iter().zip(OF_OTHERS.iter().chain(&["LD_LIBRARY_PATH"])) {
            assert!(said.starts_with(name), "{said}");
        }
        assert_eq!(all.iter().filter(|said| said.contains("give an absolute path")).count(), 5);
        assert!(all[5].contains("take the item out"), "{}", all[5]);
    }

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
