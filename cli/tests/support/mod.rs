//! Runs the built program in an environment of its own: no NVRTC, a cache folder that nobody else
//! uses, and no setting of the caller's.

#![allow(dead_code, reason = "every suite takes what it needs")]
#![allow(clippy::unwrap_used, reason = "a test stops at what it did not expect")]

pub mod made_up;

use serde_json::Value;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};
use tempfile::TempDir;

/// A place to run the program in.
pub struct Place {
    folder: TempDir,
}

impl Place {
    /// An empty one.
    pub fn new() -> Place {
        Place { folder: tempfile::tempdir().unwrap() }
    }

    /// A path in it.
    pub fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    /// Writes a file and gives its path.
    pub fn file(&self, name: &str, bytes: impl AsRef<[u8]>) -> String {
        let path = self.path(name);
        std::fs::write(&path, bytes).unwrap();
        path.to_str().unwrap().to_owned()
    }

    /// The folder of the disk cache.
    pub fn cache(&self) -> PathBuf {
        self.path("cache")
    }

    /// The program, with settings of its own. An empty folder stands for NVRTC, so that suites
    /// that need none run the same on every machine.
    pub fn command(&self, args: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_topkit"));
        command.args(args).env("TOPKIT_CACHE_DIR", self.cache());
        command.env("TOPKIT_NVRTC", self.folder.path());
        let settings = [
            "CACHE",
            "CACHE_LIMIT",
            "CXX",
            "DENY_JIT",
            "DISASM",
            "DUMP",
            "LOG",
            "OVERRIDE",
            "PACKS",
        ];
        for setting in settings {
            command.env_remove(format!("TOPKIT_{setting}"));
        }
        command
    }

    /// Runs it within so much memory: a larger allocation ends the program by a signal.
    pub fn run_within(&self, kilobytes: u32, args: &[&str]) -> Ran {
        let plain = self.command(args);
        let mut command = Command::new("sh");
        command.args(["-c", &format!("ulimit -v {kilobytes} && exec \"$@\""), "sh"]);
        Ran::of(wrapped(command, &plain))
    }

    /// Runs it.
    pub fn run(&self, args: &[&str]) -> Ran {
        Ran::of(self.command(args))
    }
}

/// A command that is given another one, with its settings.
pub fn wrapped(mut outer: Command, inner: &Command) -> Command {
    outer.arg(inner.get_program()).args(inner.get_args());
    for (name, value) in inner.get_envs() {
        match value {
            Some(value) => outer.env(name, value),
            None => outer.env_remove(name),
        };
    }
    outer
}

/// The exit code and the output of the program.
#[derive(Debug)]
pub struct Ran {
    pub code: i32,
    pub stdout: String,
    pub stderr: String,
}

impl Ran {
    pub fn of(mut command: Command) -> Ran {
        let Output { status, stdout, stderr } = command.output().unwrap();
        Ran {
            code: status.code().expect("the program ended by itself"),
            stdout: String::from_utf8(stdout).unwrap(),
            stderr: String::from_utf8(stderr).unwrap(),
        }
    }

    /// It succeeded, without a word on stderr.
    #[track_caller]
    pub fn done(self) -> String {
        assert_eq!((self.code, self.stderr.as_str()), (0, ""), "{self:?}");
        self.stdout
    }

    /// Its one JSON document.
    #[track_caller]
    pub fn json(&self) -> Value {
        serde_json::from_str(&self.stdout).unwrap_or_else(|error| panic!("{error}: {self:?}"))
    }

    /// It refused the input, with one line that has these words in it and nothing on stdout.
    #[track_caller]
    pub fn refused(&self, words: &[&str]) {
        self.refused_as(2, words);
    }

    /// The same for a machine that lacks something.
    #[track_caller]
    pub fn lacked(&self, words: &[&str]) {
        self.refused_as(3, words);
    }

    #[track_caller]
    fn refused_as(&self, code: i32, words: &[&str]) {
        assert_eq!((self.code, self.stdout.as_str()), (code, ""), "{self:?}");
        assert_eq!(self.stderr.lines().count(), 1, "{self:?}");
        assert!(self.stderr.starts_with("error: "), "{self:?}");
        for word in words {
            assert!(self.stderr.contains(word), "no {word:?} in {self:?}");
        }
    }
}

/// Builds a shared library of these C functions, by the C++ compiler, and gives its path.
pub fn library(place: &Place, file: &str, functions: &str, options: &[&str]) -> String {
    let source = place.file(&format!("{file}.cpp"), format!("extern \"C\" {{ {functions} }}"));
    let made = place.path(file).to_str().unwrap().to_owned();
    let named = std::env::var("TOPKIT_CXX").ok().filter(|name| !name.is_empty());
    let compiler = named.unwrap_or_else(|| "c++".to_owned());
    let mut command = Command::new(compiler);
    command.args(["-shared", "-fPIC", "-w", "-o", &made, &source]).args(options);
    assert!(command.status().unwrap().success());
    made
}

/// A file of the score matrix that ships with the sources.
pub fn data(name: &str) -> String {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../data").join(name);
    path.to_str().unwrap().to_owned()
}

/// A `.npy` file of format 1.0.
pub fn npy(descr: &str, fortran: bool, shape: &str, data: &[u8]) -> Vec<u8> {
    let fortran = if fortran { "True" } else { "False" };
    let mut header =
        format!("{{'descr': {descr}, 'fortran_order': {fortran}, 'shape': {shape}, }}");
    while (10 + header.len() + 1) % 64 != 0 {
        header.push(' ');
    }
    header.push('\n');
    let mut file = b"\x93NUMPY\x01\x00".to_vec();
    file.extend((header.len() as u16).to_le_bytes());
    file.extend(header.as_bytes());
    file.extend(data);
    file
}

/// Scores as little-endian bytes.
pub fn f32s(scores: &[f32]) -> Vec<u8> {
    scores.iter().flat_map(|score| score.to_le_bytes()).collect()
}

/// A `.safetensors` file with tensors of (name, dtype, shape, data).
pub fn safetensors(tensors: &[(&str, &str, &[usize], Vec<u8>)]) -> Vec<u8> {
    let (mut header, mut data) = (serde_json::Map::new(), Vec::<u8>::new());
    for (name, dtype, shape, bytes) in tensors {
        let begin = data.len();
        data.extend(bytes);
        let entry = serde_json::json!({
            "dtype": dtype, "shape": shape, "data_offsets": [begin, data.len()],
        });
        header.insert((*name).to_owned(), entry);
    }
    let header = Value::Object(header).to_string();
    let mut file = (header.len() as u64).to_le_bytes().to_vec();
    file.extend(header.as_bytes());
    file.extend(data);
    file
}
