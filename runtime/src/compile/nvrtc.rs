//! NVRTC, the compiler that turns CUDA C into a cubin.
//!
//! Its functions are looked up in the library that [`crate::library`] found, so that a missing
//! library or function is an error and never a panic. It keeps no state between compiles and
//! writes no file.

use crate::backend::cuda::blame;
use crate::compile::release::{self, Releases};
use crate::compile::store::DiskCache;
use crate::compile::{CompileError, Compiled, Compiler};
use crate::library::{self, Found, LibraryError};
use cudarc::nvrtc::sys::nvrtcProgram;
use libloading::Symbol;
use std::ffi::{CStr, CString, c_char, c_int};
use std::fmt;
use std::path::PathBuf;
use std::sync::OnceLock;
use topkit_codegen::{Arch, RenderedSource};

/// NVRTC's own status code. An integer, since a library of another version may return codes that
/// the bindings' enum does not have.
type Status = c_int;

/// NVRTC cannot be used.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum NvrtcError {
    /// No library was found.
    #[error(transparent)]
    Missing(#[from] LibraryError),
    /// The library lacks a function; it is too old or not NVRTC.
    #[error("{path} has no function {function}; it is not NVRTC 11.1 or later")]
    Function {
        /// The library.
        path: String,
        /// The function.
        function: &'static str,
    },
    /// A call that should not fail did.
    #[error("{function} of {path} failed: {reason}")]
    Call {
        /// The library.
        path: String,
        /// The function.
        function: &'static str,
        /// NVRTC's own words.
        reason: String,
    },
}

/// The NVRTC of this machine.
pub struct Nvrtc {
    found: Found,
    version: (i32, i32),
    archs: Vec<Arch>,
    line_info: bool,
    /// Asked for when it is first needed.
    release: OnceLock<Option<String>>,
    /// Where it is remembered.
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

/// Options of every compile. `-v` has the assembler tell registers, spills and shared memory.
/// A lambda that takes `auto` has no place for `__device__`, so functions are the device's unless
/// they say otherwise.
const OPTIONS: [&str; 3] =
    ["--std=c++17", "--device-as-default-execution-space", "--ptxas-options=-v"];

/// Tells which line an instruction comes from. The instructions are the same without it.
pub(crate) const LINE_INFO: &str = "--generate-line-info";

/// Since 12.9 NVRTC has a cache of its own where there is a driver, and what comes from there
/// comes without a log.
const NO_CACHE: &str = "--no-cache";
const NO_CACHE_SINCE: (i32, i32) = (12, 9);

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

    /// With or without source lines in the machine code; see
    /// [`Config::line_info`](crate::Config::line_info). By default with them.
    pub fn with_line_info(self, line_info: bool) -> Nvrtc {
        Nvrtc { line_info, ..self }
    }

    /// The options that decide the code of a kernel, whatever the version.
    pub(crate) fn code_options() -> Vec<String> {
        OPTIONS.map(str::to_owned).to_vec()
    }

    /// Whether an option decides the code of a kernel.
    pub(crate) fn decides_code(option: &str) -> bool {
        option != NO_CACHE && option != LINE_INFO
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

    /// Whether it compiles every kernel that runs on this architecture: it knows the architecture,
    /// and is no older than [`Arch::least_nvrtc`].
    pub fn supports(&self, arch: Arch) -> bool {
        self.version >= arch.least_nvrtc()
            && self.archs.iter().any(|known| known.capability() == arch.capability())
    }

    /// The library's file, however it was found.
    fn file(&self) -> Option<PathBuf> {
        type F = unsafe extern "C" fn(*mut c_int, *mut c_int) -> Status;
        let function = self.function::<F>("nvrtcVersion").ok()?;
        release::file_at(*function as usize)
    }

    /// Where NVRTC would ask the driver for a cache, which may be too old for that, too.
    fn no_cache(&self) -> Option<&'static str> {
        (self.version >= NO_CACHE_SINCE).then_some(NO_CACHE)
    }

    fn probe_release(&self) -> Option<String> {
        let _span = tracing::info_span!("probe", compiler = self.name()).entered();
        let compile = || {
            let program = Program::new(self, "", "empty")?;
            program.compile(self.no_cache().into_iter().map(str::to_owned).collect())?;
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
            let blames_kernel = blame::is_uncompilable(status);
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
        CompileError {
            compiler: Compiler::version(self),
            entry: source.entry.clone(),
            arch,
            reason,
            log,
            blames_kernel: false,
        }
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
    /// With the release, where it can be told.
    fn version(&self) -> String {
        self.release().map_or_else(|| self.name(), |release| format!("nvrtc {release}"))
    }

    fn options(&self) -> Vec<String> {
        let line_info = self.line_info.then_some(LINE_INFO);
        OPTIONS.into_iter().chain(line_info).chain(self.no_cache()).map(str::to_owned).collect()
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

/// One translation unit inside NVRTC; destroyed with this value.
struct Program<'a> {
    nvrtc: &'a Nvrtc,
    handle: nvrtcProgram,
}

impl<'a> Program<'a> {
    fn new(nvrtc: &'a Nvrtc, text: &str, entry: &str) -> Result<Program<'a>, NvrtcError> {
        type F = unsafe extern "C" fn(
            *mut nvrtcProgram,
            *const c_char,
            *const c_char,
            c_int,
            *const *const c_char,
            *const *const c_char,
        ) -> Status;
        let create = nvrtc.function::<F>("nvrtcCreateProgram")?;
        let invalid = |_| NvrtcError::Call {
            path: nvrtc.found.path.clone(),
            function: "nvrtcCreateProgram",
            reason: "the source holds a NUL byte".into(),
        };
        let text = CString::new(text).map_err(invalid)?;
        let name = CString::new(format!("{entry}.cu")).map_err(invalid)?;
        let mut handle = std::ptr::null_mut();
        // SAFETY: the strings outlive the call, which copies them; there are no headers.
        let status = unsafe {
            create(&mut handle, text.as_ptr(), name.as_ptr(), 0, std::ptr::null(), std::ptr::null())
        };
        nvrtc.check("nvrtcCreateProgram", status)?;
        Ok(Program { nvrtc, handle })
    }

    /// Compiles it and gives NVRTC's answer; fails where NVRTC cannot be asked.
    fn compile(&self, options: Vec<String>) -> Result<Status, NvrtcError> {
        type F = unsafe extern "C" fn(nvrtcProgram, c_int, *const *const c_char) -> Status;
        let compile = self.nvrtc.function::<F>("nvrtcCompileProgram")?;
        let options: Vec<CString> =
            options.into_iter().filter_map(|option| CString::new(option).ok()).collect();
        let pointers: Vec<*const c_char> = options.iter().map(|option| option.as_ptr()).collect();
        let count = pointers.len() as c_int;
        // SAFETY: the handle is live, and the option strings outlive the call.
        Ok(unsafe { compile(self.handle, count, pointers.as_ptr()) })
    }

    fn log(&self) -> Result<String, NvrtcError> {
        self.output("nvrtcGetProgramLogSize", "nvrtcGetProgramLog").map(text)
    }

    /// One of the program's outputs, through its pair of size and copy functions.
    fn output(&self, size: &'static str, copy: &'static str) -> Result<Vec<u8>, NvrtcError> {
        type Size = unsafe extern "C" fn(nvrtcProgram, *mut usize) -> Status;
        type Copy = unsafe extern "C" fn(nvrtcProgram, *mut c_char) -> Status;
        let size_of = self.nvrtc.function::<Size>(size)?;
        let copy_to = self.nvrtc.function::<Copy>(copy)?;
        let mut bytes = 0;
        // SAFETY: the handle is live and the pointer valid for one size.
        self.nvrtc.check(size, unsafe { size_of(self.handle, &mut bytes) })?;
        let mut output = vec![0u8; bytes];
        // SAFETY: the buffer has the size that the library asked for.
        self.nvrtc.check(copy, unsafe { copy_to(self.handle, output.as_mut_ptr().cast()) })?;
        Ok(output)
    }
}

impl Drop for Program<'_> {
    fn drop(&mut self) {
        type F = unsafe extern "C" fn(*mut nvrtcProgram) -> Status;
        if let Ok(destroy) = self.nvrtc.function::<F>("nvrtcDestroyProgram") {
            // SAFETY: the handle is live and not used again.
            unsafe { destroy(&mut self.handle) };
        }
    }
}

/// Text that NVRTC ends with a NUL.
fn text(mut bytes: Vec<u8>) -> String {
    while bytes.last() == Some(&0) {
        bytes.pop();
    }
    String::from_utf8_lossy(&bytes).into_owned()
}
