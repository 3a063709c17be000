//! Support for the tests of the cache: a fake compiler, a record of logged events, and copies of the
//! test program that run as other processes. It needs neither a GPU nor a compiler.
#![allow(dead_code, unused_imports, reason = "each test program uses a part of it")]
#![allow(clippy::unwrap_used, reason = "a test stops at what it did not expect")]

mod cache;
mod log;
mod process;

pub use self::cache::TestCache;
pub use log::{logged, pause_at};
pub use process::{Copy, role, until};

use std::fs::{self, File};
use std::io::Write;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::thread;
use std::time::Duration;
use topkit::cache::DiskCache;
use topkit::{
    Arch, DType, SelectorSpec,
    cache::{CompileError, Compiled, Compiler},
    inspect::RenderedSource,
};

pub const ARCH: Arch = Arch::of_device(9, 0);

/// A compiler that counts its calls and whose output depends on all of its input.
#[derive(Debug)]
pub struct Fake {
    pub version: String,
    pub options: Vec<String>,
    /// How long a compile takes.
    pub delay: Duration,
    /// A file that gets one line a compile, for tests with several processes.
    pub journal: Option<PathBuf>,
    /// Bytes of machine code.
    pub cubin_bytes: usize,
    /// Refuse the kernel, or panic, at the next call.
    pub refuse: AtomicBool,
    pub panic: AtomicBool,
    pub calls: AtomicU64,
}

impl Default for Fake {
    fn default() -> Fake {
        Fake {
            version: "fake 1.0".to_owned(),
            options: vec!["--std=c++17".to_owned(), "--warn".to_owned()],
            delay: Duration::ZERO,
            journal: None,
            cubin_bytes: 300,
            refuse: AtomicBool::new(false),
            panic: AtomicBool::new(false),
            calls: AtomicU64::new(0),
        }
    }
}

impl Compiler for Fake {
    fn version(&self) -> String {
        self.version.clone()
    }

    fn options(&self) -> Vec<String> {
        self.options.clone()
    }

    fn compile(&self, source: &RenderedSource, arch: Arch) -> Result<Compiled, CompileError> {
        self.calls.fetch_add(1, Ordering::Relaxed);
        if let Some(journal) = &self.journal {
            let mut file = File::options().append(true).create(true).open(journal).unwrap();
            file.write_all(b"compiled\n").unwrap();
        }
        thread::sleep(self.delay);
        assert!(!self.panic.swap(false, Ordering::Relaxed), "the fake compiler panics");
        if self.refuse.swap(false, Ordering::Relaxed) {
            let mut error = CompileError::new(self.version(), &source.entry, arch, "refused");
            error.log = "line 1: error".to_owned();
            error.blames_kernel = true;
            return Err(error);
        }
        let text = format!("{} {arch} {:?} {}", self.version, self.options, source.text);
        let cubin = text.bytes().cycle().take(self.cubin_bytes).collect();
        Ok(Compiled::new(cubin, format!("ptxas info: {arch}, 32 registers\n")))
    }

    fn ptx(&self, source: &RenderedSource, _arch: Arch) -> Result<String, CompileError> {
        self.calls.fetch_add(1, Ordering::Relaxed);
        Ok(format!("PTX of {}", source.entry))
    }
}

/// How many compiles all processes together have put into the journal.
pub fn compiles(journal: &Path) -> usize {
    fs::read_to_string(journal).unwrap_or_default().lines().count()
}

/// A kernel with this text.
pub fn source(text: &str) -> RenderedSource {
    let spec = SelectorSpec::builder("Test").dtype([DType::F32]).build().unwrap();
    RenderedSource {
        variant: spec.variants()[0],
        text: text.to_owned(),
        entry: "topk_test".to_owned(),
        digest: String::new(),
    }
}

/// A new cache as a new process would have it: nothing in memory, this folder on disk.
pub fn cache(root: &Path) -> TestCache {
    TestCache::new(Arc::new(Fake::default()), Some(DiskCache::open(root).unwrap()))
}

/// The names in a folder; none when it does not exist.
pub fn names(folder: &Path) -> Vec<String> {
    let listing = fs::read_dir(folder).into_iter().flatten();
    let mut names: Vec<String> =
        listing.map(|item| item.unwrap().file_name().to_string_lossy().into_owned()).collect();
    names.sort();
    names
}

/// The files of unfinished writes.
pub fn leftovers(root: &Path) -> Vec<String> {
    names(&root.join("v1/.staging"))
}
