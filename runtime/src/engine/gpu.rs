//! The engine: a toolchain for the architecture of a GPU, with that GPU.
//!
//! An engine dereferences to its [`Toolchain`], which does everything that needs no GPU. Launches are a
//! [`Selector`](crate::Selector)'s. Opening fails if there is no driver, GPU or compiler.

use super::builder::EngineBuilder;
use super::config::Config;
use super::tables::provenance;
use super::{Target, Toolchain};
use crate::backend::cuda::device::{Device, DeviceFacts};
use crate::compile::nvrtc::Nvrtc;
use crate::error::Error;
use crate::plan::measured::Provenance;
use cudarc::driver::{CudaContext, CudaStream};
use std::ops::Deref;
use std::sync::Arc;

/// Compiles, caches and loads kernels for one GPU. Cheap to clone; clones share everything.
///
/// It dereferences to its [`Toolchain`], which does everything that needs no GPU: the cache, the compiler,
/// the architecture, and [`Toolchain::selector`]. A selector of an engine can launch; a selector of a
/// toolchain without a GPU cannot.
///
/// A loaded kernel stays loaded for as long as its CUDA context lives, because a captured graph or an
/// unfinished launch may need it after the engine was dropped. Engines of one [`CudaContext`] share
/// loaded kernels, so a new engine does not load them again.
#[derive(Debug, Clone)]
pub struct Engine {
    toolchain: Toolchain,
    device: Arc<Device>,
}

impl Engine {
    /// An engine on the first GPU, with the settings of the environment.
    ///
    /// # Errors
    /// There is no driver, no GPU or no NVRTC; the error names the places that were searched. With
    /// [packs](crate::cache::pack) no NVRTC is needed.
    pub fn new() -> Result<Engine, Error> {
        Engine::on_device(0)
    }

    /// An engine on the GPU of this ordinal, as the driver counts from 0, in its primary context, with
    /// the settings of the environment.
    ///
    /// # Errors
    /// As for [`Engine::new`], and when there is no such GPU.
    pub fn on_device(ordinal: usize) -> Result<Engine, Error> {
        Engine::builder().device(ordinal).build()
    }

    /// An engine on the caller's context, with the settings of the environment.
    ///
    /// # Errors
    /// The context does not answer, or there is no NVRTC.
    pub fn on(context: Arc<CudaContext>) -> Result<Engine, Error> {
        Engine::builder().context(context).build()
    }

    /// A builder, for settings of the caller's, such as packs of compiled kernels.
    pub fn builder() -> EngineBuilder {
        EngineBuilder::default()
    }

    /// An engine on the same GPU and context with other settings, and nothing compiled yet.
    ///
    /// # Errors
    /// As for the constructors.
    pub fn with_config(&self, config: Config) -> Result<Engine, Error> {
        Engine::build(self.device.clone(), config)
    }

    /// The engine of a toolchain, if it has a GPU.
    pub(crate) fn of(toolchain: &Toolchain) -> Option<Engine> {
        match &toolchain.inner.target {
            Target::Gpu(device) => {
                Some(Engine { toolchain: toolchain.clone(), device: device.clone() })
            }
            Target::Offline(_) => None,
        }
    }

    pub(super) fn build(device: Arc<Device>, config: Config) -> Result<Engine, Error> {
        let toolchain = Toolchain::build(Target::Gpu(device.clone()), config)?;
        Ok(Engine { toolchain, device })
    }

    /// The context in which it loads kernels.
    pub fn context(&self) -> &Arc<CudaContext> {
        &self.device.context
    }

    /// The default stream of its context.
    pub fn stream(&self) -> Arc<CudaStream> {
        self.device.context.default_stream()
    }

    /// The GPU's name, limits and driver.
    pub fn device(&self) -> &DeviceFacts {
        &self.device.facts
    }

    /// The toolchain, for calls that need no GPU.
    pub fn toolchain(&self) -> &Toolchain {
        &self.toolchain
    }

    /// The GPU, driver and compiler of times that are measured here; `None` without a compiler.
    pub fn provenance(&self) -> Option<Provenance> {
        Some(self.provenance_by(self.nvrtc().ok()?))
    }

    /// The provenance of times of kernels that this compiler makes.
    pub(crate) fn provenance_by(&self, nvrtc: &Nvrtc) -> Provenance {
        provenance(self.device(), nvrtc)
    }
}

impl Deref for Engine {
    type Target = Toolchain;

    fn deref(&self) -> &Toolchain {
        &self.toolchain
    }
}
