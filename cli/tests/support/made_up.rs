//! Made-up libraries of NVIDIA's, built here: an NVRTC that compiles nothing, and a driver that runs
//! nothing.

use super::{Place, library};
use std::fs;
use std::path::{Path, PathBuf};

/// An NVRTC that compiles everything but `REFUSED` to a text with its release in it, and writes a line
/// to `journal` for every compile of an empty text and when it is loaded.
pub const NVRTC: &str = r#"
    #include <cstdio>
    #include <cstring>
    static void journal(const char* line) {
        if (FILE* file = fopen(JOURNAL, "a")) { fprintf(file, "%s\n", line); fclose(file); }
    }
    __attribute__((constructor)) static void load() { journal("loaded"); }
    static const char OUTPUT[] = "// Cuda compilation tools, release x, V" RELEASE "\n";
    int nvrtcVersion(int* major, int* minor) { *major = MAJOR; *minor = MINOR; return 0; }
    #ifndef COUNT
    #define COUNT 2
    #endif
    static const int ARCHS[] = {80, 90};
    int nvrtcGetNumSupportedArchs(int* count) { *count = COUNT; return 0; }
    int nvrtcGetSupportedArchs(int* archs) { memcpy(archs, ARCHS, COUNT * 4); return 0; }
    const char* nvrtcGetErrorString(int) { return "made up"; }
    #ifndef REFUSED
    #define REFUSED "no name of a kernel"
    #endif
    static thread_local bool refused;
    int nvrtcCreateProgram(void** program, const char* text, const char* name, int, void*, void*) {
        refused = strstr(name, REFUSED) != nullptr;
        *program = (void*)OUTPUT;
        journal(*text ? "compiled" : "probed");
        return 0;
    }
    int nvrtcCompileProgram(void*, int, void*) { return refused ? 6 : 0; }
    int nvrtcDestroyProgram(void**) { return 0; }
    static int size(size_t* bytes) { *bytes = sizeof OUTPUT; return 0; }
    static int copy(char* to) { memcpy(to, OUTPUT, sizeof OUTPUT); return 0; }
    int nvrtcGetPTXSize(void*, size_t* bytes) { return size(bytes); }
    int nvrtcGetPTX(void*, char* to) { return copy(to); }
    int nvrtcGetCUBINSize(void*, size_t* bytes) { return size(bytes); }
    int nvrtcGetCUBIN(void*, char* to) { return copy(to); }
    int nvrtcGetProgramLogSize(void*, size_t* bytes) { return size(bytes); }
    int nvrtcGetProgramLog(void*, char* to) { return copy(to); }
"#;

/// Builds a made-up NVRTC of this release, and gives its path.
pub fn nvrtc(place: &Place, file: &str, release: &str) -> String {
    nvrtc_with(place, file, release, &[])
}

/// The same, built with more options: `-DCOUNT=0` has it list no architecture,
/// and `-DREFUSED="NAME"` refuse the kernels of a name.
pub fn nvrtc_with(place: &Place, file: &str, release: &str, more: &[&str]) -> String {
    let mut numbers = release.split('.');
    let (major, minor) = (numbers.next().unwrap(), numbers.next().unwrap());
    let journal = place.path("journal");
    fs::create_dir_all(place.path(file).parent().unwrap()).unwrap();
    let options = [
        format!("-DMAJOR={major}"),
        format!("-DMINOR={minor}"),
        format!("-DRELEASE=\"{release}\""),
        format!("-DJOURNAL=\"{}\"", journal.display()),
    ];
    let options = options.iter().map(String::as_str);
    library(place, file, NVRTC, &options.chain(more.iter().copied()).collect::<Vec<_>>())
}

/// The lines that made-up libraries have written.
pub fn journal(place: &Place) -> Vec<String> {
    let text = fs::read_to_string(place.path("journal")).unwrap_or_default();
    text.lines().map(str::to_owned).collect()
}

/// The functions that a driver is asked for, as `runtime/src/library/driver.rs` lists them.
fn functions() -> Vec<String> {
    let list = Path::new(env!("CARGO_MANIFEST_DIR")).join("../runtime/src/library/driver.rs");
    let text = fs::read_to_string(list).unwrap();
    let quoted = text.split('"').skip(1).step_by(2);
    let driver = |word: &&str| word.strip_prefix("cu").is_some_and(|name| !name.contains('/'));
    let names: Vec<_> = quoted.filter(driver).map(str::to_owned).collect();
    assert!(names.len() > 45 && names.iter().any(|name| name == "cuInit"), "{names:?}");
    names
}

/// The effects of a made-up driver's functions, which return 0: one GPU like an H100, in host memory. It
/// has no words for errors.
const DRIVER: &[(&str, &str)] = &[
    ("cuCtxGetCurrent", "(void** c) { *c = current; ANSWER }"),
    ("cuCtxSetCurrent", "(void* c) { current = c; ANSWER }"),
    ("cuCtxGetDevice", "(int* device) { *device = 0; ANSWER }"),
    ("cuDeviceGet", "(int* device, int) { *device = 0; ANSWER }"),
    ("cuDeviceGetAttribute", "(int* value, int which) { *value = attribute(which); ANSWER }"),
    ("cuDeviceGetCount", "(int* count) { *count = 1; ANSWER }"),
    ("cuDeviceGetName", "(char* to, int) { strcpy(to, \"made up\"); ANSWER }"),
    ("cuDevicePrimaryCtxRetain", "(void** c) { *c = (void*)64; ANSWER }"),
    ("cuDeviceTotalMem_v2", "(size_t* bytes) { *bytes = 1ull << 34; ANSWER }"),
    ("cuDriverGetVersion", "(int* version) { *version = 13000; ANSWER }"),
    ("cuEventCreate", "(void** made) { *made = (void*)64; ANSWER }"),
    ("cuEventElapsedTime", "(float* ms) { *ms = 1; ANSWER }"),
    ("cuEventElapsedTime_v2", "(float* ms) { *ms = 1; ANSWER }"),
    ("cuGetErrorName", "(int, const char** name) { return 1; }"),
    ("cuGetErrorString", "(int, const char** text) { return 1; }"),
    ("cuGetProcAddress_v2", "(const char*, void** function) { *function = nullptr; ANSWER }"),
    ("cuGraphInstantiateWithFlags", "(void** made) { *made = (void*)64; ANSWER }"),
    ("cuMemAllocAsync", "(void** made, size_t bytes) { *made = calloc(bytes, 1); ANSWER }"),
    ("cuMemAlloc_v2", "(void** made, size_t bytes) { *made = calloc(bytes, 1); ANSWER }"),
    ("cuMemFreeAsync", "(void* made) { free(made); ANSWER }"),
    ("cuMemFree_v2", "(void* made) { free(made); ANSWER }"),
    ("cuMemGetInfo_v2", "(size_t* free, size_t* all) { *free = *all = 1ull << 34; ANSWER }"),
    ("cuMemcpyDtoDAsync_v2", "(void* to, void* from, size_t n) { memcpy(to, from, n); ANSWER }"),
    ("cuMemcpyDtoHAsync_v2", "(void* to, void* from, size_t n) { memcpy(to, from, n); ANSWER }"),
    ("cuMemcpyHtoDAsync_v2", "(void* to, void* from, size_t n) { memcpy(to, from, n); ANSWER }"),
    ("cuMemsetD8Async", "(void* to, unsigned char b, size_t n) { memset(to, b, n); ANSWER }"),
    ("cuModuleGetFunction", "(void** made) { *made = (void*)64; ANSWER }"),
    ("cuModuleLoadData", "(void** made) { *made = (void*)64; ANSWER }"),
    ("cuModuleLoadDataEx", "(void** made) { *made = (void*)64; ANSWER }"),
    ("cuOccupancyMaxActiveClusters", "(int* clusters) { *clusters = 99; ANSWER }"),
    ("cuStreamCreate", "(void** made) { *made = (void*)64; ANSWER }"),
    ("cuStreamEndCapture", "(void*, void** made) { *made = (void*)64; ANSWER }"),
    ("cuStreamIsCapturing", "(void*, int* status) { *status = 0; ANSWER }"),
];

const GPU: &str = r#"
    #include <cstdlib>
    #include <cstring>
    static thread_local void* current;
    static int attribute(int which) {
        switch (which) {
        case 16: return 132;    // multiprocessors
        case 36: return 2619000; // memory clock
        case 37: return 5120;   // memory bus
        case 38: return 1 << 20; // L2
        case 39: return 2048;   // threads of a multiprocessor
        case 75: return 9;
        case 76: return 0;
        case 81: return 233472;
        case 82: return 65536;
        case 97: return 232448;
        default: return 1;
        }
    }
"#;

/// Builds a driver with exactly the functions that the probe asks for, in a folder, under both names.
/// `fails` answers 999.
pub fn driver(place: &Place, folder: &str, fails: Option<&str>) -> PathBuf {
    fs::create_dir_all(place.path(folder)).unwrap();
    let mut text = GPU.to_owned();
    for name in functions() {
        let known = DRIVER.iter().find(|(known, _)| *known == name);
        let body = known.map_or("() { ANSWER }", |(_, body)| *body);
        let answer = if fails == Some(&name) { "return 999;" } else { "return 0;" };
        text += &format!("int {name}{}\n", body.replace("ANSWER", answer));
    }
    library(place, &format!("{folder}/libcuda.so.1"), &text, &["-Wl,-soname,libcuda.so.1"]);
    fs::copy(place.path(folder).join("libcuda.so.1"), place.path(folder).join("libcuda.so"))
        .unwrap();
    place.path(folder)
}
