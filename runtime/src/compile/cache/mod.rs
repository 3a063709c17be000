//! Compiled kernels, kept in memory and on disk, so that each is compiled once.
//!
//! [`KernelCache`] is the one way to a cubin: it goes through a list of [stores](Store), which are
//! memory, then [packs](crate::cache::pack), then the [disk](DiskCache), and then calls the compiler. However
//! many threads and processes ask for one kernel, one of them compiles it. A failure of the disk is
//! logged with its path, and the kernel is compiled. Nothing here loads modules into a GPU, or evicts
//! from memory. It fails only if the compiler refuses, or if compiling is denied and no store has the
//! kernel.

mod compiling;
mod error;
mod once;
mod stats;
#[cfg(test)]
mod tests;

pub use super::store::{
    Artifact, CacheKey, Claim, DiskCache, Memory, NotKept, Origin, Store, Wanted, parse_size,
};
pub use compiling::Compiling;
pub use error::{Denied, KernelError, NotPacked, PtxDenied};
pub(crate) use once::OnceMap;
pub use stats::CacheStats;

use super::{CompileError, Compiler, KeyedCompiler};
use compiling::Permit;
use once::Once;
use stats::Counters;
use std::fmt::Write;
use std::sync::Arc;
use topkit_codegen::{Arch, RenderedSource};

/// Compiled kernels by key.
#[derive(Debug)]
pub struct KernelCache {
    /// Memory, and the others in the order in which they are asked.
    stores: Vec<Arc<dyn Store>>,
    compiler: KeyedCompiler,
    running: Once<CacheKey, Result<Arc<Artifact>, KernelError>>,
    counters: Counters,
}

impl KernelCache {
    /// A cache in front of a compiler: memory, and then these stores in order. Without any the kernels
    /// are gone with the cache.
    pub fn new(compiler: Arc<dyn Compiler>, stores: Vec<Arc<dyn Store>>) -> KernelCache {
        let memory: Arc<dyn Store> = Arc::new(Memory::default());
        KernelCache {
            stores: std::iter::once(memory).chain(stores).collect(),
            compiler: KeyedCompiler::new(compiler),
            running: Once::default(),
            counters: Counters::default(),
        }
    }

    /// The compiled kernel, from the first store that has it, or else from the compiler.
    ///
    /// # Errors
    /// The compiler refuses it, or no store has it and compiling is denied.
    pub fn get(
        &self,
        source: &RenderedSource,
        arch: Arch,
        compiling: Compiling,
    ) -> Result<Arc<Artifact>, KernelError> {
        let (artifact, _) = self.find(&self.wanted(source, arch), compiling)?;
        Ok(artifact)
    }

    /// As [`KernelCache::get`], ahead of its use: compiling is allowed, and a kernel of memory that the
    /// disk lacks, as after a full disk, is put there again.
    ///
    /// # Errors
    /// The compiler refuses it.
    pub fn warm(&self, source: &RenderedSource, arch: Arch) -> Result<Arc<Artifact>, KernelError> {
        let wanted = self.wanted(source, arch);
        let (artifact, in_memory) = self.find(&wanted, Compiling::Allowed)?;
        if in_memory && artifact.origin != Origin::Pack && self.kept(&artifact.key).is_err() {
            self.keep(&self.stores, &wanted, &artifact);
        }
        Ok(artifact)
    }

    /// The PTX of a kernel, for reading. It is compiled each time, and kept nowhere.
    ///
    /// # Errors
    /// The compiler refuses it, or compiling is denied.
    pub fn ptx(
        &self,
        source: &RenderedSource,
        arch: Arch,
        compiling: Compiling,
    ) -> Result<String, KernelError> {
        let denied = || PtxDenied { entry: source.entry.clone(), arch };
        let permit = compiling.permit().ok_or_else(denied)?;
        let wanted = self.wanted(source, arch);
        Ok(self.call(permit, &wanted, |compiler| compiler.ptx(source, arch))?)
    }

    /// The key of a kernel in this cache.
    pub fn key(&self, source: &RenderedSource, arch: Arch) -> CacheKey {
        self.wanted(source, arch).key().clone()
    }

    /// Whether the next process will find a kernel that this process has: reads the kernel's entry on
    /// disk, every byte, as that process would. Where nothing is kept on disk, nothing is missing.
    ///
    /// # Errors
    /// The entry is missing or damaged.
    pub fn kept(&self, key: &CacheKey) -> Result<(), NotKept> {
        self.stores.iter().try_for_each(|store| store.check(key))
    }

    /// Name and version of the compiler behind it.
    pub fn compiler(&self) -> &str {
        self.compiler.version()
    }

    /// Counts since the cache was made.
    pub fn stats(&self) -> CacheStats {
        self.counters.stats()
    }

    /// The request that stores get.
    pub(crate) fn wanted<'a>(&'a self, source: &'a RenderedSource, arch: Arch) -> Wanted<'a> {
        Wanted::new(source, arch, &self.compiler)
    }

    /// The kernel, and whether memory or another thread had it. Memory is a store like the others, so
    /// that a thread which comes just after the end of a compile finds the kernel there.
    fn find(
        &self,
        wanted: &Wanted<'_>,
        compiling: Compiling,
    ) -> Result<(Arc<Artifact>, bool), KernelError> {
        let mut in_memory = true;
        let artifact = self.running.run(wanted.key_of_any_compiler(), compiling, || {
            let (artifact, place) = self.search(wanted, compiling)?;
            in_memory = place == Some(0);
            Ok(artifact)
        })?;
        if in_memory {
            self.count_memory_hit(&artifact);
        }
        Ok((artifact, in_memory))
    }

    /// Counts and logs a kernel that was in memory, for a toolchain that remembers it by its variant too.
    pub(crate) fn count_memory_hit(&self, artifact: &Artifact) {
        tracing::trace!(key = %artifact.key, "kernel found in memory");
        self.counters.memory_hit();
    }

    /// The kernel, and which store had it. The first look takes no lock between processes: a warm start
    /// waits for nobody, a cache that cannot be written to can still be read, and a thread that may not
    /// compile waits for no process that does.
    fn search(
        &self,
        wanted: &Wanted<'_>,
        compiling: Compiling,
    ) -> Result<(Arc<Artifact>, Option<usize>), KernelError> {
        for (place, store) in self.stores.iter().enumerate() {
            if let Some(artifact) = store.find(wanted) {
                return Ok(self.found(wanted, artifact, place));
            }
        }
        let permit = compiling.permit().ok_or_else(|| self.denied(wanted))?;
        let mut claims = Vec::new();
        for (place, store) in self.stores.iter().enumerate() {
            match store.claim(wanted) {
                Claim::Made(artifact) => return Ok(self.found(wanted, artifact, place)),
                claim => claims.push(claim),
            }
        }
        let artifact = self.compile(permit, wanted)?;
        self.keep(&self.stores, wanted, &artifact);
        drop(claims);
        Ok((artifact, None))
    }

    /// Counts a kernel that a store had, and keeps it in the stores before that one.
    fn found(
        &self,
        wanted: &Wanted<'_>,
        artifact: Arc<Artifact>,
        place: usize,
    ) -> (Arc<Artifact>, Option<usize>) {
        if place > 0 {
            self.counters.hit(artifact.origin);
        }
        self.keep(&self.stores[..place], wanted, &artifact);
        (artifact, Some(place))
    }

    /// The last store first: a kernel that is in memory was put on disk before, or could not be.
    fn keep(&self, stores: &[Arc<dyn Store>], wanted: &Wanted<'_>, artifact: &Arc<Artifact>) {
        stores.iter().rev().for_each(|store| store.keep(wanted, artifact));
    }

    fn denied(&self, wanted: &Wanted<'_>) -> Denied {
        let folder = self.stores.iter().find_map(|store| store.keeps_in());
        let mut place = match folder {
            Some(folder) => folder.display().to_string(),
            None => "memory; nothing is kept on disk".to_owned(),
        };
        for name in self.stores.iter().filter_map(|store| store.name()) {
            // Writing to a String cannot fail.
            let _ = write!(place, ", and in {name}");
        }
        let entry = wanted.source().entry.clone();
        Denied { entry, arch: wanted.arch(), key: wanted.key().clone(), place }
    }

    fn compile(&self, permit: Permit, wanted: &Wanted<'_>) -> Result<Arc<Artifact>, CompileError> {
        let (source, arch) = (wanted.source(), wanted.arch());
        let compiled = self.call(permit, wanted, |compiler| compiler.compile(source, arch))?;
        let key = wanted.key().clone();
        Ok(Arc::new(Artifact::new(key, arch, compiled, Origin::Compiled)))
    }

    /// Calls the compiler for a kernel or its PTX, and counts the call. No compile of a kernel goes
    /// another way; beside it NVRTC compiles an empty text once, whatever the settings deny, where its
    /// release is not known yet.
    fn call<T>(
        &self,
        _: Permit,
        wanted: &Wanted<'_>,
        compile: impl FnOnce(&dyn Compiler) -> Result<T, CompileError>,
    ) -> Result<T, CompileError> {
        self.counters.compile();
        let (source, arch) = (wanted.source(), wanted.arch());
        let span = tracing::info_span!("compile", entry = %source.entry, %arch);
        span.in_scope(|| compile(self.compiler.get()))
    }
}
