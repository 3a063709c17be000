//! Builds an engine or a toolchain with settings of the caller's. Only [`EngineBuilder::build`] and
//! [`EngineBuilder::build_toolchain`] open anything, and only they can fail.

use super::{Config, Engine, Target, Toolchain};
use crate::backend::cuda::device::Device;
use crate::error::Error;
use cudarc::driver::CudaContext;
use std::path::PathBuf;
use std::sync::Arc;
use topkit_codegen::Arch;

/// The settings of an engine to be; [`Engine::builder`] makes one. Without any call it builds the engine of
/// [`Engine::new`].
#[derive(Debug, Default)]
pub struct EngineBuilder {
    place: Place,
    config: Option<Config>,
    packs: Vec<PathBuf>,
}

#[derive(Debug)]
enum Place {
    Device(usize),
    Context(Arc<CudaContext>),
}

impl Default for Place {
    fn default() -> Place {
        Place::Device(0)
    }
}

impl EngineBuilder {
    /// On the GPU of this ordinal, as [`Engine::on_device`].
    pub fn device(mut self, ordinal: usize) -> EngineBuilder {
        self.place = Place::Device(ordinal);
        self
    }

    /// On the caller's context, as [`Engine::on`].
    pub fn context(mut self, context: Arc<CudaContext>) -> EngineBuilder {
        self.place = Place::Context(context);
        self
    }

    /// With these settings in place of the environment's.
    pub fn config(mut self, config: Config) -> EngineBuilder {
        self.config = Some(config);
        self
    }

    /// With a [pack](crate::cache::pack) of compiled kernels. Packs are searched in the order of the
    /// calls, and before the packs of the settings.
    pub fn pack(mut self, path: impl Into<PathBuf>) -> EngineBuilder {
        self.packs.push(path.into());
        self
    }

    /// The engine.
    ///
    /// # Errors
    /// There is no driver or no GPU for it; a pack cannot be used; or there are no packs, and there
    /// is no NVRTC, or none that compiles for the architecture.
    pub fn build(self) -> Result<Engine, Error> {
        let device = match &self.place {
            Place::Device(ordinal) => Device::open(*ordinal)?,
            Place::Context(context) => Device::of(context.clone())?,
        };
        Engine::build(Arc::new(device), self.settings())
    }

    /// A toolchain without a GPU, with the packs and settings given here. [`EngineBuilder::device`] and
    /// [`EngineBuilder::context`] do not count.
    ///
    /// # Errors
    /// A pack cannot be used; or there are no packs, and there is no NVRTC, or none that compiles for
    /// the architecture.
    pub fn build_toolchain(self, arch: Arch) -> Result<Toolchain, Error> {
        Toolchain::build(Target::Offline(arch), self.settings())
    }

    fn settings(self) -> Config {
        let mut config = self.config.unwrap_or_else(Config::from_env);
        config.packs.splice(..0, self.packs);
        config
    }
}
