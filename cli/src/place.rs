//! Where a selection runs: on the GPU where there is one, else on the host, with the reason.
//!
//! What is missing leads to the host; what is there and does not work is a failure, so that a
//! broken machine is not mistaken for a slow one.

use crate::exit::Failure;
use topkit::cudarc::driver::CudaContext;
use topkit::{Engine, Error};

/// Where to run.
#[derive(Debug)]
pub enum Place {
    /// On this engine's GPU.
    Gpu(Box<Engine>),
    /// On the host, because of this.
    Host(String),
}

/// What the command line says of the place.
#[derive(Debug, Clone, Copy, clap::Args)]
pub struct Choice {
    /// The GPU to run on, as the driver counts them from 0. Without it: GPU 0 where there is one,
    /// else the host.
    #[arg(long, value_name = "N", conflicts_with = "host")]
    device: Option<usize>,
    /// Run on the host even where there is a GPU.
    #[arg(long)]
    host: bool,
}

impl Choice {
    /// Opens the GPU, or says why it is to be the host.
    pub fn place(self) -> Result<Place, Failure> {
        if self.host {
            return Ok(Place::Host("--host was given".to_owned()));
        }
        if let Some(ordinal) = self.device {
            return Ok(Place::Gpu(Box::new(open(ordinal)?)));
        }
        match Engine::new() {
            Ok(engine) => Ok(Place::Gpu(Box::new(engine))),
            Err(Error::Driver(missing)) => {
                Ok(Place::Host(format!("no NVIDIA driver here, {} was not found", missing.library)))
            }
            Err(Error::Nvrtc(topkit::NvrtcError::Missing(missing))) => {
                let library = missing.library;
                Ok(Place::Host(format!("{library} was not found, see `topkit doctor`")))
            }
            Err(_) if topkit::devices().is_ok_and(|devices| devices.is_empty()) => {
                Ok(Place::Host("the NVIDIA driver finds no GPU".to_owned()))
            }
            Err(error) => Err(Failure::environment(format!(
                "{error}\n`topkit doctor` looks closer; with --host the selection needs no GPU"
            ))),
        }
    }
}

fn open(ordinal: usize) -> Result<Engine, Failure> {
    let count = topkit::devices()?.len();
    if ordinal >= count {
        let message =
            format!("there is no GPU {ordinal}; the driver finds {count}, counted from 0");
        return Err(Failure::environment(message));
    }
    let context = CudaContext::new(ordinal).map_err(|error| {
        Failure::environment(format!("GPU {ordinal} cannot be opened: {error}"))
    })?;
    Ok(Engine::on(context)?)
}
