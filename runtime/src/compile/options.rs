//! The options that NVRTC gets, and which of them decide the code of a kernel.
//!
//! All options are a part of every cache key; a search in packs compares only the options that decide
//! code. Nothing here does IO or can fail.

/// Options of every compile. `-v` has the assembler report registers, spills and shared memory.
/// A lambda that takes `auto` cannot be marked `__device__`, so functions are the device's unless
/// they say otherwise.
const ALWAYS: [&str; 3] =
    ["--std=c++17", "--device-as-default-execution-space", "--ptxas-options=-v"];

/// Records which source line an instruction comes from. The instructions are the same without it.
pub(crate) const LINE_INFO: &str = "--generate-line-info";

/// Since 12.9 NVRTC has a cache of its own where there is a driver, and kernels from that cache have no
/// log. NVRTC would also ask the driver for that cache, and the driver may be too old.
const NO_CACHE: &str = "--no-cache";
const NO_CACHE_SINCE: (i32, i32) = (12, 9);

/// The options of a kernel's compile by this version of NVRTC, without the architecture.
pub(crate) fn of_kernel(version: (i32, i32), line_info: bool) -> Vec<String> {
    let line_info = line_info.then_some(LINE_INFO);
    let all = ALWAYS.into_iter().chain(line_info).chain(no_cache(version));
    all.map(str::to_owned).collect()
}

/// The options with which an empty text is compiled, for the release of NVRTC.
pub(crate) fn of_probe(version: (i32, i32)) -> Vec<String> {
    no_cache(version).map(str::to_owned).into_iter().collect()
}

/// The options that decide the code of a kernel, whatever the version.
pub(crate) fn of_code() -> Vec<String> {
    ALWAYS.map(str::to_owned).to_vec()
}

/// Whether an option decides the code of a kernel.
pub(crate) fn decides_code(option: &str) -> bool {
    option != NO_CACHE && option != LINE_INFO
}

fn no_cache(version: (i32, i32)) -> Option<&'static str> {
    (version >= NO_CACHE_SINCE).then_some(NO_CACHE)
}
