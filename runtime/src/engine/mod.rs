//! Makes kernels: a toolchain for an architecture, and an engine, which is a toolchain with a GPU.
//!
//! A toolchain renders, compiles and caches kernels; with a GPU it loads them too. `select` launches them.
//! A toolchain has no scores and no workspace. A failure is an error of the call in which it happens; nothing is
//! retried here.

mod backend;
mod builder;
mod config;
mod gpu;
#[cfg(feature = "interpret")]
mod interpreter;
#[cfg(test)]
mod packs_tests;
mod tables;

pub use builder::EngineBuilder;
pub use config::Config;
pub use gpu::Engine;

use crate::backend::cuda::device::Device;
use crate::backend::cuda::module::{LaunchShape, LoadedKernel};
use crate::compile::absent::Absent;
use crate::compile::cache::{
    Artifact, CacheKey, Compiling, DiskCache, KernelCache, KernelError, NotPacked, OnceMap, Store,
};
use crate::compile::dump::dump;
use crate::compile::nvrtc::{Nvrtc, NvrtcError};
use crate::compile::overrides::Overrides;
use crate::compile::store::pack::Packs;
use crate::error::Error;
use crate::plan::{GpuTable, Limits, Refusal};
use cudarc::driver::CudaContext;
use std::collections::HashMap;
use std::path::PathBuf;
use std::sync::{Arc, Mutex, PoisonError, RwLock};
use topkit_codegen::{Arch, DType, RenderedSource, SelectorSpec, Variant, render};

/// Renders, compiles and caches kernels for one architecture; it needs no GPU. Cheap to clone; clones
/// share everything.
///
/// Its selectors plan, compile and show kernels. To launch, make them of an [`Engine`], which is a
/// toolchain with a GPU.
///
/// ```no_run
/// use topkit::{DType, Problem, SelectorSpec, Toolchain};
///
/// # fn main() -> Result<(), Box<dyn std::error::Error>> {
/// let toolchain = Toolchain::new("sm_90a".parse()?)?;
/// let selector = toolchain.selector(SelectorSpec::builder("Indexer").dtype([DType::Bf16]).build()?)?;
/// let plan = selector.plan(&Problem::new(DType::Bf16, 32, 131_072, 512))?;
/// println!("{}", selector.ptx(&plan.variant)?);
/// # Ok(())
/// # }
/// ```
#[derive(Debug, Clone)]
pub struct Toolchain {
    inner: Arc<Inner>,
}

#[derive(Debug)]
struct Inner {
    target: Target,
    limits: Limits,
    config: Config,
    overrides: Option<Overrides>,
    /// The compiler, or the reason why only packs have kernels.
    nvrtc: Result<Arc<Nvrtc>, NvrtcError>,
    packs: Arc<Packs>,
    disk: Option<DiskCache>,
    /// Compiled kernels, from memory, packs, disk or the compiler.
    cache: KernelCache,
    /// Kernels of the cache's memory by variant, so that they are found without their text. A generated
    /// text follows from its variant, so there are at most as many entries as kernels in that memory.
    /// With edited sources or a dump folder it stays empty, because each request reads files then.
    by_variant: RwLock<HashMap<Variant, Arc<Artifact>>>,
    loaded: OnceMap<Variant, LoadedKernel, Error>,
    /// The measured table for this GPU, read with the first selector and again after a tuning.
    table: Mutex<Option<Option<Arc<GpuTable>>>>,
}

/// The records of a machine's own measurements, in the folder of the disk cache.
const RECORDS: &str = "tuned.jsonl";

/// The target of a toolchain's compiles.
#[derive(Debug, Clone)]
enum Target {
    Gpu(Arc<Device>),
    Offline(Arch),
}

impl Toolchain {
    /// A toolchain without a GPU, for an architecture, with the settings of the environment.
    ///
    /// # Errors
    /// There is no NVRTC, or it does not compile for the architecture.
    pub fn new(arch: Arch) -> Result<Toolchain, Error> {
        Engine::builder().build_toolchain(arch)
    }

    /// A toolchain of the same target with other settings, and nothing compiled yet.
    ///
    /// # Errors
    /// As for [`Toolchain::new`].
    pub fn with_config(&self, config: Config) -> Result<Toolchain, Error> {
        Toolchain::build(self.inner.target.clone(), config)
    }

    fn build(target: Target, config: Config) -> Result<Toolchain, Error> {
        if !config.refused.is_empty() {
            return Err(Error::Environment { refused: config.refused.join("; ") });
        }
        let overrides = config.override_dir.as_deref().map(Overrides::open).transpose()?;
        let packs = Packs::open(&config.packs)?;
        let (arch, limits) = match &target {
            Target::Gpu(device) => (device.facts.arch, device.facts.limits()),
            Target::Offline(arch) => (*arch, Limits::of_arch(*arch)),
        };
        let nvrtc =
            Nvrtc::for_arch(arch).map(|nvrtc| Arc::new(nvrtc.with_line_info(config.line_info)));
        let (packs, mut disk) = (Arc::new(packs), None);
        let mut stores: Vec<Arc<dyn Store>> = vec![packs.clone()];
        let cache = match &nvrtc {
            Ok(nvrtc) => {
                disk = config.cache_dir.as_ref().and_then(DiskCache::open_or_log);
                disk = disk.map(|disk| disk.with_limit(config.cache_limit));
                if let Some(disk) = &disk {
                    nvrtc.remember_in(disk);
                    stores.push(Arc::new(disk.clone()));
                }
                KernelCache::new(nvrtc.clone(), stores)
            }
            Err(error) if packs.is_empty() => return Err(error.clone().into()),
            Err(error) => {
                tracing::info!("kernels come from packs alone: {error}");
                KernelCache::new(Arc::new(Absent), stores)
            }
        };
        let inner = Inner {
            target,
            limits,
            config,
            overrides,
            nvrtc,
            packs,
            disk,
            cache,
            by_variant: RwLock::default(),
            loaded: OnceMap::default(),
            table: Mutex::default(),
        };
        Ok(Toolchain { inner: Arc::new(inner) })
    }

    /// The architecture that it compiles for.
    pub fn arch(&self) -> Arch {
        match &self.inner.target {
            Target::Gpu(device) => device.facts.arch,
            Target::Offline(arch) => *arch,
        }
    }

    /// The limits that plans respect: the GPU's, or a typical GPU's of the architecture.
    pub fn limits(&self) -> &Limits {
        &self.inner.limits
    }

    /// The context of its GPU, if it has one. [`Engine::context`] always has one.
    pub fn context(&self) -> Option<&Arc<CudaContext>> {
        self.gpu().map(|device| &device.context)
    }

    /// The compiler.
    ///
    /// # Errors
    /// There is none, and kernels come from packs alone.
    pub fn nvrtc(&self) -> Result<&Nvrtc, Error> {
        self.inner.nvrtc.as_deref().map_err(|error| error.clone().into())
    }

    /// The cache of compiled kernels. [`KernelCache::stats`] counts how many were compiled, and how many
    /// were found on disk, in packs and in memory.
    pub fn cache(&self) -> &KernelCache {
        &self.inner.cache
    }

    /// The disk cache, if there is one.
    pub fn disk(&self) -> Option<&DiskCache> {
        self.inner.disk.as_ref()
    }

    /// The file with this machine's own measurements, in the folder of the compiled kernels; `None` if
    /// there is no disk cache, or its folder is refused. It is read when the first selector is made, and
    /// again after a tuning.
    pub fn records(&self) -> Option<PathBuf> {
        self.disk().map(|disk| disk.root().join(RECORDS))
    }

    /// The variants of a selector that packs hold; `None` with a compiler, which can make them all.
    pub(super) fn packed(&self, spec: &SelectorSpec) -> Option<Vec<Variant>> {
        self.inner.nvrtc.is_err().then(|| self.in_packs(spec))
    }

    /// The variants of a selector that packs hold.
    pub(crate) fn in_packs(&self, spec: &SelectorSpec) -> Vec<Variant> {
        let Inner { packs, cache, .. } = &*self.inner;
        let has = |source: RenderedSource| packs.has(&cache.wanted(&source, self.arch()));
        let is_packed = |variant: &Variant| {
            // Search by name first: rendering every variant takes longer than searching most packs.
            // An edited variant counts as packed if its generated text is: a plan that avoided it would
            // silently ignore the edited text.
            packs.has_name(&variant.symbol())
                && (render(spec, variant).is_ok_and(has)
                    || self.inner.overrides.is_some() && self.render(spec, variant).is_ok_and(has))
        };
        spec.variants().into_iter().filter(is_packed).collect()
    }

    /// Why packs hold no variant of a selector and a dtype, a line each.
    pub(crate) fn not_in_packs(&self, spec: &SelectorSpec, dtype: DType) -> Result<String, Error> {
        let Inner { packs, cache, .. } = &*self.inner;
        let mut variants = spec.variants();
        variants.retain(|variant| variant.dtype == dtype);
        let named = variants.iter().find(|variant| packs.has_name(&variant.symbol()));
        Ok(match named {
            Some(variant) => packs.searched(&cache.wanted(&render(spec, variant)?, self.arch())),
            None => {
                format!("no kernel of a pack has the dtype {dtype} with these keys and tuning axes")
            }
        })
    }

    /// Whether edited sources may replace generated ones.
    pub(crate) fn has_edits(&self) -> bool {
        self.inner.overrides.is_some()
    }

    /// The refusal in this error, if another kernel may replace the refused one. With edited sources an
    /// unusable kernel is not replaced, because that would hide a fault of an edited one.
    pub(crate) fn gives_way(&self, error: &Error) -> Option<Refusal> {
        let hides = |refusal: &Refusal| *refusal == Refusal::Unusable && self.has_edits();
        error.refusal().filter(|refusal| !hides(refusal))
    }

    pub(crate) fn gpu(&self) -> Option<&Device> {
        match &self.inner.target {
            Target::Gpu(device) => Some(device),
            Target::Offline(_) => None,
        }
    }

    /// The source of a variant as it is compiled: generated, or edited.
    pub(crate) fn render(
        &self,
        spec: &SelectorSpec,
        variant: &Variant,
    ) -> Result<RenderedSource, Error> {
        let _span = tracing::info_span!("render", %variant).entered();
        let source = render(spec, variant)?;
        match &self.inner.overrides {
            Some(overrides) => Ok(overrides.apply(source, self.arch())?),
            None => Ok(source),
        }
    }

    /// The key of a kernel in the cache.
    pub(crate) fn key(&self, spec: &SelectorSpec, variant: &Variant) -> Result<CacheKey, Error> {
        Ok(self.inner.cache.key(&self.render(spec, variant)?, self.arch()))
    }

    /// Whether a kernel may be compiled on its first use, without a warm-up.
    pub(crate) fn compiling(&self) -> Compiling {
        if self.inner.config.deny_jit { Compiling::Denied } else { Compiling::Allowed }
    }

    /// The compiled kernel of a variant. A kernel in memory is found without rendering its text. Edited
    /// sources are read each time, so that the text shown is the text compiled.
    pub(crate) fn artifact(
        &self,
        spec: &SelectorSpec,
        variant: &Variant,
        compiling: Compiling,
    ) -> Result<Arc<Artifact>, Error> {
        if let Some(artifact) = self.in_memory(variant) {
            self.inner.cache.count_memory_hit(&artifact);
            return Ok(artifact);
        }
        let source = self.render(spec, variant)?;
        let artifact = self.artifact_of(&source, compiling)?;
        self.dump(&source, &artifact, compiling)?;
        self.remember(variant, &artifact);
        Ok(artifact)
    }

    fn in_memory(&self, variant: &Variant) -> Option<Arc<Artifact>> {
        let kernels = self.inner.by_variant.read().unwrap_or_else(PoisonError::into_inner);
        kernels.get(variant).cloned()
    }

    fn remember(&self, variant: &Variant, artifact: &Arc<Artifact>) {
        if self.has_edits() || self.inner.config.dump_dir.is_some() {
            return;
        }
        let mut kernels = self.inner.by_variant.write().unwrap_or_else(PoisonError::into_inner);
        kernels.insert(*variant, artifact.clone());
    }

    /// As [`Toolchain::artifact`], for a warm-up: compiling is allowed, and a kernel that is no longer on
    /// disk is written again.
    pub(crate) fn warm(
        &self,
        spec: &SelectorSpec,
        variant: &Variant,
    ) -> Result<Arc<Artifact>, Error> {
        let source = self.render(spec, variant)?;
        let warmed = self.inner.cache.warm(&source, self.arch());
        let artifact = warmed.map_err(|error| self.no_kernel(&source, error))?;
        self.dump(&source, &artifact, Compiling::Allowed)?;
        self.remember(variant, &artifact);
        Ok(artifact)
    }

    /// The compiled kernel of a source.
    pub(crate) fn artifact_of(
        &self,
        source: &RenderedSource,
        compiling: Compiling,
    ) -> Result<Arc<Artifact>, Error> {
        let found = self.inner.cache.get(source, self.arch(), compiling);
        found.map_err(|error| self.no_kernel(source, error))
    }

    /// Writes a kernel to the dump folder, if one is set. PTX needs a compile of its own, so it is left out
    /// where compiling is denied.
    fn dump(
        &self,
        source: &RenderedSource,
        artifact: &Artifact,
        compiling: Compiling,
    ) -> Result<(), Error> {
        let Some(folder) = &self.inner.config.dump_dir else { return Ok(()) };
        let may_compile = self.inner.nvrtc.is_ok() && compiling == Compiling::Allowed;
        let ptx = || Ok::<_, Error>(self.inner.cache.ptx(source, self.arch(), compiling)?);
        dump(folder, source, self.arch(), artifact, may_compile.then_some(ptx))
    }

    fn no_kernel(&self, source: &RenderedSource, error: KernelError) -> Error {
        match &self.inner.nvrtc {
            Ok(_) => error.into(),
            Err(absent) => self.not_packed(source, absent),
        }
    }

    /// The PTX of a source, for reading.
    pub(crate) fn ptx(&self, source: &RenderedSource) -> Result<String, Error> {
        self.nvrtc()?;
        Ok(self.inner.cache.ptx(source, self.arch(), self.compiling())?)
    }

    fn not_packed(&self, source: &RenderedSource, absent: &NvrtcError) -> Error {
        Error::NotPacked(Box::new(NotPacked {
            entry: source.entry.clone(),
            arch: self.arch(),
            digest: source.digest.clone(),
            searched: self.inner.packs.searched(&self.inner.cache.wanted(source, self.arch())),
            compiler: absent.clone(),
        }))
    }

    /// The loaded kernel of a variant; renders, compiles and loads it if it is not loaded yet.
    pub(crate) fn load(
        &self,
        spec: &SelectorSpec,
        variant: &Variant,
        compiling: Compiling,
    ) -> Result<Arc<LoadedKernel>, Error> {
        let device = self.gpu().ok_or(Error::Offline { arch: self.arch() })?;
        self.inner.loaded.get_or_make(variant, compiling, || {
            let artifact = self.artifact(spec, variant, compiling)?;
            let launch = LaunchShape {
                threads: variant.threads,
                cluster: variant.cluster,
                shared_bytes: variant.ring_bytes(),
            };
            LoadedKernel::load(device, &artifact.entry, &artifact.cubin, launch)
        })
    }
}
