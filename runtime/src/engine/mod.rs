//! Where kernels come from and where they run: one engine for each GPU, or for an architecture
//! that is compiled for without one.
//!
//! It renders, compiles, caches and loads. It holds no scores and no workspace, and it never
//! launches by itself; that is [`Selector`]'s work.

mod builder;
mod config;
mod tables;

pub use builder::EngineBuilder;
pub use config::Config;

use crate::backend::cuda::device::{Device, DeviceFacts};
use crate::backend::cuda::module::{LaunchShape, LoadedKernel};
use crate::compile::absent::Absent;
use crate::compile::dump::dump;
use crate::compile::nvrtc::{Nvrtc, NvrtcError};
use crate::compile::overrides::Overrides;
use crate::compile::store::pack::{NotPacked, Packs};
use crate::compile::store::{Artifact, CacheKey, KernelCache, MemoryCache};
use crate::error::Error;
use crate::plan::{Holding, Limits, Refusal};
use crate::select::selector::Selector;
use cudarc::driver::CudaContext;
use std::path::PathBuf;
use std::sync::{Arc, Mutex};
use topkit_codegen::{Arch, RenderedSource, SelectorSpec, Variant, render};

/// Compiles, caches and loads kernels for one GPU or one architecture. Cheap to clone; clones
/// share everything.
///
/// A kernel that was loaded stays loaded for as long as its CUDA context lives, since a captured
/// graph or a launch that has not ended may need it after the engine was dropped. Engines that are
/// made one after another in one [`CudaContext`] share what is loaded, so they add nothing.
#[derive(Debug, Clone)]
pub struct Engine {
    inner: Arc<Inner>,
}

#[derive(Debug)]
struct Inner {
    target: Target,
    limits: Limits,
    config: Config,
    overrides: Option<Overrides>,
    /// The compiler; where packs alone serve, why there is none.
    nvrtc: Result<Arc<Nvrtc>, NvrtcError>,
    cache: KernelCache,
    artifacts: MemoryCache<Variant, Artifact, Error>,
    loaded: MemoryCache<Variant, LoadedKernel, Error>,
    /// The measured table that holds here, read with the first selector and anew after a tuning.
    holding: Mutex<Option<Option<Arc<Holding>>>>,
}

/// The records of a machine's own measurements, in the folder of the disk cache.
const RECORDS: &str = "tuned.jsonl";

/// What an engine is for.
#[derive(Debug)]
pub(crate) enum Target {
    Gpu(Device),
    Offline(Arch),
}

impl Engine {
    /// An engine on the first GPU, with the settings of the environment.
    ///
    /// # Errors
    /// There is no driver, no GPU or no NVRTC; the error names what was looked for and where. With
    /// [packs](crate::compile::store::pack) no NVRTC is needed.
    pub fn new() -> Result<Engine, Error> {
        Engine::build(Target::Gpu(Device::open(0)?), Config::from_env())
    }

    /// An engine on the caller's context, with the settings of the environment.
    ///
    /// # Errors
    /// The context does not answer, or there is no NVRTC.
    pub fn on(context: Arc<CudaContext>) -> Result<Engine, Error> {
        Engine::build(Target::Gpu(Device::of(context)?), Config::from_env())
    }

    /// An engine with settings of one's own, such as packs of compiled kernels.
    pub fn builder() -> EngineBuilder {
        EngineBuilder::default()
    }

    /// An engine without a GPU: it renders, compiles and inspects for an architecture, and
    /// refuses to launch.
    ///
    /// # Errors
    /// There is no NVRTC, or it does not compile for the architecture.
    pub fn offline(arch: Arch) -> Result<Engine, Error> {
        Engine::build(Target::Offline(arch), Config::from_env())
    }

    /// The same target with other settings, and nothing compiled yet.
    ///
    /// # Errors
    /// As for the constructors.
    pub fn with_config(&self, config: Config) -> Result<Engine, Error> {
        let target = match &self.inner.target {
            Target::Gpu(device) => Target::Gpu(device.clone()),
            Target::Offline(arch) => Target::Offline(*arch),
        };
        Engine::build(target, config)
    }

    pub(crate) fn build(target: Target, config: Config) -> Result<Engine, Error> {
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
        let cache = match &nvrtc {
            Ok(nvrtc) => KernelCache::from_config(nvrtc.clone(), &config),
            Err(error) if packs.is_empty() => return Err(error.clone().into()),
            Err(error) => {
                tracing::info!("kernels come from packs alone: {error}");
                KernelCache::new(Arc::new(Absent), None)
            }
        };
        if let (Ok(nvrtc), Some(disk)) = (&nvrtc, cache.disk()) {
            nvrtc.remember_in(disk);
        }
        let cache = cache.with_packs(packs);
        let (artifacts, loaded) = (MemoryCache::new(), MemoryCache::new());
        let holding = Mutex::default();
        let inner =
            Inner { target, limits, config, overrides, nvrtc, cache, artifacts, loaded, holding };
        Ok(Engine { inner: Arc::new(inner) })
    }

    /// The kernels of a spec on this engine; nothing is compiled yet.
    ///
    /// # Errors
    /// The spec has faults; all of them are named.
    pub fn selector(&self, spec: SelectorSpec) -> Result<Selector, Error> {
        Selector::new(self.clone(), spec)
    }

    /// The architecture that it compiles for.
    pub fn arch(&self) -> Arch {
        match &self.inner.target {
            Target::Gpu(device) => device.facts.arch,
            Target::Offline(arch) => *arch,
        }
    }

    /// What plans go by: what the GPU says of itself, or what is usual for the architecture.
    pub fn limits(&self) -> &Limits {
        &self.inner.limits
    }

    /// The GPU, where there is one.
    pub fn device(&self) -> Option<&DeviceFacts> {
        self.gpu().map(|device| &device.facts)
    }

    /// The context, where there is a GPU.
    pub fn context(&self) -> Option<&Arc<CudaContext>> {
        self.gpu().map(|device| &device.context)
    }

    /// The compiler.
    ///
    /// # Errors
    /// There is none, and the engine lives by its packs.
    pub fn nvrtc(&self) -> Result<&Nvrtc, Error> {
        self.inner.nvrtc.as_deref().map_err(|error| error.clone().into())
    }

    /// The compiled kernels, with their counters: [`KernelCache::stats`] tells how many were
    /// compiled, found on disk and found in memory.
    pub fn cache(&self) -> &KernelCache {
        &self.inner.cache
    }

    /// The file of this machine's own measurements, beside the compiled kernels; `None` where
    /// nothing is kept on disk, or the folder is refused. It is read when the first selector is made,
    /// and after [`Engine::tune`].
    pub fn records(&self) -> Option<PathBuf> {
        self.inner.cache.disk().map(|disk| disk.root().join(RECORDS))
    }

    /// The variants of a selector that packs hold, where the engine can have no others.
    fn packed(&self, spec: &SelectorSpec) -> Option<Vec<Variant>> {
        if self.inner.nvrtc.is_ok() {
            return None;
        }
        let cache = &self.inner.cache;
        let has = |source: RenderedSource| cache.is_packed(&source, self.arch());
        let is_packed = |variant: &Variant| {
            // Rendering every variant of a selector would take longer than most packs take to search.
            // An edited one counts where the generated one is packed, too: to plan around it would
            // leave the edited text out in silence.
            cache.packs().name(&variant.symbol())
                && (render(variant).is_ok_and(has)
                    || self.inner.overrides.is_some() && self.render(variant).is_ok_and(has))
        };
        Some(spec.variants().into_iter().filter(is_packed).collect())
    }

    /// Whether edited sources stand in for generated ones.
    pub(crate) fn has_edits(&self) -> bool {
        self.inner.overrides.is_some()
    }

    /// The refusal for which another kernel is used in place of the one that this error is about. Any
    /// other error is handed back: the next kernel would fail too, or trying again may help. Another
    /// kernel would hide a fault of an edited one.
    pub(crate) fn gives_way(&self, error: &Error) -> Option<Refusal> {
        let hides = |refusal: &Refusal| *refusal == Refusal::Unusable && self.has_edits();
        error.refusal().filter(|refusal| !hides(refusal))
    }

    fn gpu(&self) -> Option<&Device> {
        match &self.inner.target {
            Target::Gpu(device) => Some(device),
            Target::Offline(_) => None,
        }
    }

    /// The text of a variant that is compiled: the generated one, or an edited one in its place.
    pub(crate) fn render(&self, variant: &Variant) -> Result<RenderedSource, Error> {
        let _span = tracing::info_span!("render", %variant).entered();
        let source = render(variant)?;
        match &self.inner.overrides {
            Some(overrides) => Ok(overrides.apply(source, self.arch())?),
            None => Ok(source),
        }
    }

    /// What a kernel is compiled and kept as.
    pub(crate) fn key(&self, variant: &Variant) -> Result<CacheKey, Error> {
        Ok(self.inner.cache.key(&self.render(variant)?, self.arch()))
    }

    /// The compiled kernel of a variant; `ahead` of its use, a compile is not denied. Edited sources
    /// are read each time, so that what is shown is what is compiled.
    pub(crate) fn artifact(&self, variant: &Variant, ahead: bool) -> Result<Arc<Artifact>, Error> {
        if self.inner.overrides.is_some() {
            return self.compile(&self.render(variant)?, ahead);
        }
        if let Some(artifact) = self.inner.artifacts.get(variant) {
            let cache = &self.inner.cache;
            cache.count_memory_hit();
            if ahead && cache.lacks(&artifact) {
                cache.keep_again(&self.render(variant)?, self.arch(), &artifact);
            }
            return Ok(artifact);
        }
        let artifact = self.compile(&self.render(variant)?, ahead)?;
        Ok(self.inner.artifacts.keep(variant, artifact))
    }

    /// The compiled kernel of a source, written to the dump folder where one is set.
    fn compile(&self, source: &RenderedSource, ahead: bool) -> Result<Arc<Artifact>, Error> {
        let artifact = self.artifact_of(source, ahead)?;
        if let Some(folder) = &self.inner.config.dump_dir {
            // What may not be compiled for its launch may not be compiled to be read.
            let cache = &self.inner.cache;
            let may_compile = self.inner.nvrtc.is_ok() && cache.may_compile(ahead);
            let ptx = || Ok::<_, Error>(cache.make_ptx(source, self.arch(), ahead)?);
            dump(folder, source, self.arch(), &artifact, may_compile.then_some(ptx))?;
        }
        Ok(artifact)
    }

    /// The compiled kernel of a source; `ahead` of its use, a compile is not denied.
    pub(crate) fn artifact_of(
        &self,
        source: &RenderedSource,
        ahead: bool,
    ) -> Result<Arc<Artifact>, Error> {
        let found = match ahead {
            true => self.inner.cache.get_ahead(source, self.arch()),
            false => self.inner.cache.get(source, self.arch()),
        };
        found.map_err(|error| match &self.inner.nvrtc {
            Ok(_) => error.into(),
            Err(absent) => self.not_packed(source, absent),
        })
    }

    /// The PTX of a source, for reading.
    pub(crate) fn ptx(&self, source: &RenderedSource) -> Result<String, Error> {
        self.nvrtc()?;
        Ok(self.inner.cache.ptx(source, self.arch())?)
    }

    fn not_packed(&self, source: &RenderedSource, absent: &NvrtcError) -> Error {
        Error::NotPacked(Box::new(NotPacked {
            entry: source.entry.clone(),
            arch: self.arch(),
            digest: source.digest.clone(),
            searched: self.inner.cache.searched(source, self.arch()),
            compiler: absent.clone(),
        }))
    }

    /// The kernel of a variant if it is loaded already.
    pub(crate) fn loaded(&self, variant: &Variant) -> Option<Arc<LoadedKernel>> {
        self.inner.loaded.get(variant)
    }

    /// The kernel of a variant, rendered, compiled and loaded where it was not.
    pub(crate) fn load(&self, variant: &Variant) -> Result<Arc<LoadedKernel>, Error> {
        let device = self.gpu().ok_or(Error::Offline { arch: self.arch() })?;
        self.inner.loaded.get_or_compute(variant, || {
            let artifact = self.artifact(variant, false)?;
            let launch = LaunchShape {
                threads: variant.threads,
                cluster: variant.cluster,
                shared_bytes: variant.ring_bytes(),
            };
            LoadedKernel::load(device, &artifact.entry, &artifact.cubin, launch)
        })
    }
}
