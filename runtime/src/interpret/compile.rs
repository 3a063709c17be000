//! Compiles the text of a kernel, unmodified, with the system's C++ compiler.
//!
//! The sanitizers' instrumentation is asked for and their libraries are not: the shim takes their
//! place. Text, object and shared object lie in one folder, named by a digest of everything that
//! made them; a folder that is there is used as it is. On failure the text stays, for reading.

use super::error::InterpretError;
use super::object::COMPILED_IN;
use sha2::{Digest, Sha256};
use std::fmt::Write;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

macro_rules! shim {
    ($($file:literal,)*) => {
        &[$(($file, include_str!(concat!("../../templates/host/", $file))),)*]
    };
}

const SHIM: &[(&str, &str)] = shim! {
    "cuda.h",
    "hooks.h",
    "language.h",
    "arithmetic.h",
    "async_copy.h",
    "atomic.h",
    "barrier.h",
    "mbarrier.h",
    "warp.h",
    "entry.h",
    "hooks.cpp",
};

/// Of the text: every load and store calls a hook, and so does an array subscript out of range.
const KERNEL_OPTIONS: &[&str] = &[
    "-std=c++17",
    "-O1",
    "-g",
    "-fPIC",
    "-fvisibility=hidden",
    "-fno-exceptions",
    "-fno-strict-aliasing",
    "-fwrapv",
    "-fsanitize=thread",
    "-fsanitize=bounds,alignment",
    "-w",
];
const GCC_OPTIONS: &[&str] =
    &["--param=tsan-distinguish-volatile=1", "--param=tsan-instrument-func-entry-exit=0"];
const CLANG_OPTIONS: &[&str] = &["-mllvm", "-tsan-distinguish-volatile=1"];
const SHIM_OPTIONS: &[&str] =
    &["-std=c++17", "-O2", "-fPIC", "-fvisibility=hidden", "-fno-exceptions"];

/// A C++ compiler that answered.
#[derive(Debug, Clone)]
pub(super) struct Cxx {
    command: String,
    version: String,
}

impl Cxx {
    /// The compiler of `TOPKIT_CXX`, or else the system's.
    pub fn find() -> Result<Cxx, InterpretError> {
        let named = std::env::var("TOPKIT_CXX").ok().filter(|name| !name.is_empty());
        match named {
            Some(command) => Cxx::among([command]),
            None => Cxx::among(["c++", "g++", "clang++"].map(str::to_owned)),
        }
    }

    /// The first of these commands that answers.
    pub fn among<const N: usize>(candidates: [String; N]) -> Result<Cxx, InterpretError> {
        let mut tried = Vec::new();
        for command in candidates {
            match Command::new(&command).arg("--version").output() {
                Ok(output) if output.status.success() => {
                    let version = String::from_utf8_lossy(&output.stdout).into_owned();
                    return Ok(Cxx { command, version });
                }
                Ok(output) => tried.push(format!("`{command} --version` ({})", output.status)),
                Err(error) => tried.push(format!("`{command}` ({error})")),
            }
        }
        Err(InterpretError::Compiler { tried: tried.join(", ") })
    }

    fn kernel_options(&self) -> Vec<&'static str> {
        let clang = self.version.contains("clang");
        let mut options = KERNEL_OPTIONS.to_vec();
        options.extend(if clang { CLANG_OPTIONS } else { GCC_OPTIONS });
        // Thread-local variables are found by a call, which the shim answers.
        match (clang, cfg!(target_arch = "aarch64")) {
            (true, _) => {}
            (false, true) => options.push("-mtls-dialect=trad"),
            (false, false) => options.push("-mtls-dialect=gnu"),
        }
        options
    }

    /// The shared object of a kernel; compiled unless it is there.
    pub fn object(&self, folder: &Path, name: &str, text: &str) -> Result<PathBuf, InterpretError> {
        let entry = entry_text(name);
        let options = self.kernel_options();
        let mut parts: Vec<&str> = vec![&self.command, &self.version, text, &entry];
        parts.extend(&options);
        parts.extend(SHIM_OPTIONS);
        parts.extend(SHIM.iter().flat_map(|(name, text)| [*name, *text]));
        let home = folder.join(digest(&parts));
        let object = home.join("kernel.so");
        if object.is_file() {
            return Ok(object);
        }
        let file = |path: &Path| {
            let path = path.to_owned();
            move |error: std::io::Error| InterpretError::File { path, reason: error.to_string() }
        };
        prepare(folder).map_err(file(folder))?;
        let folder = &folder.canonicalize().map_err(file(folder))?;
        let work = tempfile::tempdir_in(folder).map_err(file(folder))?;
        let write = |name: &str, text: &str| {
            let path = work.path().join(name);
            fs::write(&path, text).map_err(file(&path))
        };
        fs::create_dir(work.path().join("host")).map_err(file(work.path()))?;
        for (name, text) in SHIM {
            write(&format!("host/{name}"), text)?;
        }
        write("kernel.cu", text)?;
        write("entry.cpp", &entry)?;

        let compiled = self.build(work.path(), &options).map_err(file(work.path()))?;
        if let Err(log) = compiled {
            let path = home.with_extension("failed.cu");
            fs::write(&path, text).map_err(file(&path))?;
            return Err(InterpretError::Compile {
                compiler: self.command.clone(),
                kernel: name.to_owned(),
                path,
                log,
            });
        }
        let made = work.keep();
        if let Err(error) = fs::rename(&made, &home) {
            // Whoever was faster has made the same.
            let _ = fs::remove_dir_all(&made);
            if !object.is_file() {
                return Err(file(&home)(error));
            }
        }
        Ok(object)
    }

    /// Compiles the kernel, and the shim unless another kernel's is there, and links them; the inner
    /// error is what the compiler said.
    fn build(&self, work: &Path, options: &[&str]) -> std::io::Result<Result<(), String>> {
        let parts = [&self.command, &self.version].map(String::as_str);
        let shim = SHIM.iter().map(|(_, text)| *text);
        let parts: Vec<&str> =
            parts.into_iter().chain(SHIM_OPTIONS.iter().copied()).chain(shim).collect();
        let hooks = work.with_file_name(format!("hooks-{}.o", digest(&parts)));
        let hooks = hooks.to_string_lossy();
        let run = |arguments: &[&str]| -> std::io::Result<Output> {
            Command::new(&self.command).current_dir(work).args(arguments).output()
        };
        let prefix =
            format!("-fdebug-prefix-map={}={}", work.display(), COMPILED_IN.trim_end_matches('/'));
        let kernel: Vec<&str> = options
            .iter()
            .copied()
            .chain([prefix.as_str(), "-c", "entry.cpp", "-o", "kernel.o"])
            .collect();
        let shim: Vec<&str> =
            SHIM_OPTIONS.iter().copied().chain(["-c", "host/hooks.cpp", "-o", "hooks.o"]).collect();
        let link: [&str; 7] =
            ["-shared", "-Wl,-Bsymbolic", "-Wl,-z,defs", "kernel.o", &hooks, "-o", "kernel.so"];
        if !Path::new(&*hooks).is_file() {
            let output = run(&shim)?;
            if !output.status.success() {
                return Ok(Err(said(&output)));
            }
            fs::rename(work.join("hooks.o"), &*hooks)?;
        }
        for arguments in [&kernel[..], &link[..]] {
            let output = run(arguments)?;
            if !output.status.success() {
                return Ok(Err(said(&output)));
            }
        }
        Ok(Ok(()))
    }
}

fn said(output: &Output) -> String {
    String::from_utf8_lossy(&output.stderr).into_owned()
}

/// The unit that is compiled: the shim, the text, and a way in for any kernel of one argument.
fn entry_text(entry: &str) -> String {
    format!(
        "#include \"host/cuda.h\"\n#include \"kernel.cu\"\n#include \"host/entry.h\"\nTOPKIT_ENTRY({entry})\n"
    )
}

/// Makes the folder for this user alone. What lies in it is run, so one that everybody may write to
/// is refused.
fn prepare(folder: &Path) -> std::io::Result<()> {
    use std::os::unix::fs::{DirBuilderExt, MetadataExt};
    fs::DirBuilder::new().recursive(true).mode(0o700).create(folder)?;
    let metadata = folder.metadata()?;
    let owner = fs::metadata("/proc/self")?.uid();
    if metadata.mode() & 0o002 != 0 || ![0, owner].contains(&metadata.uid()) {
        return Err(std::io::Error::other("other users can write to it"));
    }
    Ok(())
}

fn digest(parts: &[&str]) -> String {
    let mut hash = Sha256::new();
    for part in parts {
        hash.update((part.len() as u64).to_le_bytes());
        hash.update(part.as_bytes());
    }
    hash.finalize().iter().take(16).fold(String::new(), |mut hex, byte| {
        // Writing to a String cannot fail.
        let _ = write!(hex, "{byte:02x}");
        hex
    })
}
