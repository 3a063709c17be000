//! NVRTC, the compiler that turns CUDA C into a cubin.
//!
//! Its functions are looked up in the library that [`library`] found, so that a missing library or
//! function is an error and never a panic. A compile keeps no state and writes no file; the release of
//! the library is remembered beside the disk cache ([`release`]).

mod error;
mod program;
mod release;

pub use error::NvrtcError;

use crate::compile::options;
use crate::compile::store::DiskCache;
use crate::compile::{CompileError, Compiled, Compiler};
use crate::library::{self, Found, file_at};
use error::Status;
use libloading::Symbol;
use program::{Program, text};
use release::Releases;
use std::ffi::{CStr, c_char, c_int};
use std::fmt;
use std::path::PathBuf;
use std::sync::OnceLock;
use topkit_codegen::{Arch, RenderedSource};

/// The NVRTC of this machine.
pub struct Nvrtc {
    found: Found,
    version: (i32, i32),
    archs: Vec<Arch>,
    line_info: bool,
    /// Its release, asked for when it is first needed.
    release: OnceLock<Option<String>>,
    /// Where releases are remembered.
    releases: OnceLock<Releases>,
}

impl fmt::Debug for Nvrtc {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Nvrtc")
            .field("path", &self.found.path)
            .field("version", &self.version)
            .finish()
    }
}

/// How to get another NVRTC.
const INSTALL: &str =
    "`python3 -m pip install nvidia-cuda-nvrtc` and set TOPKIT_NVRTC to its file or folder";

impl Nvrtc {
    /// Finds and loads NVRTC. The places: `TOPKIT_NVRTC` alone when set, else the system loader,
    /// `CUDA_HOME`, `CUDA_PATH`, `CONDA_PREFIX` and Python packages. The working directory is none,
    /// and relative paths are refused.
    ///
    /// # Errors
    /// There is none, it does not load, or lacks a function; every place is named.
    pub fn find() -> Result<Nvrtc, NvrtcError> {
        let found = library::nvrtc()?;
        let (release, releases) = (OnceLock::new(), OnceLock::new());
        let (version, archs) = ((0, 0), Vec::new());
        let mut nvrtc = Nvrtc { found, version, archs, line_info: true, release, releases };
        nvrtc.version = nvrtc.read_version()?;
        nvrtc.found.load_builtins(nvrtc.version);
        nvrtc.archs = nvrtc.read_archs()?;
        Ok(nvrtc)
    }

    /// As [`Nvrtc::find`], for an architecture that it must compile every kernel for.
    ///
    /// # Errors
    /// As for [`Nvrtc::find`], or it does not compile every kernel for the architecture; the error says
    /// which NVRTC does.
    pub fn for_arch(arch: Arch) -> Result<Nvrtc, NvrtcError> {
        let nvrtc = Nvrtc::find()?;
        if nvrtc.supports(arch) {
            return Ok(nvrtc);
        }
        let (major, minor) = arch.least_nvrtc();
        let known = nvrtc.archs().iter().filter(|arch| nvrtc.supports(**arch));
        let known: Vec<String> = known.map(Arch::to_string).collect();
        let remedy = if nvrtc.version() < (major, minor) {
            format!("that takes NVRTC {major}.{minor} or later: install it with {INSTALL}")
        } else if known.is_empty() {
            format!(
                "it lists no architecture that it does this for: install another with {INSTALL}"
            )
        } else {
            format!("it knows {}", known.join(", "))
        };
        Err(NvrtcError::Arch { arch, compiler: nvrtc.name(), remedy })
    }

    /// With or without source lines in the machine code; see
    /// [`Config::line_info`](crate::Config::line_info). By default with them.
    pub fn with_line_info(self, line_info: bool) -> Nvrtc {
        Nvrtc { line_info, ..self }
    }

    /// The library file, or the name by which the system loader found it.
    pub fn path(&self) -> &str {
        &self.found.path
    }

    /// Its version: `(13, 0)`.
    pub fn version(&self) -> (i32, i32) {
        self.version
    }

    /// The compute capabilities that it compiles for, ascending, without suffixes.
    pub fn archs(&self) -> &[Arch] {
        &self.archs
    }

    /// Its release: `13.2.78`. Releases of one version may make other machine code. The first call
    /// compiles an empty text, unless an engine with a disk cache has remembered the release; `None`
    /// where the library compiles nothing.
    pub fn release(&self) -> Option<&str> {
        let find = || {
            let file = self.file();
            let releases = self.releases.get();
            let known = file.as_ref().zip(releases).and_then(|(file, all)| all.recall(file));
            known.or_else(|| {
                let release = self.probe_release()?;
                if let (Some(file), Some(releases)) = (&file, releases) {
                    releases.remember(file, &release);
                }
                Some(release)
            })
        };
        self.release.get_or_init(find).as_deref()
    }

    /// Remembers the release beside this disk cache.
    pub(crate) fn remember_in(&self, disk: &DiskCache) {
        self.releases.get_or_init(|| Releases::of(disk));
    }

    /// Name and version as `nvrtc 13.2`, of which there may be several releases.
    pub(crate) fn name(&self) -> String {
        let (major, minor) = self.version;
        format!("nvrtc {major}.{minor}")
    }

    /// Whether it compiles every kernel that runs on this architecture: the library knows the architecture,
    /// and is no older than [`Arch::least_nvrtc`].
    pub fn supports(&self, arch: Arch) -> bool {
        self.version >= arch.least_nvrtc()
            && self.archs.iter().any(|known| known.capability() == arch.capability())
    }

    /// The library's file, however it was found.
    fn file(&self) -> Option<PathBuf> {
        type F = unsafe extern "C" fn(*mut c_int, *mut c_int) -> Status;
        let function = self.function::<F>("nvrtcVersion").ok()?;
        file_at(*function as usize)
    }

    fn probe_release(&self) -> Option<String> {
        let _span = tracing::info_span!("probe", compiler = self.name()).entered();
        let compile = || {
            let program = Program::new(self, "", "empty")?;
            program.compile(options::of_probe(self.version))?;
            program.output("nvrtcGetPTXSize", "nvrtcGetPTX")
        };
        let ptx = compile().map(text);
        let ptx = ptx.inspect_err(|error| tracing::warn!("{error}; its release is not known"));
        release::in_ptx(&ptx.ok()?).map(str::to_owned)
    }

    fn build(&self, source: &RenderedSource, arch: Arch) -> Result<Program<'_>, CompileError> {
        let refused = |reason: String, log: String| self.refusal(source, arch, reason, log);
        let program = Program::new(self, &source.text, &source.entry)
            .map_err(|error| refused(error.to_string(), String::new()))?;
        let arch_option = format!("--gpu-architecture={arch}");
        let mut options = Compiler::options(self);
        options.push(arch_option);
        let status =
            program.compile(options).map_err(|error| refused(error.to_string(), String::new()))?;
        self.check("nvrtcCompileProgram", status).map_err(|error| {
            let log = program.log().unwrap_or_else(|error| error.to_string());
            let blames_kernel = error::is_uncompilable(status);
            CompileError { blames_kernel, ..refused(error.to_string(), log) }
        })?;
        Ok(program)
    }

    fn refusal(
        &self,
        source: &RenderedSource,
        arch: Arch,
        reason: String,
        log: String,
    ) -> CompileError {
        let error = CompileError::new(Compiler::version(self), &source.entry, arch, reason);
        CompileError { log, ..error }
    }

    fn function<F>(&self, name: &'static str) -> Result<Symbol<'_, F>, NvrtcError> {
        // SAFETY: every caller names the type that NVRTC documents for the function.
        unsafe { self.found.library.get(name.as_bytes()) }
            .map_err(|_| NvrtcError::Function { path: self.found.path.clone(), function: name })
    }

    fn check(&self, function: &'static str, status: Status) -> Result<(), NvrtcError> {
        if status == 0 {
            return Ok(());
        }
        type F = unsafe extern "C" fn(Status) -> *const c_char;
        let reason = match self.function::<F>("nvrtcGetErrorString") {
            // SAFETY: it returns a static string for every status, known or not.
            Ok(words) => unsafe { CStr::from_ptr(words(status)) }.to_string_lossy().into_owned(),
            Err(_) => format!("status {status}"),
        };
        Err(NvrtcError::Call { path: self.found.path.clone(), function, reason })
    }

    fn read_version(&self) -> Result<(i32, i32), NvrtcError> {
        type F = unsafe extern "C" fn(*mut c_int, *mut c_int) -> Status;
        let function = self.function::<F>("nvrtcVersion")?;
        let (mut major, mut minor) = (0, 0);
        // SAFETY: both pointers are valid for one integer.
        self.check("nvrtcVersion", unsafe { function(&mut major, &mut minor) })?;
        Ok((major, minor))
    }

    fn read_archs(&self) -> Result<Vec<Arch>, NvrtcError> {
        type F = unsafe extern "C" fn(*mut c_int) -> Status;
        let count = self.function::<F>("nvrtcGetNumSupportedArchs")?;
        let list = self.function::<F>("nvrtcGetSupportedArchs")?;
        let mut number = 0;
        // SAFETY: the pointer is valid for one integer.
        self.check("nvrtcGetNumSupportedArchs", unsafe { count(&mut number) })?;
        let mut archs = vec![0; usize::try_from(number).unwrap_or(0)];
        // SAFETY: the array has the length that the library asked for.
        self.check("nvrtcGetSupportedArchs", unsafe { list(archs.as_mut_ptr()) })?;
        let positive = archs.into_iter().filter_map(|arch| u32::try_from(arch).ok());
        Ok(positive.map(|arch| Arch::new(arch / 10, arch % 10)).collect())
    }
}

impl Compiler for Nvrtc {
    /// With the release, if it is known.
    fn version(&self) -> String {
        self.release().map_or_else(|| self.name(), |release| format!("nvrtc {release}"))
    }

    fn options(&self) -> Vec<String> {
        options::of_kernel(self.version, self.line_info)
    }

    fn compile(&self, source: &RenderedSource, arch: Arch) -> Result<Compiled, CompileError> {
        let program = self.build(source, arch)?;
        let output = || Ok((program.output("nvrtcGetCUBINSize", "nvrtcGetCUBIN")?, program.log()?));
        let (cubin, log) = output().map_err(|error: NvrtcError| {
            self.refusal(source, arch, error.to_string(), String::new())
        })?;
        Ok(Compiled { cubin, log })
    }

    fn ptx(&self, source: &RenderedSource, arch: Arch) -> Result<String, CompileError> {
        let program = self.build(source, arch)?;
        let ptx = program.output("nvrtcGetPTXSize", "nvrtcGetPTX");
        ptx.map(text).map_err(|error| self.refusal(source, arch, error.to_string(), String::new()))
    }
}
