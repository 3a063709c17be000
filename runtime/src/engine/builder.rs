//! Builds an engine with settings of one's own. It opens nothing before [`EngineBuilder::build`].

use crate::backend::cuda::device::Device;
use crate::engine::Config;
use crate::engine::{Engine, Target};
use crate::error::Error;
use cudarc::driver::CudaContext;
use std::path::PathBuf;
use std::sync::Arc;
use topkit_codegen::Arch;

/// What an engine shall be; [`Engine::builder`] starts one. Without any call, it is that of
/// [`Engine::new`].
#[derive(Debug, Default)]
pub struct EngineBuilder {
    place: Place,
    config: Option<Config>,
    packs: Vec<PathBuf>,
}

#[derive(Debug, Default)]
enum Place {
    #[default]
    FirstGpu,
    Context(Arc<CudaContext>),
    Offline(Arch),
}

impl EngineBuilder {
    /// On the caller's context, as [`Engine::on`].
    pub fn context(mut self, context: Arc<CudaContext>) -> EngineBuilder {
        self.place = Place::Context(context);
        self
    }

    /// Without a GPU, for an architecture, as [`Engine::offline`].
    pub fn offline(mut self, arch: Arch) -> EngineBuilder {
        self.place = Place::Offline(arch);
        self
    }

    /// With these settings in place of those of the environment.
    pub fn config(mut self, config: Config) -> EngineBuilder {
        self.config = Some(config);
        self
    }

    /// With a [pack](crate::compile::store::pack) of compiled kernels. Packs are searched in the order of the
    /// calls, and before those of the settings.
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
        let mut config = self.config.unwrap_or_else(Config::from_env);
        config.packs.splice(..0, self.packs);
        let target = match self.place {
            Place::FirstGpu => Target::Gpu(Device::open(0)?),
            Place::Context(context) => Target::Gpu(Device::of(context)?),
            Place::Offline(arch) => Target::Offline(arch),
        };
        Engine::build(target, config)
    }
}
