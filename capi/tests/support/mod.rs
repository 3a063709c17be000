//! Builds the library as its users do, and programs in C and C++ against it. It needs a C and a C++
//! compiler (`CC` and `CXX` name them) with `nm` beside them.

#![allow(dead_code, reason = "every suite takes what it needs")]
#![allow(clippy::unwrap_used, reason = "a test stops at what it did not expect")]

use std::env;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};
use std::sync::{Mutex, PoisonError};
use tempfile::TempDir;

/// The folder of this package.
pub const ROOT: &str = env!("CARGO_MANIFEST_DIR");

/// The languages that the header is written for.
#[derive(Debug, Clone, Copy)]
pub enum Language {
    C99,
    Cpp,
}

impl Language {
    pub const ALL: [Language; 2] = [Language::C99, Language::Cpp];

    fn compiler(self) -> Command {
        let (variable, usual, options) = match self {
            Language::C99 => ("CC", "cc", ["-std=c99", "-xc"]),
            Language::Cpp => ("CXX", "c++", ["-std=c++11", "-xc++"]),
        };
        let mut compiler = Command::new(env::var_os(variable).unwrap_or_else(|| usual.into()));
        compiler.args(options).args(["-pedantic", "-Wall", "-Wextra", "-Werror"]);
        compiler
    }
}

/// The built library, alone in a folder, so that another build cannot change it.
pub struct Library {
    folder: TempDir,
}

impl Library {
    /// Builds it with these features, into the target folder of the workspace.
    pub fn build(features: &str) -> Library {
        // Builds with other features have the same file names.
        static ONE: Mutex<()> = Mutex::new(());
        let _one = ONE.lock().unwrap_or_else(PoisonError::into_inner);
        let cargo = env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
        let mut build = Command::new(cargo);
        build.args(["build", "--frozen", "--package", "topkit-capi", "--features", features]);
        build.args(["--message-format", "json"]).current_dir(ROOT);
        let built = succeed(&mut build);
        let folder = tempfile::tempdir().unwrap();
        for name in ["libtopkit.so", "libtopkit.a"] {
            let path = built.split('"').rfind(|word| Path::new(word).ends_with(name));
            let path = path.unwrap_or_else(|| panic!("cargo tells of no {name}: {built}"));
            fs::copy(path, folder.path().join(name)).unwrap();
        }
        Library { folder }
    }

    /// The symbols that the shared library gives to others, in alphabetical order.
    pub fn exports(&self) -> Vec<String> {
        let mut nm = Command::new("nm");
        nm.args(["-D", "--defined-only"]).arg(self.folder.path().join("libtopkit.so"));
        let lines = succeed(&mut nm);
        let names = lines.lines().filter_map(|line| line.split_whitespace().last());
        let mut names: Vec<_> = names.map(str::to_owned).collect();
        names.sort();
        names
    }

    /// Builds a program of these sources that finds the shared library beside itself.
    pub fn program(&self, language: Language, sources: &[&str], folders: &[&str]) -> Command {
        let libraries = ["-L", ".", "-ltopkit", "-Wl,-rpath,$ORIGIN", "-ldl"];
        self.link(language, sources, folders, &libraries)
    }

    /// Builds a program of these sources that has the library in itself.
    pub fn static_program(&self, language: Language, sources: &[&str]) -> Command {
        let libraries = ["-xnone", "libtopkit.a", "-lpthread", "-ldl", "-lm", "-lgcc_s"];
        self.link(language, sources, &[], &libraries)
    }

    fn link(
        &self,
        language: Language,
        sources: &[&str],
        folders: &[&str],
        libraries: &[&str],
    ) -> Command {
        let mut compiler = language.compiler();
        compiler.current_dir(self.folder.path()).arg("-I").arg(in_package("include"));
        for folder in folders {
            compiler.arg("-I").arg(in_package(folder));
        }
        compiler.args(sources.iter().map(|source| in_package(source)));
        let program = self.folder.path().join(format!("{language:?}"));
        compiler.arg("-o").arg(&program).args(libraries);
        succeed(&mut compiler);
        Command::new(program)
    }
}

/// A path of this package.
pub fn in_package(path: &str) -> PathBuf {
    Path::new(ROOT).join(path)
}

/// Runs a command that must succeed, and returns its output.
#[track_caller]
pub fn succeed(command: &mut Command) -> String {
    let Output { status, stdout, stderr } =
        command.output().unwrap_or_else(|error| panic!("{command:?}: {error}"));
    let (stdout, stderr) = (String::from_utf8_lossy(&stdout), String::from_utf8_lossy(&stderr));
    assert!(status.success(), "{command:?}: {status}\n{stdout}{stderr}");
    stdout.into_owned()
}
