//! The forms in which `emit` and `diff` show a kernel: CUDA C, PTX or SASS.
//!
//! The CUDA C needs nothing. PTX needs NVRTC, and SASS a disassembler too; a missing one is a failure. Every
//! form belongs to the compiled text: the edited one if `TOPKIT_OVERRIDE` has one for the
//! architecture.

use crate::commands::compile::{asked, compiles_for, engine};
use crate::ui::exit::Failure;
use topkit::{
    Arch, Config, Selector, SelectorSpec, Variant,
    inspect::{Overrides, RenderedSource, render},
    machine::Nvrtc,
};

/// The form in which a kernel is shown.
#[derive(Debug, Clone, clap::Args)]
#[command(next_help_heading = "What is shown (else the CUDA C)")]
pub struct Form {
    /// The PTX. Needs NVRTC.
    #[arg(long, conflicts_with = "sass")]
    ptx: bool,
    /// The machine code as text. Needs NVRTC, and nvdisasm or cuobjdump.
    #[arg(long)]
    sass: bool,
    /// The architecture to compile for. Without it: the first GPU's, or else the newest that NVRTC
    /// knows. The CUDA C is the same for all, but for edited sources (TOPKIT_OVERRIDE).
    #[arg(long, value_name = "ARCH")]
    pub arch: Option<Arch>,
}

impl Form {
    /// Its name, and the extension of its files.
    pub fn extension(&self) -> &'static str {
        match (self.ptx, self.sass) {
            (true, _) => "ptx",
            (_, true) => "sass",
            _ => "cu",
        }
    }

    /// Whether it is the CUDA C, which needs no compiler.
    pub fn is_source(&self) -> bool {
        !self.ptx && !self.sass
    }

    /// A variant of a selector in this form.
    pub fn of(&self, selector: &Selector, variant: &Variant) -> Result<String, Failure> {
        Ok(match (self.ptx, self.sass) {
            (true, _) => selector.ptx(variant)?,
            (_, true) => selector.sass(variant)?,
            _ => selector.source(variant)?.text,
        })
    }

    /// A selector with the kernel, for the architecture.
    pub fn selector(&self, variant: &Variant) -> Result<Selector, Failure> {
        let arch = self.arch.map_or_else(default_arch, Ok)?;
        compiles_for(variant, arch)?;
        Ok(engine(arch, asked())?.selector(SelectorSpec::of(variant))?)
    }
}

/// The first GPU's, or else the newest that NVRTC compiles for.
fn default_arch() -> Result<Arch, Failure> {
    let gpu =
        topkit::machine::devices().ok().and_then(|devices| devices.first().map(|gpu| gpu.arch));
    let newest = || {
        let nvrtc = Nvrtc::find().map_err(topkit::Error::from)?;
        let newest = nvrtc.archs().iter().copied().rfind(|arch| nvrtc.supports(*arch));
        newest.ok_or_else(|| Failure::environment("NVRTC names no architecture; give --arch"))
    };
    gpu.map_or_else(newest, Ok)
}

/// The CUDA C of a variant, without regard to edited sources.
pub fn generated(variant: &Variant) -> Result<RenderedSource, Failure> {
    Ok(render(&SelectorSpec::of(variant), variant)?)
}

/// The CUDA C that is compiled for an architecture, or the generated one where none is given.
pub fn source(variant: &Variant, arch: Option<Arch>) -> Result<RenderedSource, Failure> {
    let source = generated(variant)?;
    match (Config::from_env().override_dir, arch) {
        (None, _) => Ok(source),
        (Some(folder), Some(arch)) => {
            let overrides = Overrides::open(&folder).map_err(topkit::Error::from)?;
            Ok(overrides.apply(source, arch).map_err(topkit::Error::from)?)
        }
        (Some(_), None) => {
            tracing::warn!(
                "TOPKIT_OVERRIDE is left out here: an edited source is that of one architecture, \
                 and this is the generated one; emit and diff take --arch"
            );
            Ok(source)
        }
    }
}
