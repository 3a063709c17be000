//! The folders in which CUDA toolkits keep libraries and programs, and the entries of a folder.
//!
//! No library is opened and no program is run. A relative path of the environment goes to `tried`, with
//! the reason, and is not searched.

use super::environment::absolute;
use super::error::Tried;
use std::ffi::OsString;
use std::path::{Path, PathBuf};

/// Folders below the toolkits that the environment names, each with a name for messages. Refused paths
/// go to `tried`.
pub(crate) fn cuda_folders(
    value: &impl Fn(&str) -> Option<OsString>,
    below: &[&str],
    tried: &mut Tried,
) -> Vec<(String, PathBuf)> {
    let roots = ["CUDA_HOME", "CUDA_PATH"].into_iter();
    roots.flat_map(|root| folders_below(root, value, below, tried)).collect()
}

pub(super) fn folders_below(
    variable: &str,
    value: &impl Fn(&str) -> Option<OsString>,
    below: &[&str],
    tried: &mut Tried,
) -> Vec<(String, PathBuf)> {
    let Some(root) = value(variable) else { return Vec::new() };
    let place = format!("{variable}={}", root.display());
    let root = match absolute(root) {
        Ok(root) => root,
        Err(reason) => {
            tried.push((place, reason.to_owned()));
            return Vec::new();
        }
    };
    let named = |below: &&str| {
        let folder = root.join(below);
        (format!("{variable}, {}", folder.display()), folder)
    };
    below.iter().map(named).collect()
}

pub(super) fn children(folder: &Path) -> Vec<PathBuf> {
    let entries = std::fs::read_dir(folder).into_iter().flatten().flatten();
    let mut paths: Vec<_> = entries.map(|entry| entry.path()).collect();
    paths.sort();
    paths
}

/// The entries of a folder whose names start so, in ascending order.
pub(super) fn named(folder: &Path, start: &str) -> Vec<PathBuf> {
    let starts = |path: &PathBuf| {
        path.file_name().and_then(|name| name.to_str()).is_some_and(|name| name.starts_with(start))
    };
    children(folder).into_iter().filter(starts).collect()
}
