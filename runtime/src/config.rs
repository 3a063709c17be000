//! What the environment says, read once and in one place.
//!
//! | variable | meaning |
//! |---|---|
//! | `TOPKIT_CACHE` | `off` keeps no kernel on disk; unset, empty or `on` keeps them |
//! | `TOPKIT_CACHE_DIR` | the folder of the disk cache; else `topkit` in the user's cache folder |
//! | `TOPKIT_DUMP` | a folder that sources, machine code and logs are written to |
//! | `TOPKIT_OVERRIDE` | a folder of edited sources, laid out as a dump, that are compiled instead |
//!
//! It looks at no file and makes no folder. It cannot fail: a value that makes no sense is logged
//! and the default stands.

use etcetera::BaseStrategy;
use std::env;
use std::ffi::OsString;
use std::path::PathBuf;

/// Settings of a process. [`Config::from_env`] reads them; a program may also fill them in.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Config {
    /// The folder of the disk cache; `None` keeps no kernel on disk.
    pub cache_dir: Option<PathBuf>,
    /// The folder that sources, machine code and logs are written to, if any.
    pub dump_dir: Option<PathBuf>,
    /// A folder of edited sources. A kernel whose `<symbol>-<arch>/kernel.cu`, as a dump names it, is
    /// there and differs from the generated text is compiled from that file, with a warning. A file
    /// is read when its kernel is first loaded or is looked at; one that no kernel asks for is not.
    ///
    /// ```
    /// let config = topkit::Config {
    ///     override_dir: Some("edited".into()),
    ///     ..topkit::Config::from_env()
    /// };
    /// ```
    pub override_dir: Option<PathBuf>,
}

impl Config {
    /// What the environment of this process says.
    pub fn from_env() -> Config {
        Config::read(|name| env::var_os(name), user_cache)
    }

    fn read(
        variable: impl Fn(&str) -> Option<OsString>,
        user_cache: impl FnOnce() -> Option<PathBuf>,
    ) -> Config {
        let value = |name| variable(name).filter(|value| !value.is_empty());
        let on = match value("TOPKIT_CACHE") {
            None => true,
            Some(text) if text == "off" => false,
            Some(text) if text == "on" => true,
            Some(text) => {
                tracing::warn!("TOPKIT_CACHE is {text:?}; it can be `on` or `off`, and stays on");
                true
            }
        };
        let cache_dir = || match value("TOPKIT_CACHE_DIR") {
            Some(path) => Some(PathBuf::from(path)),
            None => Some(user_cache()?.join("topkit")),
        };
        Config {
            cache_dir: if on { cache_dir() } else { None },
            dump_dir: value("TOPKIT_DUMP").map(PathBuf::from),
            override_dir: value("TOPKIT_OVERRIDE").map(PathBuf::from),
        }
    }
}

/// The folder in which this platform's programs keep what they can make again.
fn user_cache() -> Option<PathBuf> {
    etcetera::choose_base_strategy()
        .inspect_err(|error| {
            tracing::warn!("no kernel is kept on disk: {error}; set TOPKIT_CACHE_DIR to a folder")
        })
        .ok()
        .map(|strategy| strategy.cache_dir())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(variables: &[(&str, &str)]) -> Config {
        let find = |name: &str| variables.iter().find(|(n, _)| *n == name).map(|(_, v)| v.into());
        Config::read(find, || Some(PathBuf::from("caches")))
    }

    #[test]
    fn the_cache_is_in_the_users_folder_unless_told() {
        let usual = Some(PathBuf::from("caches/topkit"));
        assert_eq!(read(&[]).cache_dir, usual);
        assert_eq!(read(&[("TOPKIT_CACHE_DIR", ""), ("TOPKIT_CACHE", "")]).cache_dir, usual);
        assert_eq!(read(&[("TOPKIT_CACHE", "on")]).cache_dir, usual);
        assert_eq!(read(&[("TOPKIT_CACHE", "no idea")]).cache_dir, usual);
        assert_eq!(read(&[("TOPKIT_CACHE_DIR", "big")]).cache_dir, Some("big".into()));
    }

    #[test]
    fn the_cache_can_be_off() {
        assert_eq!(read(&[("TOPKIT_CACHE", "off")]).cache_dir, None);
        let both = read(&[("TOPKIT_CACHE", "off"), ("TOPKIT_CACHE_DIR", "big")]);
        assert_eq!(both.cache_dir, None);
        assert_eq!(Config::read(|_| None, || None).cache_dir, None);
    }

    #[test]
    fn a_dump_is_made_on_request() {
        assert_eq!(read(&[]).dump_dir, None);
        assert_eq!(read(&[("TOPKIT_DUMP", "dumps")]).dump_dir, Some("dumps".into()));
    }

    #[test]
    fn sources_are_replaced_on_request() {
        assert_eq!(read(&[("TOPKIT_OVERRIDE", "")]).override_dir, None);
        assert_eq!(read(&[("TOPKIT_OVERRIDE", "dumps")]).override_dir, Some("dumps".into()));
    }
}
