//! The package folders of Python environments, where pip puts NVIDIA's libraries and programs.
//!
//! They are found by where Python keeps packages; no Python is run. An environment that is active
//! goes first, then the user's own packages, then every Python on `PATH`, then the system's.

use super::error::Tried;
use super::folders::{children, named};
use crate::library::environment::{absolute, folders};
use std::env;
use std::ffi::OsString;
use std::path::{Path, PathBuf};

/// Where a search looks.
pub(super) struct Places<'a> {
    /// The value of a variable, where it is not empty.
    pub(super) value: &'a dyn Fn(&str) -> Option<OsString>,
    pub(super) home: Option<PathBuf>,
    /// Prefixes of the system's own Python. As root pip installs below `/usr/local`, whatever the
    /// prefix of the Python that runs it.
    pub(super) system: &'a [&'a str],
}

const SYSTEM: [&str; 2] = ["/usr/local", "/usr"];

/// The package folders of this process' environments; refused paths go to `tried`.
pub(super) fn packages(tried: &mut Tried) -> Vec<PathBuf> {
    let value = crate::library::environment::variable;
    Places { value: &value, home: env::home_dir(), system: &SYSTEM }.packages(tried)
}

/// The folders of this name in the packages of NVIDIA, `nvidia/*/<name>`, of Python environments.
/// Refused paths go to `tried`.
pub(crate) fn python_wheels(name: &str, tried: &mut Tried) -> Vec<PathBuf> {
    let packages = packages(tried).into_iter();
    let wheels = packages.flat_map(|folder| children(&folder.join("nvidia")));
    wheels.map(|wheel| wheel.join(name)).filter(|folder| folder.is_dir()).collect()
}

impl Places<'_> {
    pub(super) fn packages(&self, tried: &mut Tried) -> Vec<PathBuf> {
        let mut packages = Vec::new();
        for prefix in self.prefixes(tried) {
            // Some distributions keep packages with machine code in a folder of its own.
            let pythons =
                ["lib", "lib64"].into_iter().flat_map(|lib| named(&prefix.join(lib), "python3"));
            for python in pythons {
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

    /// The folders that have a `lib/python3*`.
    fn prefixes(&self, tried: &mut Tried) -> Vec<PathBuf> {
        let mut prefixes = Vec::new();
        for variable in ["VIRTUAL_ENV", "CONDA_PREFIX"] {
            prefixes.extend(self.path(variable, tried));
        }
        // The user's folder: for `pip install --user`, and for pip where it may not write elsewhere.
        let home = self.home.as_ref().filter(|home| home.is_absolute());
        let user = home.map(|home| home.join(".local"));
        prefixes.extend(self.path("PYTHONUSERBASE", tried).or(user));
        for bin in folders(&(self.value)("PATH").unwrap_or_default()) {
            let pythons = ["python3", "python"].map(|name| bin.join(name));
            for python in pythons.iter().filter(|python| python.is_file()) {
                prefixes.extend(self.behind_shims(&bin));
                prefixes.extend(bin.parent().map(Path::to_owned));
                let real = python.canonicalize().unwrap_or_else(|_| python.clone());
                prefixes.extend(real.parent().and_then(Path::parent).map(Path::to_owned));
            }
        }
        prefixes.extend(self.system.iter().map(PathBuf::from));
        prefixes
    }

    /// The versions behind the programs of a folder `shims`: pyenv's, the chosen ones first, then asdf's
    /// and mise's.
    fn behind_shims(&self, bin: &Path) -> Vec<PathBuf> {
        let root = bin.parent().filter(|_| bin.file_name() == Some("shims".as_ref()));
        let Some(root) = root else { return Vec::new() };
        let versions = root.join("versions");
        let chosen = match (self.value)("PYENV_VERSION") {
            Some(names) => names.to_string_lossy().into_owned(),
            None => std::fs::read_to_string(root.join("version")).unwrap_or_default(),
        };
        let plain = |name: &&str| !name.contains(['/', '\\']);
        let names = chosen.split([':', '\n']).map(str::trim).filter(|name| !name.is_empty());
        let mut found: Vec<_> = names.filter(plain).map(|name| versions.join(name)).collect();
        found.extend(children(&versions));
        found.extend(children(&root.join("installs/python")));
        found
    }

    fn path(&self, variable: &str, tried: &mut Tried) -> Option<PathBuf> {
        let value = (self.value)(variable)?;
        let place = format!("{variable}={}", value.display());
        absolute(value).map_err(|reason| tried.push((place, reason.to_owned()))).ok()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::fs;

    /// Makes package folders below a place, each as `PREFIX/lib/python3.N/PACKAGES`.
    fn make(place: &Path, folders: &[&str]) {
        folders.iter().for_each(|folder| fs::create_dir_all(place.join(folder)).unwrap());
    }

    /// The package folders that are found below a place with these variables, relative to it.
    fn found(place: &Path, variables: &[(&str, &str)], tried: &mut Tried) -> Vec<String> {
        let below = |text: &str| text.replace('@', place.to_str().unwrap());
        let value = |name: &str| {
            let (_, value) = variables.iter().find(|(known, _)| *known == name)?;
            Some(below(value).into())
        };
        let system = [below("@/usr/local"), below("@/usr")];
        let system: Vec<&str> = system.iter().map(String::as_str).collect();
        let places = Places { value: &value, home: Some(place.join("home")), system: &system };
        let packages = places.packages(tried).into_iter();
        packages
            .map(|folder| folder.strip_prefix(place).unwrap().to_str().unwrap().to_owned())
            .collect()
    }

    #[test]
    fn packages_are_found_where_pip_puts_them() {
        let place = tempfile::tempdir().unwrap();
        let all = [
            "venv/lib/python3.12/site-packages",
            "conda/lib/python3.11/site-packages",
            "home/.local/lib/python3.13/site-packages",
            "pyenv/versions/3.12.8/lib/python3.12/site-packages",
            "pyenv/versions/3.11.9/lib/python3.11/site-packages",
            "usr/local/lib/python3.13/dist-packages",
            "usr/local/lib64/python3.13/site-packages",
            "usr/lib/python3/dist-packages",
        ];
        make(place.path(), &all);
        make(place.path(), &["pyenv/shims", "empty"]);
        fs::write(place.path().join("pyenv/shims/python3"), "").unwrap();
        fs::write(place.path().join("pyenv/version"), "3.12.8\n").unwrap();
        let variables = [
            ("VIRTUAL_ENV", "@/venv"),
            ("CONDA_PREFIX", "@/conda"),
            ("PATH", "@/empty:@/pyenv/shims"),
        ];
        let mut tried = Vec::new();
        assert_eq!(found(place.path(), &variables, &mut tried), all);
        assert_eq!(tried, []);
        let other = [("PATH", "@/pyenv/shims"), ("PYENV_VERSION", "3.11.9")];
        assert!(found(place.path(), &other, &mut tried)[1].starts_with("pyenv/versions/3.11.9/"));
        let user = [("PYTHONUSERBASE", "@/venv")];
        assert_eq!(found(place.path(), &user, &mut tried)[0], all[0]);
    }

    #[test]
    fn an_environment_that_is_named_by_a_relative_path_is_refused() {
        let place = tempfile::tempdir().unwrap();
        let mut tried = Vec::new();
        let names = ["VIRTUAL_ENV", "CONDA_PREFIX", "PYTHONUSERBASE"];
        let variables = names.map(|name| (name, "."));
        assert_eq!(found(place.path(), &variables, &mut tried), [""; 0]);
        let refused: Vec<_> = tried.iter().map(|(place, _)| place.as_str()).collect();
        assert_eq!(refused, names.map(|name| format!("{name}=.")));
        assert!(tried.iter().all(|(_, reason)| reason.contains("absolute path")), "{tried:?}");
    }
}
