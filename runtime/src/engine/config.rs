//! The settings of an engine, and the variables of the environment that set them.
//!
//! | variable | meaning |
//! |---|---|
//! | `TOPKIT_CACHE` | `off` keeps no kernel on disk; unset, empty or `on` keeps them |
//! | `TOPKIT_CACHE_DIR` | the folder of the disk cache; else `topkit` in the user's cache folder |
//! | `TOPKIT_CACHE_LIMIT` | the most bytes to keep there, like `500MB`; `off` sets no limit; else 1 GB |
//! | `TOPKIT_PACKS` | packs of compiled kernels, searched in this order, as `PATH` lists folders |
//! | `TOPKIT_DENY_JIT` | `on` denies every compile of a kernel outside `warmup` and `tune`; else `off` |
//! | `TOPKIT_DUMP` | a folder that sources, machine code and logs are written to |
//! | `TOPKIT_OVERRIDE` | a folder of edited sources, laid out as a dump, that are compiled instead |
//!
//! Reading them opens no file, makes no folder and cannot fail: an invalid value is logged, and the
//! default is used. A relative path to a file that is loaded or compiled goes to [`Config::refused`], and
//! building an engine with it fails. The dump folder is only written to, and may be relative.

use crate::compile::cache::parse_size;
use crate::library::environment::absolute;
use etcetera::BaseStrategy;
use std::env;
use std::ffi::OsString;
use std::path::PathBuf;

/// Settings of a process. [`Config::from_env`] reads them; a program may also fill them in.
///
/// ```
/// use std::path::PathBuf;
/// use topkit::Config;
///
/// let config = Config::default().cache_dir(PathBuf::from("kernels")).deny_jit(true);
/// assert_eq!(config.cache_limit, Some(1_000_000_000));
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Config {
    /// The folder of the disk cache; `None`, the default, keeps no kernel on disk.
    pub cache_dir: Option<PathBuf>,
    /// The most bytes to keep there; beyond them the least recently used kernels are removed.
    /// `None` sets no limit; the default is 1 GB, which is more than a thousand kernels.
    pub cache_limit: Option<u64>,
    /// Packs of compiled kernels, in the order in which they are searched.
    pub packs: Vec<PathBuf>,
    /// Makes an error of every compile outside [`Selector::warmup`](crate::Selector::warmup) and
    /// [`Engine::tune`](crate::Engine::tune). The empty text that is compiled to find NVRTC's release,
    /// once for each library and cache folder, is no kernel and not denied.
    pub deny_jit: bool,
    /// Whether compiled kernels have line information, for profilers and debuggers; the default is yes.
    /// Without it machine code is about a third as large, with the same instructions. A kernel of a pack
    /// is as it was packed. No variable sets this: `topkit pack` leaves line information out by default.
    pub line_info: bool,
    /// The folder that sources, machine code and logs are written to, if any.
    pub dump_dir: Option<PathBuf>,
    /// A folder of edited sources, with the names of a dump. If `<symbol>-<arch>/kernel.cu` of a kernel
    /// exists and differs from the generated text, the kernel is compiled from that file, with a warning.
    /// The file is read when its kernel is first loaded or inspected.
    ///
    /// ```
    /// let edited = std::path::PathBuf::from("edited");
    /// let config = topkit::Config::from_env().override_dir(edited);
    /// ```
    pub override_dir: Option<PathBuf>,
    /// A sentence for each variable of the environment that has a relative path. The path would name
    /// another file in every working directory, so no engine is made with such settings. Paths that a
    /// program sets itself may be relative.
    pub refused: Vec<String>,
}

/// Room for more than a thousand kernels: enough for many programs and their tuning, and little for a
/// disk.
const CACHE_LIMIT: u64 = 1_000_000_000;

impl Default for Config {
    fn default() -> Config {
        Config {
            cache_dir: None,
            cache_limit: Some(CACHE_LIMIT),
            packs: Vec::new(),
            deny_jit: false,
            line_info: true,
            dump_dir: None,
            override_dir: None,
            refused: Vec::new(),
        }
    }
}

impl Config {
    /// The settings in the environment of this process.
    pub fn from_env() -> Config {
        Config::read(|name| env::var_os(name), user_cache)
    }

    /// Sets the [folder of the disk cache](Config#structfield.cache_dir), or none.
    pub fn cache_dir(mut self, folder: impl Into<Option<PathBuf>>) -> Config {
        self.cache_dir = folder.into();
        self
    }

    /// Sets the [most bytes to keep there](Config#structfield.cache_limit), or no limit.
    pub fn cache_limit(mut self, bytes: impl Into<Option<u64>>) -> Config {
        self.cache_limit = bytes.into();
        self
    }

    /// Sets the [packs](Config#structfield.packs), in place of the earlier ones.
    pub fn packs(mut self, packs: Vec<PathBuf>) -> Config {
        self.packs = packs;
        self
    }

    /// Sets whether [compiles are denied](Config#structfield.deny_jit).
    pub fn deny_jit(mut self, deny: bool) -> Config {
        self.deny_jit = deny;
        self
    }

    /// Sets whether [kernels tell their lines](Config#structfield.line_info).
    pub fn line_info(mut self, kept: bool) -> Config {
        self.line_info = kept;
        self
    }

    /// Sets the [folder of dumps](Config#structfield.dump_dir), or none.
    pub fn dump_dir(mut self, folder: impl Into<Option<PathBuf>>) -> Config {
        self.dump_dir = folder.into();
        self
    }

    /// Sets the [folder of edited sources](Config#structfield.override_dir), or none.
    pub fn override_dir(mut self, folder: impl Into<Option<PathBuf>>) -> Config {
        self.override_dir = folder.into();
        self
    }

    fn read(
        variable: impl Fn(&str) -> Option<OsString>,
        user_cache: impl FnOnce() -> Option<PathBuf>,
    ) -> Config {
        let value = |name| variable(name).filter(|value| !value.is_empty());
        let switch = |name, default: bool| match value(name) {
            None => default,
            Some(text) if text == "off" => false,
            Some(text) if text == "on" => true,
            Some(text) => {
                let stays = if default { "on" } else { "off" };
                tracing::warn!("{name} is {text:?}; it can be `on` or `off`, and stays {stays}");
                default
            }
        };
        let limit = match value("TOPKIT_CACHE_LIMIT") {
            None => Some(CACHE_LIMIT),
            Some(text) if text == "off" => None,
            Some(text) => match parse_size(&text.to_string_lossy()) {
                Ok(bytes) => Some(bytes),
                Err(error) => {
                    tracing::warn!("TOPKIT_CACHE_LIMIT: {error}, or `off`; it stays 1GB");
                    Some(CACHE_LIMIT)
                }
            },
        };
        let mut refused = Vec::new();
        let mut path = |name: &str, path: PathBuf| {
            let said = |reason| refused.push(format!("{name}: {}: {reason}", path.display()));
            absolute(&path).map_err(said).ok()
        };
        let cache_dir = || match value("TOPKIT_CACHE_DIR") {
            Some(folder) => path("TOPKIT_CACHE_DIR", folder.into()),
            // Without a home the user's cache folder would be relative to the working directory.
            None => Some(user_cache().filter(|folder| folder.is_absolute())?.join("topkit")),
        };
        let cache_dir = if switch("TOPKIT_CACHE", true) { cache_dir() } else { None };
        let packs = value("TOPKIT_PACKS").map(|list| paths(&list)).unwrap_or_default();
        let packs = packs.into_iter().filter_map(|pack| path("TOPKIT_PACKS", pack)).collect();
        let override_dir = value("TOPKIT_OVERRIDE").map(PathBuf::from);
        let override_dir = override_dir.and_then(|folder| path("TOPKIT_OVERRIDE", folder));
        Config {
            cache_dir,
            cache_limit: limit,
            packs,
            deny_jit: switch("TOPKIT_DENY_JIT", false),
            line_info: true,
            dump_dir: value("TOPKIT_DUMP").map(PathBuf::from),
            override_dir,
            refused,
        }
    }
}

/// The paths of a list; empty items are left out.
fn paths(list: &OsString) -> Vec<PathBuf> {
    env::split_paths(list).filter(|path| !path.as_os_str().is_empty()).collect()
}

/// The folder in which this platform's programs keep files that they can make again.
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
        Config::read(find, || Some(PathBuf::from("/caches")))
    }

    #[test]
    fn the_cache_is_in_the_users_folder_unless_told() {
        let default = Some(PathBuf::from("/caches/topkit"));
        assert_eq!(read(&[]).cache_dir, default);
        assert_eq!(read(&[("TOPKIT_CACHE_DIR", ""), ("TOPKIT_CACHE", "")]).cache_dir, default);
        assert_eq!(read(&[("TOPKIT_CACHE", "on")]).cache_dir, default);
        assert_eq!(read(&[("TOPKIT_CACHE", "no idea")]).cache_dir, default);
        assert_eq!(read(&[("TOPKIT_CACHE_DIR", "/big")]).cache_dir, Some("/big".into()));
    }

    #[test]
    fn the_cache_can_be_off() {
        assert_eq!(read(&[("TOPKIT_CACHE", "off")]).cache_dir, None);
        let both = read(&[("TOPKIT_CACHE", "off"), ("TOPKIT_CACHE_DIR", "/big")]);
        assert_eq!(both.cache_dir, None);
        assert_eq!(Config::read(|_| None, || None).cache_dir, None);
    }

    #[test]
    fn the_cache_has_a_limit_unless_told() {
        assert_eq!(
            read(&[]),
            Config { cache_dir: Some("/caches/topkit".into()), ..Config::default() }
        );
        let limit = |text| read(&[("TOPKIT_CACHE_LIMIT", text)]).cache_limit;
        assert_eq!((limit("250MB"), limit("off")), (Some(250_000_000), None));
        assert_eq!([limit(""), limit("much")], [Some(CACHE_LIMIT); 2]);
    }

    #[test]
    fn compiling_is_denied_on_request_alone() {
        let deny = |text| read(&[("TOPKIT_DENY_JIT", text)]).deny_jit;
        assert!(deny("on") && !deny("off") && !deny("") && !deny("1"));
    }

    #[test]
    fn packs_are_a_list() {
        assert_eq!(read(&[]).packs, [""; 0].map(PathBuf::from));
        let list = env::join_paths(["/a.pack", "", "/b.pack"]).unwrap();
        let listed = read(&[("TOPKIT_PACKS", list.to_str().unwrap())]).packs;
        assert_eq!(listed, ["/a.pack", "/b.pack"].map(PathBuf::from));
    }

    #[test]
    fn a_dump_is_made_on_request() {
        assert_eq!(read(&[]).dump_dir, None);
        assert_eq!(read(&[("TOPKIT_DUMP", "dumps")]).dump_dir, Some("dumps".into()));
    }

    #[test]
    fn sources_are_replaced_on_request() {
        assert_eq!(read(&[("TOPKIT_OVERRIDE", "")]).override_dir, None);
        assert_eq!(read(&[("TOPKIT_OVERRIDE", "/dumps")]).override_dir, Some("/dumps".into()));
    }

    #[test]
    fn relative_paths_to_what_is_run_are_refused() {
        let list = env::join_paths(["a.pack", "/b.pack"]).unwrap();
        let config = read(&[
            ("TOPKIT_CACHE_DIR", "./big"),
            ("TOPKIT_PACKS", list.to_str().unwrap()),
            ("TOPKIT_OVERRIDE", "dumps"),
        ]);
        assert_eq!((&config.cache_dir, &config.override_dir), (&None, &None));
        assert_eq!(config.packs, [PathBuf::from("/b.pack")]);
        let starts =
            ["TOPKIT_CACHE_DIR: ./big: ", "TOPKIT_PACKS: a.pack: ", "TOPKIT_OVERRIDE: dumps"];
        assert_eq!(config.refused.len(), starts.len());
        for (refused, start) in config.refused.iter().zip(starts) {
            assert!(refused.starts_with(start) && refused.contains("absolute"), "{refused}");
        }
        let off = read(&[("TOPKIT_CACHE_DIR", "big"), ("TOPKIT_CACHE", "off")]);
        assert_eq!(off.refused, [""; 0]);
        // A user without a home has no cache folder either.
        let homeless = Config::read(|_| None, || Some(".cache".into()));
        assert_eq!((homeless.cache_dir, homeless.refused.len()), (None, 0));
    }
}
