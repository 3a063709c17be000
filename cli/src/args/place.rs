//! Decides where a selection runs: on the engine that `--engine` names; without it on the GPU, or on the host
//! if there is no GPU, with the reason.
//!
//! A missing GPU, driver or NVRTC leads to the host only without `--engine`. A broken GPU, driver or NVRTC
//! is always a failure, so that a broken machine is not mistaken for a slow one.

use crate::args::spec::named;
use crate::ui::exit::Failure;
use topkit::cudarc::driver::CudaContext;
use topkit::interpret::Interpreter;
use topkit::{Engine, Error};

/// Where to run.
#[derive(Debug)]
pub enum Place {
    /// On this engine's GPU.
    Gpu(Box<Engine>),
    /// On the CPU, the kernel itself, under the schedule of this seed.
    Interpreter(Box<Interpreter>, u64),
    /// On the host, because of this.
    Host(String),
}

/// A place as the command line names it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Kind {
    Gpu,
    Interpret,
    Host,
}

impl Kind {
    const ALL: &'static [Kind] = &[Kind::Gpu, Kind::Interpret, Kind::Host];

    fn name(self) -> &'static str {
        match self {
            Kind::Gpu => "gpu",
            Kind::Interpret => "interpret",
            Kind::Host => "host",
        }
    }
}

/// The flags that name the place.
#[derive(Debug, Clone, Copy, clap::Args)]
#[command(next_help_heading = "Where it runs")]
pub struct Choice {
    /// gpu; interpret: the generated kernel on the CPU, every access checked, slowly; host: plain
    /// Rust. Without it: the GPU where there is one, else the host.
    #[arg(long, value_parser = named(Kind::ALL, Kind::name))]
    engine: Option<Kind>,
    /// The GPU to run on, as the driver counts them from 0.
    #[arg(long, value_name = "N")]
    device: Option<usize>,
    /// The order in which the interpreter runs the kernel's threads; the same seed, the same order.
    /// [default: 0]
    #[arg(long, value_name = "N")]
    schedule_seed: Option<u64>,
}

impl Choice {
    /// Refuses contradictory flags before any file is read.
    pub fn check(self) -> Result<(), Failure> {
        let engine = self.engine.map(Kind::name);
        match self.engine {
            Some(Kind::Interpret | Kind::Host) if self.device.is_some() => {
                let engine = engine.unwrap_or_default();
                let message = format!("--device is for the GPU; leave it or --engine {engine} out");
                Err(Failure::input(message))
            }
            None | Some(Kind::Gpu | Kind::Host) if self.schedule_seed.is_some() => Err(
                Failure::input("--schedule-seed is for the interpreter; add --engine interpret"),
            ),
            _ => Ok(()),
        }
    }

    /// Makes the place ready, or says why it is to be the host.
    pub fn place(self) -> Result<Place, Failure> {
        match (self.engine, self.device) {
            (Some(Kind::Host), _) => Ok(Place::Host("--engine host was given".to_owned())),
            (Some(Kind::Interpret), _) => {
                let seed = self.schedule_seed.unwrap_or(0);
                Ok(Place::Interpreter(Box::new(Interpreter::new()?.seed(seed)), seed))
            }
            (_, Some(ordinal)) => Ok(Place::Gpu(Box::new(open(ordinal)?))),
            (Some(Kind::Gpu), None) => Ok(Place::Gpu(Box::new(Engine::new().map_err(unfit)?))),
            (None, None) => any(),
        }
    }
}

/// The first GPU; where there is none, the host: the interpreter is too slow to be a default.
fn any() -> Result<Place, Failure> {
    let host = |why: String| {
        Ok(Place::Host(format!("{why}; --engine interpret executes the generated kernel")))
    };
    match Engine::new() {
        Ok(engine) => Ok(Place::Gpu(Box::new(engine))),
        Err(Error::Driver(missing)) if !missing.unusable => {
            host(format!("no NVIDIA driver here, {} was not found", missing.library))
        }
        Err(Error::Nvrtc(topkit::machine::NvrtcError::Missing(missing))) if !missing.unusable => {
            host(format!("{} was not found, see `topkit doctor`", missing.library))
        }
        Err(_) if topkit::machine::devices().is_ok_and(|devices| devices.is_empty()) => {
            host("the NVIDIA driver finds no GPU".to_owned())
        }
        Err(error) => Err(unfit(error)),
    }
}

fn unfit(error: Error) -> Failure {
    Failure::environment(format!(
        "{error}\n`topkit doctor` looks closer; --engine interpret and --engine host need no GPU"
    ))
}

fn open(ordinal: usize) -> Result<Engine, Failure> {
    let count = topkit::machine::devices()?.len();
    if ordinal >= count {
        let message =
            format!("there is no GPU {ordinal}; the driver finds {count}, counted from 0");
        return Err(Failure::environment(message));
    }
    // `devices` has probed the driver, without which the bindings would panic.
    let context = CudaContext::new(ordinal).map_err(|error| {
        let reason = topkit::machine::driver_words(error);
        Failure::environment(format!("GPU {ordinal} cannot be opened: {reason}"))
    })?;
    Ok(Engine::on(context)?)
}
