//! Machine code as text (SASS), by NVIDIA's disassemblers where there is one.
//!
//! SASS is for reading: compiling and launching do not use it, and a disassembler is searched for only
//! when SASS is requested. It runs as a child process with a time limit. If there is none, the error
//! names every place that was searched; if it fails, the error has its output.

use crate::library::environment::{self, absolute, folders};
use crate::library::{LibraryError, Tried, cuda_folders, python_wheels, refusal};
use std::env::consts::EXE_SUFFIX;
use std::ffi::OsString;
use std::fs::{self, File};
use std::io;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::thread;
use std::time::{Duration, Instant};

/// SASS that cannot be shown.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum SassError {
    /// No disassembler was found.
    #[error(transparent)]
    Missing(#[from] LibraryError),
    /// The disassembler could not be started, or its files not be written or read.
    #[error("{program} could not be run: {reason}")]
    Run {
        /// The program.
        program: String,
        /// The system's own words.
        reason: String,
    },
    /// The disassembler refused the machine code.
    #[error("{program} failed ({status}): {stderr}")]
    Failed {
        /// The program.
        program: String,
        /// How it ended.
        status: String,
        /// Its error output.
        stderr: String,
    },
    /// The disassembler did not come to an end.
    #[error("{program} was stopped: it ran for more than {limit:?}; {stderr}")]
    Slow {
        /// The program.
        program: String,
        /// The limit.
        limit: Duration,
        /// Its error output up to then.
        stderr: String,
    },
}

/// The variable that names the program.
const VARIABLE: &str = "TOPKIT_DISASM";
const NAMES: [&str; 2] = ["nvdisasm", "cuobjdump"];
const REMEDY: &str = "They come with a CUDA toolkit, and nvdisasm also by \
     `python3 -m pip install nvidia-cuda-nvdisasm`; or set TOPKIT_DISASM to the program or its \
     folder.";
const LIBRARY: &str = "a disassembler (nvdisasm or cuobjdump)";
/// A kernel takes less than a second.
const LIMIT: Duration = Duration::from_secs(60);

/// A program that turns machine code into text: `nvdisasm` or `cuobjdump`.
#[derive(Debug, Clone)]
pub struct Disassembler {
    program: PathBuf,
    limit: Duration,
}

impl Disassembler {
    /// Finds one. The places: `TOPKIT_DISASM` alone when set; else `PATH`, the `bin` folders of
    /// `CUDA_HOME` and `CUDA_PATH`, and Python packages. In each, `nvdisasm` first. The working
    /// directory is no place, and relative paths are refused.
    ///
    /// # Errors
    /// There is none; every place is named, and how to get one.
    pub fn find() -> Result<Disassembler, SassError> {
        let mut tried = Vec::new();
        let wheels = python_wheels("bin", &mut tried);
        Disassembler::among(environment::variable, &wheels, tried)
    }

    /// `refused` are places of wheels that were not looked into.
    fn among(
        value: impl Fn(&str) -> Option<OsString>,
        wheels: &[PathBuf],
        refused: Tried,
    ) -> Result<Disassembler, SassError> {
        let mut tried = Vec::new();
        if let Some(chosen) = value(VARIABLE) {
            let place = format!("{VARIABLE}={}", chosen.display());
            let reason = match absolute(chosen) {
                Err(reason) => {
                    let (tried, remedy) = (vec![(place, reason.to_owned())], refusal(VARIABLE));
                    let (unusable, refused) = (true, Some(VARIABLE));
                    return Err(LibraryError {
                        library: LIBRARY,
                        tried,
                        unusable,
                        refused,
                        remedy,
                    }
                    .into());
                }
                Ok(file) if file.is_file() => return Ok(Disassembler::at(file)),
                Ok(folder) => match in_folder(&folder) {
                    Some(program) => return Ok(Disassembler::at(program)),
                    None if folder.is_dir() => "neither is in it",
                    None => "no such file",
                },
            };
            return Err(missing(vec![(place, reason.to_owned())]));
        }
        let path = value("PATH").unwrap_or_default();
        if let Some(program) = folders(&path).iter().find_map(|folder| in_folder(folder)) {
            return Ok(Disassembler::at(program));
        }
        tried.push(("PATH".to_owned(), "neither is in its folders".to_owned()));
        let mut places = cuda_folders(&value, &["bin"], &mut tried);
        tried.extend(refused);
        let python =
            |folder: &PathBuf| (format!("Python packages, {}", folder.display()), folder.clone());
        places.extend(wheels.iter().map(python));
        for (place, folder) in places {
            match in_folder(&folder) {
                Some(program) => return Ok(Disassembler::at(program)),
                None => tried.push((place, "neither is in it".to_owned())),
            }
        }
        Err(missing(tried))
    }

    /// This program, which is `cuobjdump` where its name says so, and else `nvdisasm`.
    pub fn at(program: impl Into<PathBuf>) -> Disassembler {
        Disassembler { program: program.into(), limit: LIMIT }
    }

    /// Stops it after this long; 60 seconds by default.
    pub fn limit(mut self, limit: Duration) -> Disassembler {
        self.limit = limit;
        self
    }

    /// The program's file.
    pub fn path(&self) -> &Path {
        &self.program
    }

    /// The SASS of a cubin.
    ///
    /// # Errors
    /// The program cannot be run, refuses the cubin, prints nothing, or takes too long.
    pub fn disassemble(&self, cubin: &[u8]) -> Result<String, SassError> {
        let run = || -> io::Result<(Option<ExitStatus>, Vec<u8>, Vec<u8>)> {
            let folder = tempfile::tempdir()?;
            let file = |name: &str| folder.path().join(name);
            fs::write(file("kernel.cubin"), cubin)?;
            // Files, since a pipe that is full would stop the program.
            let child = Command::new(&self.program)
                .args(self.options())
                .arg(file("kernel.cubin"))
                .stdin(Stdio::null())
                .stdout(File::create(file("kernel.sass"))?)
                .stderr(File::create(file("stderr"))?)
                .spawn()?;
            let status = wait(child, self.limit)?;
            Ok((status, fs::read(file("kernel.sass"))?, fs::read(file("stderr"))?))
        };
        let program = self.program.display().to_string();
        let (status, sass, stderr) = match run() {
            Ok(ended) => ended,
            Err(error) => return Err(SassError::Run { program, reason: error.to_string() }),
        };
        let stderr = String::from_utf8_lossy(&stderr).trim().to_owned();
        let stderr = if stderr.is_empty() { "it said nothing".to_owned() } else { stderr };
        match status {
            Some(status) if status.success() && !sass.is_empty() => {
                Ok(String::from_utf8_lossy(&sass).into_owned())
            }
            Some(status) => Err(SassError::Failed { program, status: status.to_string(), stderr }),
            None => Err(SassError::Slow { program, limit: self.limit, stderr }),
        }
    }

    /// Code alone, without the tables beside it; no line numbers, which name folders of the machine.
    fn options(&self) -> &'static [&'static str] {
        let name = self.program.file_stem().unwrap_or_default().to_string_lossy();
        if name.contains("cuobjdump") { &["--dump-sass"] } else { &["--print-code"] }
    }
}

fn in_folder(folder: &Path) -> Option<PathBuf> {
    let files = NAMES.map(|name| folder.join(format!("{name}{EXE_SUFFIX}")));
    files.into_iter().find(|file| file.is_file())
}

fn missing(tried: Tried) -> SassError {
    let remedy = REMEDY.to_owned();
    LibraryError { library: LIBRARY, tried, unusable: false, refused: None, remedy }.into()
}

/// Waits for the end of a process; `None` where it had to be stopped. The standard library has no
/// wait with a limit, and one by signals would change the process of the library's user.
fn wait(mut child: Child, limit: Duration) -> io::Result<Option<ExitStatus>> {
    let start = Instant::now();
    loop {
        if let Some(status) = child.try_wait()? {
            return Ok(Some(status));
        }
        if start.elapsed() >= limit {
            child.kill()?;
            child.wait()?;
            return Ok(None);
        }
        thread::sleep(Duration::from_millis(5));
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::HashMap;

    fn find(variables: &[(&str, &Path)], wheels: &[PathBuf]) -> Result<PathBuf, SassError> {
        let variables: HashMap<&str, &Path> = variables.iter().copied().collect();
        let value = |name: &str| {
            let value = variables.get(name).map(|path| path.as_os_str().to_owned());
            value.filter(|value| !value.is_empty())
        };
        Disassembler::among(value, wheels, Vec::new()).map(|tool| tool.path().to_owned())
    }

    #[test]
    fn the_first_place_that_has_one_is_taken() {
        let place = tempfile::tempdir().unwrap();
        let folder = |name: &str, tools: &[&str]| {
            let folder = place.path().join(name);
            fs::create_dir_all(folder.join("bin")).unwrap();
            for tool in tools {
                fs::write(folder.join("bin").join(format!("{tool}{EXE_SUFFIX}")), "").unwrap();
            }
            folder
        };
        let both = folder("both", &["cuobjdump", "nvdisasm"]);
        let home = folder("home", &["cuobjdump"]);
        let empty = folder("empty", &[]);
        let tool = |folder: &Path, name: &str| folder.join(format!("bin/{name}{EXE_SUFFIX}"));
        let bin = both.join("bin");
        assert_eq!(find(&[("PATH", &bin)], &[]).unwrap(), tool(&both, "nvdisasm"));
        let cuda: &[(&str, &Path)] =
            &[("PATH", &empty), ("CUDA_HOME", &home), ("CUDA_PATH", &both)];
        assert_eq!(find(cuda, &[]).unwrap(), tool(&home, "cuobjdump"));
        assert_eq!(find(&[("CUDA_PATH", &both)], &[]).unwrap(), tool(&both, "nvdisasm"));
        assert_eq!(find(&[], &[empty.clone(), bin.clone()]).unwrap(), tool(&both, "nvdisasm"));
        let chosen = tool(&home, "cuobjdump");
        let named: &[(&str, &Path)] = &[("PATH", &bin), (VARIABLE, &chosen)];
        assert_eq!(find(named, &[]).unwrap(), chosen);
        let named: &[(&str, &Path)] = &[("PATH", &bin), (VARIABLE, Path::new(""))];
        assert_eq!(find(named, &[]).unwrap(), tool(&both, "nvdisasm"));
        let named: &[(&str, &Path)] = &[("PATH", &empty), (VARIABLE, &bin)];
        assert_eq!(find(named, &[]).unwrap(), tool(&both, "nvdisasm"));
    }

    #[test]
    fn no_program_of_the_working_directory_is_run() {
        for chosen in [".", "bin", "./nvdisasm", "nvdisasm"] {
            let named: &[(&str, &Path)] = &[(VARIABLE, Path::new(chosen))];
            let error = find(named, &[]).unwrap_err().to_string();
            assert!(error.contains(&format!("{VARIABLE}={chosen}: a relative path")), "{error}");
        }
        // A program in the working directory of tests, by every way that is not absolute.
        let place = tempfile::tempdir_in(".").unwrap();
        let folder = place.path().file_name().unwrap();
        fs::create_dir(place.path().join("bin")).unwrap();
        fs::write(place.path().join(format!("bin/nvdisasm{EXE_SUFFIX}")), "").unwrap();
        let bin = Path::new(folder).join("bin");
        assert!(bin.is_dir());
        for named in [[("PATH", bin.as_path())], [("CUDA_HOME", Path::new(folder))]] {
            assert!(find(&named, &[]).is_err(), "{named:?}");
        }
    }

    #[test]
    fn a_failed_search_names_every_place_and_the_remedy() {
        let empty = tempfile::tempdir().unwrap();
        let nowhere: &[(&str, &Path)] = &[("CUDA_HOME", empty.path()), ("PATH", empty.path())];
        let error = find(nowhere, &[empty.path().join("wheel")]).unwrap_err().to_string();
        for part in ["nvdisasm or cuobjdump", "PATH", "CUDA_HOME", "wheel", "pip install", VARIABLE]
        {
            assert!(error.contains(part), "{part} is not in:\n{error}");
        }
        // A named file that does not exist is not searched elsewhere.
        let bin = empty.path().join("bin");
        fs::create_dir(&bin).unwrap();
        fs::write(bin.join(format!("nvdisasm{EXE_SUFFIX}")), "").unwrap();
        let absent = empty.path().join("absent");
        let error = find(&[("PATH", &bin), (VARIABLE, &absent)], &[]).unwrap_err().to_string();
        assert!(error.contains("absent: no such file") && !error.contains("PATH:"), "{error}");
    }
}
