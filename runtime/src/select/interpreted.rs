//! A selector on a GPU that is interpreted: the launch path of the library, without a GPU.

use super::launch::Work;
use super::launcher::Launcher;
use super::workspace::Workspace;
use crate::backend::arguments::Arguments;
use crate::backend::interpret::{Gpu, Interpreted, Stream};
use crate::backend::launch::RawLaunch;
use crate::backend::output::Output;
use crate::backend::rows::Rows;
use crate::error::Error;
use crate::plan::{Plan, VariantLaunch};
use crate::problem::args::ProgramArgs;
use crate::problem::{IndexInt, Problem, Score};
use std::sync::Arc;
use topkit_codegen::{SelectorSpec, Variant};

/// As [`topkit::Selector`](crate::Selector), on a [`Gpu`] of the interpreter: the same checks, plans by rules,
/// workspaces and arguments, by the same code. Cheap to clone.
#[derive(Clone)]
pub struct Selector {
    launcher: Launcher<Gpu>,
}

impl Gpu {
    /// The selector of a spec; nothing is compiled yet.
    ///
    /// # Errors
    /// The spec has faults; all of them are named.
    pub fn selector(&self, spec: SelectorSpec) -> Result<Selector, Error> {
        Ok(Selector { launcher: Launcher::new(self.clone(), spec)? })
    }
}

impl Selector {
    /// The declaration.
    pub fn spec(&self) -> &SelectorSpec {
        self.launcher.spec()
    }

    /// As [`crate::Selector::plan`].
    ///
    /// # Errors
    /// As there.
    pub fn plan(&self, problem: &Problem) -> Result<Plan, Error> {
        self.launcher.plan(problem)
    }

    /// As [`crate::Selector::plan_variant`].
    ///
    /// # Errors
    /// As there.
    pub fn plan_variant(&self, problem: &Problem, variant: &Variant) -> Result<Plan, Error> {
        self.launcher.plan_variant(problem, variant)
    }

    /// As [`crate::Selector::prepare`].
    ///
    /// # Errors
    /// As there.
    pub fn prepare(&self, problem: &Problem) -> Result<Plan, Error> {
        self.launcher.prepare(problem)
    }

    /// As [`crate::Selector::workspace`].
    ///
    /// # Errors
    /// As there.
    pub fn workspace(
        &self,
        stream: &Arc<Stream>,
        problem: &Problem,
    ) -> Result<Workspace<Stream>, Error> {
        self.launcher.workspace(stream, problem)
    }

    /// As [`crate::Selector::launch`]. Where the stream is not being captured, the kernel has run when it
    /// returns.
    ///
    /// # Errors
    /// As there, and the first fault of the kernel.
    pub fn launch<'a, S: Score + 'a, I: IndexInt + 'a>(
        &self,
        stream: &Arc<Stream>,
        rows: &Rows<'_, S, Interpreted>,
        k: u32,
        indices: impl Into<Output<'a, I, S, Interpreted>>,
    ) -> Result<(), Error> {
        self.launcher.launch_typed(rows, k, None, indices.into(), Work::Own(stream))
    }

    /// As [`crate::Selector::launch_given`].
    ///
    /// # Errors
    /// As there, and the first fault of the kernel.
    pub fn launch_given<'a, S: Score + 'a, I: IndexInt + 'a>(
        &self,
        stream: &Arc<Stream>,
        rows: &Rows<'_, S, Interpreted>,
        k: u32,
        args: &dyn Arguments<Interpreted>,
        indices: impl Into<Output<'a, I, S, Interpreted>>,
    ) -> Result<(), Error> {
        self.launcher.launch_typed(rows, k, Some(args), indices.into(), Work::Own(stream))
    }

    /// As [`crate::Selector::launch_with`].
    ///
    /// # Errors
    /// As for [`Selector::launch`], and when the workspace is smaller than the plan needs.
    pub fn launch_with<'a, S: Score + 'a, I: IndexInt + 'a>(
        &self,
        stream: &Stream,
        rows: &Rows<'_, S, Interpreted>,
        k: u32,
        indices: impl Into<Output<'a, I, S, Interpreted>>,
        workspace: &mut Workspace<Stream>,
    ) -> Result<(), Error> {
        self.launcher.launch_typed(rows, k, None, indices.into(), Work::Given(stream, workspace))
    }

    /// As [`crate::Selector::launch_raw`]. It is safe: an address that is nobody's, and rows that are not in
    /// their buffers, are faults.
    ///
    /// # Errors
    /// As there, and the first fault of the launch.
    pub fn launch_raw(&self, stream: &Stream, launch: &RawLaunch) -> Result<(), Error> {
        // SAFETY: the interpreter checks every address before it is used.
        unsafe { self.launcher.launch_raw(stream.handle(), launch, None) }
    }

    /// As [`Selector::launch_raw`], with values for the fields of the selector's program, and as safe.
    ///
    /// # Errors
    /// As for [`crate::Selector::launch_raw_with`].
    #[doc(hidden)]
    pub fn launch_raw_with(
        &self,
        stream: &Stream,
        launch: &RawLaunch,
        program: &ProgramArgs,
    ) -> Result<(), Error> {
        // SAFETY: as for `launch_raw`.
        unsafe { self.launcher.launch_raw(stream.handle(), launch, Some(program)) }
    }

    /// As [`crate::Selector::launch_variant`], and as safe as [`Selector::launch_raw`].
    ///
    /// # Errors
    /// As for [`Selector::launch_raw`] and [`Selector::plan_variant`].
    pub fn launch_variant(
        &self,
        stream: &Stream,
        launch: &RawLaunch,
        variant: &Variant,
    ) -> Result<(), Error> {
        let way = VariantLaunch::of(variant);
        // SAFETY: as for `launch_raw`.
        unsafe { self.launcher.launch_variant(stream.handle(), launch, &way, None) }
    }

    /// As [`Selector::launch_variant`], with values for the fields of the selector's program, and as safe.
    ///
    /// # Errors
    /// As for [`Selector::launch_raw_with`] and [`Selector::launch_variant`].
    #[doc(hidden)]
    pub fn launch_variant_with(
        &self,
        stream: &Stream,
        launch: &RawLaunch,
        variant: &Variant,
        program: &ProgramArgs,
    ) -> Result<(), Error> {
        let way = VariantLaunch::of(variant);
        // SAFETY: as for `launch_raw`.
        unsafe { self.launcher.launch_variant(stream.handle(), launch, &way, Some(program)) }
    }
}

impl std::fmt::Debug for Selector {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Selector").field("spec", self.spec()).finish_non_exhaustive()
    }
}
