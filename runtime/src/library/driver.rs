//! The CUDA driver's library, found, loaded and probed before the bindings use it.
//!
//! The bindings search for it by name only, and panic if it is missing or lacks a function. So it is
//! loaded here first and kept loaded, and every function that this library calls, directly or through the
//! bindings, is looked up once. A missing library or function is an error. It starts no driver.

use super::environment::variable;
use super::error::LibraryError;
use super::folders::cuda_folders;
use super::loader::LEADS_HERE;
use super::mapped::file_at;
use super::search::{Found, Search, open};
use cudarc::driver::sys::{self, CUDA_VERSION};
use std::path::{Path, PathBuf};
use std::sync::OnceLock;

/// The names by which the bindings look for the library, in their order.
const NAMES: [&str; 2] = ["libcuda.so", "libcuda.so.1"];

/// How all names begin by which the bindings look for it in the end.
const TAKEN: [&str; 2] = ["libcuda", "libnvcuda"];

const MISSING: &str = "libcuda comes with the NVIDIA driver; install the driver of this machine's \
     GPU. Without a GPU, use Toolchain::new or topkit::host.";

/// The driver functions that this library, the C library and the program call, directly or through the
/// bindings.
const FUNCTIONS: &[&str] = &[
    "cuCtxDestroy_v2",
    "cuCtxGetCurrent",
    "cuCtxGetDevice",
    "cuCtxSetCurrent",
    "cuCtxSynchronize",
    "cuDeviceGet",
    "cuDeviceGetAttribute",
    "cuDeviceGetCount",
    "cuDeviceGetName",
    "cuDevicePrimaryCtxRelease_v2",
    "cuDevicePrimaryCtxRetain",
    "cuDeviceTotalMem_v2",
    "cuDriverGetVersion",
    "cuEventCreate",
    "cuEventDestroy_v2",
    "cuEventElapsedTime",
    "cuEventRecord",
    "cuEventSynchronize",
    "cuFuncSetAttribute",
    "cuGetErrorName",
    "cuGetErrorString",
    "cuGetProcAddress_v2",
    "cuGraphDestroy",
    "cuGraphExecDestroy",
    "cuGraphInstantiateWithFlags",
    "cuGraphLaunch",
    "cuGraphUpload",
    "cuInit",
    "cuLaunchKernel",
    "cuLaunchKernelEx",
    "cuMemAllocAsync",
    "cuMemAlloc_v2",
    "cuMemFreeAsync",
    "cuMemFree_v2",
    "cuMemGetInfo_v2",
    "cuMemcpyDtoDAsync_v2",
    "cuMemcpyDtoHAsync_v2",
    "cuMemcpyHtoDAsync_v2",
    "cuMemsetD8Async",
    "cuModuleGetFunction",
    "cuModuleLoadData",
    "cuModuleLoadDataEx",
    "cuModuleUnload",
    "cuOccupancyMaxActiveClusters",
    "cuStreamBeginCapture_v2",
    "cuStreamCreate",
    "cuStreamDestroy_v2",
    "cuStreamEndCapture",
    "cuStreamIsCapturing",
    "cuStreamSynchronize",
    "cuStreamWaitEvent",
];

/// Functions that only newer bindings call, with the CUDA of these bindings.
const LATER: &[(u32, &str)] = &[(12_080, "cuEventElapsedTime_v2")];

/// Looks for the CUDA driver and checks that it has every function that this library calls, as
/// every engine on a GPU does first. It starts nothing: `devices` says whether there is a GPU.
///
/// For programs that use the bindings themselves, which panic where a function is missing. The
/// library that the bindings will open is found by the system loader, else in `CUDA_HOME` and
/// `CUDA_PATH`, else in the folders in which containers and WSL keep it. It stays loaded.
///
/// # Errors
/// There is no driver, it does not load, or it is too old: each place is named, and which driver is
/// needed.
pub fn probe_driver() -> Result<(), LibraryError> {
    static DRIVER: OnceLock<Found> = OnceLock::new();
    if DRIVER.get().is_some() {
        return Ok(());
    }
    let mut search = Search::of("libcuda", MISSING, &variable);
    let leads_here = search.loader.leads_here();
    if let Some(file) = search.loader.taken_here(&TAKEN) {
        // The bindings open it by name, whatever is loaded here.
        let file = format!("{}, in the working directory", file.display());
        search.unusable = true;
        search.remedy = "Take the empty or relative item out of LD_LIBRARY_PATH.".to_owned();
        search.miss(&file, LEADS_HERE);
        return Err(search.failed());
    }
    let mut folders = cuda_folders(&variable, &["compat"], &mut search.tried);
    for folder in ["/usr/local/nvidia/lib64", "/usr/lib/wsl/lib"] {
        folders.push((format!("driver folder, {folder}"), PathBuf::from(folder)));
    }
    let found = search
        .names(&NAMES, file)
        .or_else(|| folders.iter().find_map(|(at, folder)| file(&mut search, at, folder)));
    let Some(found) = found else {
        if search.unusable {
            search.remedy = needed();
        }
        return Err(search.failed());
    };
    let later = LATER.iter().filter(|(since, _)| CUDA_VERSION >= *since).map(|(_, name)| name);
    let missing: Vec<&str> = FUNCTIONS
        .iter()
        .chain(later)
        .filter(|name| address(&found, name).is_none())
        .copied()
        .collect();
    if missing.is_empty() {
        if leads_here {
            // Has the bindings open the library now, while nothing of that name is in their way.
            // SAFETY: the pointer is valid for one integer. The result is requested again later.
            let _ = unsafe { sys::cuDriverGetVersion(&mut 0) };
        }
        DRIVER.get_or_init(|| found);
        return Ok(());
    }
    search.unusable = true;
    search.remedy = needed();
    let named = missing.iter().take(3).copied().collect::<Vec<_>>().join(", ");
    let others = match missing.len() {
        ..=3 => String::new(),
        all => format!(" and {} others", all - 3),
    };
    // The file, where the system tells which one the name led to.
    let led = FUNCTIONS.iter().find_map(|name| file_at(address(&found, name)?));
    let place = led.map_or_else(|| found.path.clone(), |file| file.display().to_string());
    search.miss(&place, format!("it has no function {named}{others}"));
    Err(search.failed())
}

/// The library in one folder. The bindings find a library that is already loaded by its soname.
fn file(search: &mut Search, at: &str, folder: &Path) -> Option<Found> {
    let found = search.file(at, &folder.join(NAMES[1]))?;
    if open(Path::new(NAMES[1])).is_ok() {
        return Some(found);
    }
    search.unusable = true;
    search.miss(at, format!("{} does not call itself {}", found.path, NAMES[1]))
}

fn address(found: &Found, function: &str) -> Option<usize> {
    // SAFETY: only where the symbol lies is asked; it is neither called nor kept.
    let symbol = unsafe { found.library.get::<*const ()>(function.as_bytes()) };
    symbol.ok().map(|symbol| *symbol as usize)
}

/// Which driver is needed.
fn needed() -> String {
    let (major, minor) = (CUDA_VERSION / 1000, CUDA_VERSION % 1000 / 10);
    let release = match CUDA_VERSION {
        12_000 => " (525 or later on Linux)",
        13_000 => " (580 or later on Linux)",
        _ => "",
    };
    format!(
        "topkit needs the NVIDIA driver for CUDA {major}.{minor} or later{release}, whole and of one \
         version; install it, or take away what stands before it on the loader's path. Without a \
         GPU, use Toolchain::new or topkit::host."
    )
}
