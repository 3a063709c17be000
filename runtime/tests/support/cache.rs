//! A cache with the disk that it keeps kernels on, made as an engine makes its own.

use std::ops::Deref;
use std::sync::Arc;
use topkit::cache::{Artifact, Compiler, Compiling, DiskCache, KernelCache, KernelError, Store};
use topkit::inspect::RenderedSource;
use topkit::{Arch, Config};

pub struct TestCache {
    cache: KernelCache,
    disk: Option<DiskCache>,
    /// The permission of [`TestCache::get`].
    compiling: Compiling,
}

impl TestCache {
    pub fn new(compiler: Arc<dyn Compiler>, disk: Option<DiskCache>) -> TestCache {
        let stores: Vec<_> =
            disk.iter().map(|disk| Arc::new(disk.clone()) as Arc<dyn Store>).collect();
        TestCache { cache: KernelCache::new(compiler, stores), disk, compiling: Compiling::Allowed }
    }

    /// By the settings of an engine; a folder that cannot be used is logged.
    pub fn from_config(compiler: Arc<dyn Compiler>, config: &Config) -> TestCache {
        let disk = config.cache_dir.as_ref().and_then(DiskCache::open_or_log);
        let disk = disk.map(|disk| disk.with_limit(config.cache_limit));
        let compiling = if config.deny_jit { Compiling::Denied } else { Compiling::Allowed };
        TestCache { compiling, ..TestCache::new(compiler, disk) }
    }

    pub fn get(&self, source: &RenderedSource, arch: Arch) -> Result<Arc<Artifact>, KernelError> {
        self.cache.get(source, arch, self.compiling)
    }

    pub fn ptx(&self, source: &RenderedSource, arch: Arch) -> Result<String, KernelError> {
        self.cache.ptx(source, arch, self.compiling)
    }

    pub fn disk(&self) -> Option<&DiskCache> {
        self.disk.as_ref()
    }
}

impl Deref for TestCache {
    type Target = KernelCache;

    fn deref(&self) -> &KernelCache {
        &self.cache
    }
}
