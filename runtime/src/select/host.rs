//! A selector on the host: the launch path of the library, without a GPU and without kernels.

use super::launch::Work;
use super::launcher::Launcher;
use crate::backend::arguments::Arguments;
use crate::backend::host::memory::STREAM;
use crate::backend::host::{Cpu, Rows};
use crate::backend::launch::RawLaunch;
use crate::backend::memory::{DeviceStream, Host};
use crate::backend::output::Output;
use crate::error::Error;
use crate::problem::args::ProgramArgs;
use crate::problem::{IndexInt, Score};
use topkit_codegen::SelectorSpec;

/// As [`topkit::Selector`](crate::Selector), on the host: the same checks by the same code, then a selection in
/// plain Rust. Cheap to clone.
///
/// It serves every key of a declaration, and needs neither a GPU nor NVRTC:
///
/// ```
/// use topkit::spec::{Semantics, Ties};
/// use topkit::{DType, Rows, SelectorSpec, host};
///
/// let semantics = Semantics { ties: Ties::HighestIndex, ..Semantics::DEFAULT };
/// let spec = SelectorSpec::builder("Latest").dtype([DType::F32]).semantics(semantics).spec();
/// let topk = host::Selector::new(spec)?;
/// let mut indices = vec![0i32; 2];
/// topk.launch(&Rows::host(&[1.0f32, 4.0, 4.0, 4.0], 1, 4), 2, &mut indices)?;
/// assert_eq!(indices, [2, 3]);
/// # Ok::<(), topkit::Error>(())
/// ```
#[derive(Clone)]
pub struct Selector {
    launcher: Launcher<Cpu>,
}

impl Selector {
    /// The selector of a spec.
    ///
    /// # Errors
    /// The spec has faults; all of them are named.
    pub fn new(spec: SelectorSpec) -> Result<Selector, Error> {
        Ok(Selector { launcher: Launcher::new(Cpu, spec)? })
    }

    /// The declaration.
    pub fn spec(&self) -> &SelectorSpec {
        self.launcher.spec()
    }

    /// As [`crate::Selector::launch`], without a stream: the indices are written when it returns. A problem has
    /// one answer: that of [`top_k`](crate::host::top_k).
    ///
    /// # Errors
    /// As there. A selector with parts of CUDA C++ is [`Error::HostProgram`], and a row for whose ranks the
    /// system has no memory is [`Error::Host`].
    pub fn launch<'a, S: Score + 'a, I: IndexInt + 'a>(
        &self,
        rows: &Rows<'_, S>,
        k: u32,
        indices: impl Into<Output<'a, I, S, Host>>,
    ) -> Result<(), Error> {
        self.launcher.launch_typed(rows, k, None, indices.into(), Work::Own(&STREAM))
    }

    /// As [`crate::Selector::launch_given`], without a stream: the functions are evaluated, with the results that they
    /// have on a GPU.
    ///
    /// # Errors
    /// As there.
    pub fn launch_given<'a, S: Score + 'a, I: IndexInt + 'a>(
        &self,
        rows: &Rows<'_, S>,
        k: u32,
        args: &dyn Arguments<Host>,
        indices: impl Into<Output<'a, I, S, Host>>,
    ) -> Result<(), Error> {
        self.launcher.launch_typed(rows, k, Some(args), indices.into(), Work::Own(&STREAM))
    }

    /// A launch by addresses of the host, with values for the arguments of the selector's own functions, which the
    /// host evaluates as a GPU would.
    ///
    /// # Errors
    /// As for [`crate::Selector::launch_raw_with`].
    ///
    /// # Safety
    /// As there, with memory of the host.
    #[doc(hidden)]
    pub unsafe fn launch_raw_with(
        &self,
        launch: &RawLaunch,
        program: &ProgramArgs,
    ) -> Result<(), Error> {
        // SAFETY: as the caller promises; the host has one stream.
        unsafe { self.launcher.launch_raw(STREAM.handle(), launch, Some(program)) }
    }
}

impl std::fmt::Debug for Selector {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Selector").field("spec", self.spec()).finish_non_exhaustive()
    }
}
