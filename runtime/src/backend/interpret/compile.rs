//! Compiles the text of a kernel, unmodified, with the system's C++ compiler.
//!
//! It is compiled with the sanitizers' instrumentation and linked with the shim instead of their
//! libraries. Text, object and shared object are in one folder, named by a digest of all inputs; an
//! existing folder is used as it is. On failure the text stays, for reading.

use super::object::COMPILED_IN;
use crate::error::InterpretError;
use crate::library::environment::{RELATIVE, program, variable};
use sha2::{Digest, Sha256};
use std::ffi::{OsStr, OsString};
use std::fmt::Write;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

macro_rules! shim {
    ($($file:literal,)*) => {
        &[$(($file, include_str!(concat!("../../../templates/host/", $file))),)*]
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
    "checked.h",
    "mbarrier.h",
    "purity.h",
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
    "-ffp-contract=off",
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
    program: PathBuf,
    version: String,
}

impl Cxx {
    /// The compiler of `TOPKIT_CXX`, or else the system's.
    pub fn find() -> Result<Cxx, InterpretError> {
        match variable("TOPKIT_CXX") {
            Some(command) => Cxx::among(&[&command]),
            None => Cxx::among(&["c++", "g++", "clang++"].map(OsStr::new)),
        }
    }

    /// The first of these commands that answers.
    pub fn among(candidates: &[&OsStr]) -> Result<Cxx, InterpretError> {
        let mut tried = Vec::new();
        for command in candidates {
            let name = command.display();
            let program = match locate(command) {
                Ok(program) => program,
                Err(reason) => {
                    tried.push(format!("`{name}` ({reason})"));
                    continue;
                }
            };
            match Command::new(&program).arg("--version").output() {
                Ok(output) if output.status.success() => {
                    let version = String::from_utf8_lossy(&output.stdout).into_owned();
                    return Ok(Cxx { program, version });
                }
                Ok(output) => tried.push(format!("`{name} --version` ({})", output.status)),
                Err(error) => tried.push(format!("`{name}` ({error})")),
            }
        }
        Err(InterpretError::Compiler { tried: tried.join(", ") })
    }

    /// What names the compiler in a digest.
    fn parts(&self) -> [&[u8]; 2] {
        [self.program.as_os_str().as_encoded_bytes(), self.version.as_bytes()]
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
        let shim = SHIM.iter().flat_map(|(name, text)| [*name, *text]);
        let texts = [text, &entry].into_iter().chain(options.iter().copied());
        let texts = texts.chain(SHIM_OPTIONS.iter().copied()).chain(shim).map(str::as_bytes);
        let parts: Vec<&[u8]> = self.parts().into_iter().chain(texts).collect();
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
        if let Err(refusal) = compiled {
            let (compiler, kernel) = (self.program.display().to_string(), name.to_owned());
            let log = match refusal {
                Refusal::Said(log) => log,
                Refusal::Nothing(file) => {
                    return Err(InterpretError::Nothing { compiler, kernel, file });
                }
            };
            let path = home.with_extension("failed.cu");
            fs::write(&path, text).map_err(file(&path))?;
            return Err(InterpretError::Compile { compiler, kernel, path, log });
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
    /// error is the compiler's.
    fn build(&self, work: &Path, options: &[&'static str]) -> std::io::Result<Result<(), Refusal>> {
        let shim = SHIM_OPTIONS.iter().copied().chain(SHIM.iter().map(|(_, text)| *text));
        let parts: Vec<&[u8]> = self.parts().into_iter().chain(shim.map(str::as_bytes)).collect();
        let hooks = work.with_file_name(format!("hooks-{}.o", digest(&parts)));
        let run = |arguments: &[&OsStr], makes: &'static str| -> Result<(), Refusal> {
            let output = Command::new(&self.program).current_dir(work).args(arguments).output();
            let output = output.map_err(|error| Refusal::Said(error.to_string()))?;
            match output.status.success() {
                false => Err(Refusal::Said(said(&output))),
                true if work.join(makes).is_file() => Ok(()),
                true => Err(Refusal::Nothing(makes)),
            }
        };
        // A path need not be UTF-8.
        let mut prefix = OsString::from("-fdebug-prefix-map=");
        prefix.push(work);
        prefix.push("=");
        prefix.push(COMPILED_IN.trim_end_matches('/'));
        let words = |words: &[&'static str]| -> Vec<&OsStr> {
            words.iter().map(|word| OsStr::new(*word)).collect()
        };
        let mut kernel = words(options);
        kernel.push(&prefix);
        kernel.extend(words(&["-c", "entry.cpp", "-o", "kernel.o"]));
        let mut shim = words(SHIM_OPTIONS);
        shim.extend(words(&["-c", "host/hooks.cpp", "-o", "hooks.o"]));
        let mut link = words(&["-shared", "-Wl,-Bsymbolic", "-Wl,-z,defs", "kernel.o"]);
        link.push(hooks.as_os_str());
        link.extend(words(&["-o", "kernel.so"]));
        if !hooks.is_file() {
            if let Err(refusal) = run(&shim, "hooks.o") {
                return Ok(Err(refusal));
            }
            fs::rename(work.join("hooks.o"), &hooks)?;
        }
        Ok(run(&kernel, "kernel.o").and_then(|()| run(&link, "kernel.so")))
    }
}

/// Why a compiler made nothing.
enum Refusal {
    /// It failed, and this is what it or the system said.
    Said(String),
    /// It ended without an error, and this file is not there.
    Nothing(&'static str),
}

/// The program of a command: a file by its absolute path, or a name that is looked for on `PATH`,
/// but not in its entries that mean the working directory. The compiler runs in another folder, where
/// a relative path would name another program.
fn locate(command: &OsStr) -> Result<PathBuf, String> {
    if Path::new(command).is_absolute() {
        return Ok(command.into());
    }
    let name = command.to_str().filter(|name| !name.contains('/')).ok_or(RELATIVE)?;
    let path = variable("PATH").unwrap_or_else(|| USUAL_PATH.into());
    program(name, &path).ok_or_else(|| "no such program on PATH".to_owned())
}

const USUAL_PATH: &str = "/usr/local/bin:/usr/bin:/bin";

fn said(output: &Output) -> String {
    String::from_utf8_lossy(&output.stderr).into_owned()
}

/// The unit that is compiled: the shim, the text, and a way in for any kernel of one argument.
fn entry_text(entry: &str) -> String {
    format!(
        "#include \"host/cuda.h\"\n#include \"kernel.cu\"\n#include \"host/entry.h\"\nTOPKIT_ENTRY({entry})\n"
    )
}

/// Makes the folder for this user alone. Its files are run, so a folder that everybody may write to is
/// refused.
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

fn digest(parts: &[&[u8]]) -> String {
    let mut hash = Sha256::new();
    for part in parts {
        hash.update((part.len() as u64).to_le_bytes());
        hash.update(part);
    }
    hash.finalize().iter().take(16).fold(String::new(), |mut hex, byte| {
        // Writing to a String cannot fail.
        let _ = write!(hex, "{byte:02x}");
        hex
    })
}
