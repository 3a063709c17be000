//! Compiled kernels, kept in memory and on disk, so that each is compiled once.
//!
//! [`KernelCache`] is the one way to a cubin: memory, then [packs](crate::pack), then the
//! [`DiskCache`], then the compiler.
//! However many threads and processes ask for one kernel, one of them compiles it. The disk can
//! only help: whatever goes wrong there is logged with its path, and the kernel is compiled. What
//! it does not do is load modules into a GPU or evict. It fails only when the compiler refuses.

mod artifact;
mod disk;
mod entry;
mod folder;
mod inventory;
mod key;
mod lock;
mod memory;

pub use artifact::{Artifact, Origin};
pub use disk::{DiskCache, DiskError, Lookup, Published};
pub use inventory::{Checked, Cleared, Entry};
pub(crate) use key::sha256;
pub use key::{CacheKey, FORMAT, KeyInputs};
pub use memory::MemoryCache;

use crate::pack::Packs;
use crate::{CompileError, Compiler, Config};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use topkit_codegen::{Arch, RenderedSource};

/// Compiled kernels by what decides their code.
#[derive(Debug)]
pub struct KernelCache {
    memory: MemoryCache<CacheKey, Artifact, CompileError>,
    packs: Packs,
    disk: Option<DiskCache>,
    compiler: Arc<dyn Compiler>,
    version: String,
    options: Vec<String>,
    counters: Counters,
}

#[derive(Debug, Default)]
struct Counters {
    compiles: AtomicU64,
    pack_hits: AtomicU64,
    disk_hits: AtomicU64,
    memory_hits: AtomicU64,
}

/// What a [`KernelCache`] has done since it was made.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct CacheStats {
    /// Times the compiler was called, refusals included.
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
            version: compiler.version(),
            options: compiler.options(),
            compiler,
            counters: Counters::default(),
        }
    }

    /// A cache in the configured folder. A folder that cannot be used is logged, and the cache
    /// lives in memory alone.
    pub fn from_config(compiler: Arc<dyn Compiler>, config: &Config) -> KernelCache {
        let disk = config.cache_dir.as_ref().and_then(|root| {
            DiskCache::open(root)
                .inspect_err(|error| {
                    tracing::warn!(path = %root.display(), "no kernel is kept on disk: {error}")
                })
                .ok()
        });
        KernelCache::new(compiler, disk)
    }

    /// With packs, which are searched before the disk.
    pub fn with_packs(mut self, packs: Packs) -> KernelCache {
        self.packs = packs;
        self
    }

    /// The compiled kernel, from memory, from a pack, from disk or from the compiler.
    pub fn get(&self, source: &RenderedSource, arch: Arch) -> Result<Arc<Artifact>, CompileError> {
        let inputs = self.inputs(source, arch);
        let key = inputs.key();
        let mut in_memory = true;
        let artifact = self.memory.get_or_compute(&key, || {
            in_memory = false;
            self.fetch(&key, &inputs, source)
        })?;
        if in_memory {
            tracing::trace!(%key, "kernel found in memory");
            self.counters.memory_hits.fetch_add(1, Ordering::Relaxed);
        }
        Ok(artifact)
    }

    /// The key of a kernel in this cache.
    pub fn key(&self, source: &RenderedSource, arch: Arch) -> CacheKey {
        self.inputs(source, arch).key()
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
        self.packs.has(&self.inputs(source, arch))
    }

    /// What each pack has in place of a kernel that none has, a line each.
    pub(crate) fn searched(&self, source: &RenderedSource, arch: Arch) -> String {
        self.packs.searched(&self.inputs(source, arch))
    }

    /// The disk cache, where there is one.
    pub fn disk(&self) -> Option<&DiskCache> {
        self.disk.as_ref()
    }

    fn inputs<'a>(&'a self, source: &'a RenderedSource, arch: Arch) -> KeyInputs<'a> {
        KeyInputs {
            entry: &source.entry,
            source: &source.text,
            options: &self.options,
            arch,
            compiler: &self.version,
        }
    }

    /// From a pack, from disk or from the compiler. The first look takes no lock: a warm start waits
    /// for nobody, and a cache that cannot be written to can still be read.
    fn fetch(
        &self,
        key: &CacheKey,
        inputs: &KeyInputs<'_>,
        source: &RenderedSource,
    ) -> Result<Artifact, CompileError> {
        if let Some(artifact) = self.packs.find(inputs) {
            self.counters.pack_hits.fetch_add(1, Ordering::Relaxed);
            return Ok(artifact);
        }
        let Some(disk) = &self.disk else {
            return self.compile(key, inputs, source, None);
        };
        if let Lookup::Hit(artifact) = disk.load(key) {
            return Ok(self.found(artifact));
        }
        let _lock = disk.lock(key);
        match disk.load(key) {
            Lookup::Hit(artifact) => return Ok(self.found(artifact)),
            Lookup::Miss => tracing::debug!(%key, "kernel not on disk"),
            Lookup::Corrupt { reason } => {
                let path = disk.folder(key);
                tracing::warn!(path = %path.display(),
                    "a cache entry cannot be used and is compiled anew: {reason}");
            }
        }
        self.compile(key, inputs, source, Some(disk))
    }

    fn found(&self, artifact: Artifact) -> Artifact {
        tracing::debug!(key = %artifact.key, "kernel found on disk");
        self.counters.disk_hits.fetch_add(1, Ordering::Relaxed);
        artifact
    }

    fn compile(
        &self,
        key: &CacheKey,
        inputs: &KeyInputs<'_>,
        source: &RenderedSource,
        disk: Option<&DiskCache>,
    ) -> Result<Artifact, CompileError> {
        self.counters.compiles.fetch_add(1, Ordering::Relaxed);
        let span = tracing::info_span!("compile", entry = %source.entry, arch = %inputs.arch);
        let compiled = span.in_scope(|| self.compiler.compile(source, inputs.arch))?;
        if let Some(disk) = disk {
            match disk.publish(inputs, &compiled) {
                Ok(published) => tracing::debug!(%key, ?published, "kernel put on disk"),
                Err(error) => {
                    let path = disk.folder(key);
                    tracing::warn!(path = %path.display(), "a kernel is not kept on disk: {error}");
                }
            }
        }
        Ok(Artifact {
            key: key.clone(),
            entry: source.entry.clone(),
            arch: inputs.arch,
            cubin: compiled.cubin,
            log: compiled.log,
            origin: Origin::Compiled,
        })
    }
}
