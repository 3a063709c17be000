//! Compiled kernels, kept in memory and on disk, so that each is compiled once.
//!
//! [`KernelCache`] is the one way to a cubin: memory, then [packs](crate::compile::store::pack), then the
//! [`DiskCache`], then the compiler.
//! However many threads and processes ask for one kernel, one of them compiles it. The disk can
//! only help: whatever goes wrong there is logged with its path, and the kernel is compiled. What
//! it does not do is load modules into a GPU, or evict from memory. It fails only when the compiler
//! refuses, or when compiling is denied and the kernel is not there.

pub mod pack;

mod artifact;
mod disk;
mod entry;
mod folder;
mod inventory;
mod kept;
mod key;
mod lock;
mod memory;
mod prune;
mod room;
mod size;

pub use artifact::{Artifact, Origin};
pub use disk::{DiskCache, DiskError, Lookup, Published};
pub(crate) use folder::is_safe;
pub use inventory::{Checked, Cleared, Entry};
pub use kept::NotKept;
pub(crate) use key::sha256;
pub use key::{CacheKey, FORMAT, KeyInputs};
pub use memory::MemoryCache;
pub use prune::{Pruned, Unneeded};
pub use size::{SizeError, parse_size};

use crate::compile::store::pack::Packs;
use crate::compile::{CompileError, Compiled, Compiler};
use crate::engine::Config;
use std::collections::HashMap;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, OnceLock, PoisonError};
use topkit_codegen::{Arch, RenderedSource};

/// Compiled kernels by what decides their code.
#[derive(Debug)]
pub struct KernelCache {
    memory: MemoryCache<CacheKey, Artifact, KernelError>,
    packs: Packs,
    disk: Option<DiskCache>,
    compiler: Arc<dyn Compiler>,
    version: OnceLock<String>,
    options: Vec<String>,
    deny_jit: bool,
    counters: Counters,
    /// Why each kernel that could not be put on disk was not; empty of those that were put there since.
    refused: Mutex<HashMap<CacheKey, String>>,
}

#[derive(Debug, Default)]
struct Counters {
    compiles: AtomicU64,
    pack_hits: AtomicU64,
    disk_hits: AtomicU64,
    memory_hits: AtomicU64,
}

/// Why there is no kernel.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum KernelError {
    /// The compiler refused it.
    #[error(transparent)]
    Compile(#[from] CompileError),
    /// It would have to be compiled, and that is denied.
    #[error(transparent)]
    Denied(#[from] Denied),
    /// Its PTX would have to be compiled, and that is denied.
    #[error(transparent)]
    PtxDenied(#[from] PtxDenied),
}

/// A compile that was not expected, where the settings deny those.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error(
    "{entry} for {arch} is not compiled, and compiling is denied by TOPKIT_DENY_JIT or `deny_jit`; \
     it was looked for as {key} in {place}. Compile it ahead with `topkit warmup` or \
     `Selector::warmup`, or allow compiling"
)]
pub struct Denied {
    /// The kernel's symbol.
    pub entry: String,
    /// The target.
    pub arch: Arch,
    /// What it was looked for as.
    pub key: CacheKey,
    /// Where it was looked for.
    pub place: String,
}

/// PTX that was asked for where the settings deny compiles. It is kept nowhere, so it cannot be
/// compiled ahead.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error(
    "the PTX of {entry} for {arch} would have to be compiled, and compiling is denied by \
     TOPKIT_DENY_JIT or `deny_jit`; allow compiling to read it"
)]
pub struct PtxDenied {
    /// The kernel's symbol.
    pub entry: String,
    /// The target.
    pub arch: Arch,
}

/// Leave to call the compiler once. [`KernelCache::allow`] alone gives it.
struct Allowed(());

/// What a [`KernelCache`] has done since it was made.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct CacheStats {
    /// Times the compiler was called for a kernel or its PTX, refusals included.
    pub compiles: u64,
    /// Kernels that came from packs.
    pub pack_hits: u64,
    /// Kernels that came from disk.
    pub disk_hits: u64,
    /// Kernels that came from memory, or from a compile that another thread had begun.
    pub memory_hits: u64,
}

impl KernelCache {
    /// A cache in front of a compiler; without a `disk` it lives in memory alone.
    pub fn new(compiler: Arc<dyn Compiler>, disk: Option<DiskCache>) -> KernelCache {
        KernelCache {
            memory: MemoryCache::new(),
            packs: Packs::default(),
            disk,
            version: OnceLock::new(),
            options: compiler.options(),
            compiler,
            deny_jit: false,
            counters: Counters::default(),
            refused: Mutex::default(),
        }
    }

    /// A cache with these settings. A folder that cannot be used is logged, and the cache lives in
    /// memory alone.
    pub fn from_config(compiler: Arc<dyn Compiler>, config: &Config) -> KernelCache {
        let disk = config.cache_dir.as_ref().and_then(|root| {
            DiskCache::open(root)
                .inspect_err(|error| {
                    tracing::warn!(path = %root.display(), "no kernel is kept on disk: {error}")
                })
                .ok()
        });
        let disk = disk.map(|disk| disk.with_limit(config.cache_limit));
        KernelCache { deny_jit: config.deny_jit, ..KernelCache::new(compiler, disk) }
    }

    /// With packs, which are searched before the disk.
    pub fn with_packs(mut self, packs: Packs) -> KernelCache {
        self.packs = packs;
        self
    }

    /// The compiled kernel, from memory, from a pack, from disk or from the compiler.
    ///
    /// # Errors
    /// The compiler refuses it, or it is not there and compiling is denied.
    pub fn get(&self, source: &RenderedSource, arch: Arch) -> Result<Arc<Artifact>, KernelError> {
        self.find(source, arch, false)
    }

    /// As [`KernelCache::get`], ahead of its use: the compile is expected, and never denied. A kernel of
    /// memory that the disk lacks is put there again.
    ///
    /// # Errors
    /// The compiler refuses it.
    pub fn get_ahead(
        &self,
        source: &RenderedSource,
        arch: Arch,
    ) -> Result<Arc<Artifact>, KernelError> {
        loop {
            match self.find(source, arch, true) {
                // Of another thread, which may not compile and was asked first.
                Err(KernelError::Denied(_)) => {}
                found => return found,
            }
        }
    }

    /// The PTX of a kernel, for reading. It is compiled each time, and kept nowhere.
    ///
    /// # Errors
    /// The compiler refuses it, or compiling is denied.
    pub fn ptx(&self, source: &RenderedSource, arch: Arch) -> Result<String, KernelError> {
        self.make_ptx(source, arch, false)
    }

    /// As [`KernelCache::ptx`]; `ahead` of its use, the compile is never denied.
    pub(crate) fn make_ptx(
        &self,
        source: &RenderedSource,
        arch: Arch,
        ahead: bool,
    ) -> Result<String, KernelError> {
        let denied = || PtxDenied { entry: source.entry.clone(), arch }.into();
        let allowed = self.allow(ahead, denied)?;
        Ok(self.call(allowed, source, arch, |compiler| compiler.ptx(source, arch))?)
    }

    /// Whether the compiler may be called, ahead of a use or for it.
    pub(crate) fn may_compile(&self, ahead: bool) -> bool {
        ahead || !self.deny_jit
    }

    fn allow(
        &self,
        ahead: bool,
        denied: impl FnOnce() -> KernelError,
    ) -> Result<Allowed, KernelError> {
        if self.may_compile(ahead) { Ok(Allowed(())) } else { Err(denied()) }
    }

    fn find(
        &self,
        source: &RenderedSource,
        arch: Arch,
        ahead: bool,
    ) -> Result<Arc<Artifact>, KernelError> {
        // Here there is one compiler, and a kernel of a pack is to need none.
        let place = self.inputs_of(source, arch, "").key();
        let mut in_memory = true;
        let artifact = self.memory.get_or_compute(&place, || {
            in_memory = false;
            self.fetch(source, arch, ahead)
        })?;
        if in_memory {
            tracing::trace!(key = %artifact.key, "kernel found in memory");
            self.count_memory_hit();
            if ahead && self.lacks(&artifact) {
                self.keep_again(source, arch, &artifact);
            }
        }
        Ok(artifact)
    }

    /// Whether a kernel of memory should be on disk and is not, as after a full disk. It reads the
    /// entry.
    pub(crate) fn lacks(&self, artifact: &Artifact) -> bool {
        artifact.origin != Origin::Pack && self.kept(&artifact.key).is_err()
    }

    /// Puts a kernel of memory, which was compiled of this source, on disk.
    pub(crate) fn keep_again(&self, source: &RenderedSource, arch: Arch, artifact: &Artifact) {
        let Some(disk) = &self.disk else { return };
        let (cubin, log) = (artifact.cubin.clone(), artifact.log.clone());
        self.publish(disk, &self.inputs(source, arch), &Compiled { cubin, log });
    }

    /// Counts a kernel that was found in memory before its source was rendered.
    pub(crate) fn count_memory_hit(&self) {
        self.counters.memory_hits.fetch_add(1, Ordering::Relaxed);
    }

    /// The key of a kernel in this cache.
    pub fn key(&self, source: &RenderedSource, arch: Arch) -> CacheKey {
        self.inputs(source, arch).key()
    }

    /// Name and version of the compiler behind it.
    pub fn compiler(&self) -> &str {
        self.version.get_or_init(|| self.compiler.version())
    }

    /// What it has done so far.
    pub fn stats(&self) -> CacheStats {
        CacheStats {
            compiles: self.counters.compiles.load(Ordering::Relaxed),
            pack_hits: self.counters.pack_hits.load(Ordering::Relaxed),
            disk_hits: self.counters.disk_hits.load(Ordering::Relaxed),
            memory_hits: self.counters.memory_hits.load(Ordering::Relaxed),
        }
    }

    /// The packs that are searched.
    pub fn packs(&self) -> &Packs {
        &self.packs
    }

    /// Whether a pack has the kernel.
    pub(crate) fn is_packed(&self, source: &RenderedSource, arch: Arch) -> bool {
        self.packs.has(&self.inputs_of(source, arch, ""))
    }

    /// What each pack has in place of a kernel that none has, a line each.
    pub(crate) fn searched(&self, source: &RenderedSource, arch: Arch) -> String {
        self.packs.searched(&self.inputs_of(source, arch, ""))
    }

    /// The disk cache, where there is one.
    pub fn disk(&self) -> Option<&DiskCache> {
        self.disk.as_ref()
    }

    fn inputs<'a>(&'a self, source: &'a RenderedSource, arch: Arch) -> KeyInputs<'a> {
        self.inputs_of(source, arch, self.compiler())
    }

    /// By a compiler of this name; packs are searched whatever it is.
    fn inputs_of<'a>(
        &'a self,
        source: &'a RenderedSource,
        arch: Arch,
        compiler: &'a str,
    ) -> KeyInputs<'a> {
        let options = &self.options;
        KeyInputs { entry: &source.entry, source: &source.text, options, arch, compiler }
    }

    /// From a pack, from disk or from the compiler. The first look takes no lock: a warm start waits
    /// for nobody, and a cache that cannot be written to can still be read.
    fn fetch(
        &self,
        source: &RenderedSource,
        arch: Arch,
        ahead: bool,
    ) -> Result<Artifact, KernelError> {
        if let Some(artifact) = self.packs.find(&self.inputs_of(source, arch, "")) {
            self.counters.pack_hits.fetch_add(1, Ordering::Relaxed);
            return Ok(artifact);
        }
        let inputs = self.inputs(source, arch);
        let (key, inputs) = (&inputs.key(), &inputs);
        let allow = |place: String| {
            let place = if self.packs.is_empty() { place } else { place + ", and in the packs" };
            let (entry, key) = (inputs.entry.to_owned(), key.clone());
            self.allow(ahead, || Denied { entry, arch, key, place }.into())
        };
        let Some(disk) = &self.disk else {
            let allowed = allow("memory; nothing is kept on disk".to_owned())?;
            return Ok(self.compile(allowed, inputs, source, None)?);
        };
        if let Lookup::Hit(artifact) = disk.load(key) {
            return Ok(self.found(disk, artifact));
        }
        // Who may not compile waits for nobody who does.
        let _lock = if self.may_compile(ahead) { disk.lock(key) } else { None };
        match disk.load(key) {
            Lookup::Hit(artifact) => return Ok(self.found(disk, artifact)),
            Lookup::Miss => tracing::debug!(%key, "kernel not on disk"),
            Lookup::Corrupt { reason } => {
                let path = disk.folder(key);
                tracing::warn!(path = %path.display(),
                    "a cache entry cannot be used: {reason}");
            }
        }
        let allowed = allow(disk.root().display().to_string())?;
        Ok(self.compile(allowed, inputs, source, Some(disk))?)
    }

    fn found(&self, disk: &DiskCache, artifact: Artifact) -> Artifact {
        room::mark_used(&disk.folder(&artifact.key));
        tracing::debug!(key = %artifact.key, "kernel found on disk");
        self.counters.disk_hits.fetch_add(1, Ordering::Relaxed);
        artifact
    }

    fn compile(
        &self,
        allowed: Allowed,
        inputs: &KeyInputs<'_>,
        source: &RenderedSource,
        disk: Option<&DiskCache>,
    ) -> Result<Artifact, CompileError> {
        let (key, arch) = (inputs.key(), inputs.arch);
        let compiled =
            self.call(allowed, source, arch, |compiler| compiler.compile(source, arch))?;
        if let Some(disk) = disk {
            self.publish(disk, inputs, &compiled);
        }
        Ok(Artifact {
            key,
            entry: source.entry.clone(),
            arch,
            cubin: compiled.cubin,
            log: compiled.log,
            origin: Origin::Compiled,
        })
    }

    /// Puts a kernel on disk, or notes why it is not there.
    fn publish(&self, disk: &DiskCache, inputs: &KeyInputs<'_>, compiled: &Compiled) {
        let key = inputs.key();
        let published = disk.publish(inputs, compiled);
        let mut refused = self.refused.lock().unwrap_or_else(PoisonError::into_inner);
        match published {
            Ok(published) => {
                tracing::debug!(%key, ?published, "kernel put on disk");
                refused.remove(&key);
            }
            Err(error) => {
                let path = disk.folder(&key);
                tracing::warn!(path = %path.display(), "a kernel is not kept on disk: {error}");
                refused.insert(key, error.to_string());
            }
        }
    }

    /// Calls the compiler for a kernel or its PTX, and counts it. No compile of a kernel goes another
    /// way; beside it NVRTC compiles an empty text once, whatever the settings deny, where its release
    /// is not known yet.
    fn call<T>(
        &self,
        _: Allowed,
        source: &RenderedSource,
        arch: Arch,
        compile: impl FnOnce(&dyn Compiler) -> Result<T, CompileError>,
    ) -> Result<T, CompileError> {
        self.counters.compiles.fetch_add(1, Ordering::Relaxed);
        let span = tracing::info_span!("compile", entry = %source.entry, %arch);
        span.in_scope(|| compile(&*self.compiler))
    }
}
