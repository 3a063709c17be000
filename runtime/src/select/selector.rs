//! A selector on an engine or a toolchain: plan, prepare, launch, and inspect its variants.
//!
//! Plans and launches are those of its [`Launcher`]; this is what a user reads of them. A selector of a
//! toolchain without a GPU plans and inspects, and its launches are [`Error::Offline`].

use super::launch::Work;
use super::launcher::Launcher;
use super::workspace::Workspace;
use crate::backend::arguments::Arguments;
use crate::backend::launch::RawLaunch;
use crate::backend::output::Output;
use crate::backend::rows::Rows;
use crate::compile::resources::{self, Resources};
use crate::compile::sass::Disassembler;
use crate::compile::store::Artifact;
use crate::engine::{Engine, Toolchain};
use crate::error::Error;
use crate::plan::{Explanation, Plan, Planner, VariantLaunch};
use crate::problem::args::ProgramArgs;
use crate::problem::{IndexInt, Problem, Score, Workload};
use cudarc::driver::sys::CUstream;
use cudarc::driver::{CudaContext, CudaStream};
use std::fmt;
use std::sync::Arc;
use topkit_codegen::{RenderedSource, SelectorSpec, Variant};

/// A spec on an engine or a toolchain. `topk_kernel!` wraps one in a type of its own;
/// [`Toolchain::selector`] makes one from a spec that was built at run time. Cheap to clone.
#[derive(Clone)]
pub struct Selector {
    launcher: Launcher<Toolchain>,
}

impl Toolchain {
    /// The selector of a spec; nothing is compiled yet. A selector of an [`Engine`](crate::Engine) launches
    /// on its GPU.
    ///
    /// # Errors
    /// The spec has faults; all of them are named.
    pub fn selector(&self, spec: SelectorSpec) -> Result<Selector, Error> {
        Selector::new(self.clone(), spec)
    }
}

impl Selector {
    pub(crate) fn new(toolchain: Toolchain, spec: SelectorSpec) -> Result<Selector, Error> {
        Ok(Selector { launcher: Launcher::new(toolchain, spec)? })
    }

    /// The planner.
    pub(crate) fn planner(&self) -> &Planner {
        self.launcher.planner()
    }

    /// The variants that plans for a workload can name.
    pub(crate) fn reach(&self, workload: &Workload) -> Result<Vec<Variant>, Error> {
        Ok(self.planner().reach(workload)?)
    }

    /// The declaration.
    pub fn spec(&self) -> &SelectorSpec {
        self.launcher.spec()
    }

    /// The toolchain that it compiles with, or its engine's.
    pub fn toolchain(&self) -> &Toolchain {
        self.launcher.backend()
    }

    /// The engine that it launches on; `None` where it was made of a toolchain without a GPU.
    pub fn engine(&self) -> Option<Engine> {
        Engine::of(self.toolchain())
    }

    /// The context that it launches in; `None` where it was made of a toolchain without a GPU.
    pub fn context(&self) -> Option<&Arc<CudaContext>> {
        self.toolchain().context()
    }

    /// Chooses the variant for a problem: by the measured table of this GPU or of one of its kind, else
    /// by rules. It compiles nothing and needs no GPU. On an engine without a compiler it chooses among
    /// the variants that the [packs](crate::cache::pack) hold.
    ///
    /// Launches of this dtype, rows, columns and k need no more workspace than the plan says, whatever
    /// their row stride and alignment. If [`Selector::prepare`] or the first launch finds that the GPU or
    /// the compiler refuses the kernel, later plans name another kernel.
    ///
    /// # Errors
    /// The dtype or k was not declared, or a shape is beyond 2^31 - 1.
    pub fn plan(&self, problem: &Problem) -> Result<Plan, Error> {
        self.launcher.plan(problem)
    }

    /// The plan for a problem, with the reason for each decision; its `Display` is for people.
    ///
    /// # Errors
    /// As for [`Selector::plan`].
    pub fn explain(&self, problem: &Problem) -> Result<Explanation, Error> {
        Ok(self.planner().explain(problem)?)
    }

    /// The plan of a problem by one variant, for [`Selector::launch_variant`].
    ///
    /// # Errors
    /// As for [`Selector::plan`], and when the selector does not have the variant, or the variant has
    /// another dtype, cannot hold the columns, or needs more than the GPU has.
    pub fn plan_variant(&self, problem: &Problem, variant: &Variant) -> Result<Plan, Error> {
        self.launcher.plan_variant(problem, variant)
    }

    /// Device memory for the launches of a problem to work in, zeroed on the stream; empty where the
    /// plan needs none. Keep it for every launch: an allocation takes far longer than a launch.
    ///
    /// # Errors
    /// As for [`Selector::plan`]; the stream belongs to another context or is being captured, or the
    /// memory is not there.
    pub fn workspace(
        &self,
        stream: &Arc<CudaStream>,
        problem: &Problem,
    ) -> Result<Workspace, Error> {
        self.launcher.workspace(stream, problem)
    }

    /// Compiles and loads the kernel that [`Selector::launch`] will use for a problem, so that the
    /// launch itself does neither. Needed before a stream capture; [`Selector::warmup`] does it for
    /// many problems at once. A problem of 0 rows needs no kernel.
    ///
    /// It serves every launch of this dtype, rows, columns and k, whatever the row stride and the
    /// alignment: a launch whose own plan names a kernel that is not loaded, or needs more workspace
    /// than it is given, takes the plan that was prepared. [`Problem::at`] prepares for a stride.
    ///
    /// # Errors
    /// As for [`Selector::plan`], and the failures of compiling and loading.
    pub fn prepare(&self, problem: &Problem) -> Result<Plan, Error> {
        self.launcher.prepare(problem)
    }

    /// As [`Selector::prepare`], for a variant that the caller chose for [`Selector::launch_variant`].
    ///
    /// # Errors
    /// As for [`Selector::plan_variant`], and the failures of compiling and loading.
    pub fn prepare_variant(&self, problem: &Problem, variant: &Variant) -> Result<Plan, Error> {
        let plan = self.plan_variant(problem, variant)?;
        if plan.grid > 0 {
            self.launcher.load(variant)?;
        }
        Ok(plan)
    }

    /// Loads the kernel of a plan that was made before, such as an explanation's.
    ///
    /// # Errors
    /// The selector does not have the variant, or its kernel cannot be compiled or loaded.
    pub fn prepare_plan(&self, plan: &Plan) -> Result<(), Error> {
        self.launcher.check_variant(&plan.variant)?;
        if plan.grid > 0 {
            self.launcher.load(&plan.variant)?;
        }
        Ok(())
    }

    /// Enqueues the selection of the k best scores of every row.
    ///
    /// It never synchronises. The first launch of a variant compiles and loads its kernel. If the kernel of
    /// the same shape in another alignment is already loaded, that kernel is launched instead;
    /// [`Selector::prepare`] for [`Problem::at`] loads the plan's own kernel. A launch of 0 rows enqueues
    /// nothing and needs no kernel.
    ///
    /// # Workspace
    /// A plan for a few huge rows needs device memory to work in. The selector and its clones own one
    /// workspace for each stream that needs one; of the per-thread default stream, one for each thread.
    /// The first launch on a stream whose plan needs a workspace, or a larger one, allocates it in the
    /// order of the stream; no other launch allocates. It is freed in the same order when the selector
    /// and its clones are dropped, or when nobody else has the stream. [`Selector::launch_with`] takes
    /// a workspace of the caller's.
    ///
    /// The workspace is freed on its stream. So a stream of another library, from cudarc's
    /// `wrap_borrowed_stream`, must live until the selector and its clones are dropped.
    ///
    /// # CUDA graphs
    /// A graph replays addresses after the borrows of this call have ended, so capture
    /// [`Selector::launch_raw`]: its caller promises that the buffers live. A typed launch can be captured
    /// only if event tracking of the context is off. Code that turns it off, by cudarc's unsafe
    /// `disable_event_tracking`, promises the order of streams and the life of buffers, in replays too.
    /// With event tracking on, the launch is refused, and the capture goes on. Managed memory (`UnifiedSlice`) is
    /// always tracked and cannot be told from other memory: where tracking is off, a typed launch on it
    /// breaks the capture. Capture launches on it by address.
    ///
    /// A capture makes no workspace, so launch once on the stream before it. Captured launches use the
    /// stream's workspace, which stays until the selector and its clones are dropped: keep the selector
    /// while the graph is replayed, and replay in order with the launches on the stream. Graphs that
    /// may run at the same time need [`Selector::launch_with`] with a workspace each.
    ///
    /// A selector with `values: true` or `count: true` is given an [`Output`] with buffers for them.
    ///
    /// # Errors
    /// Everything about shapes, strides, types, outputs, and the contexts of buffers and stream is checked
    /// first, and nothing is launched or written on an error. Device memory for the workspace may be
    /// missing, or have to be made during a capture.
    pub fn launch<'a, S: Score + 'a, I: IndexInt + 'a>(
        &self,
        stream: &Arc<CudaStream>,
        rows: &Rows<'_, S>,
        k: u32,
        indices: impl Into<Output<'a, I, S>>,
    ) -> Result<(), Error> {
        self.launcher.launch_typed(rows, k, None, indices.into(), Work::Own(stream))
    }

    /// As [`Selector::launch`], with the arguments of the selector's own functions.
    ///
    /// # Errors
    /// As for [`Selector::launch`], and when an argument is missing, has another type, or is none of the selector's.
    pub fn launch_given<'a, S: Score + 'a, I: IndexInt + 'a>(
        &self,
        stream: &Arc<CudaStream>,
        rows: &Rows<'_, S>,
        k: u32,
        args: &dyn Arguments,
        indices: impl Into<Output<'a, I, S>>,
    ) -> Result<(), Error> {
        self.launcher.launch_typed(rows, k, Some(args), indices.into(), Work::Own(stream))
    }

    /// As [`Selector::launch`], in a workspace that [`Selector::workspace`] made for this problem, or for
    /// one that needs no less.
    ///
    /// ```no_run
    /// # use topkit::{DType, Engine, SelectorSpec, Problem, Rows};
    /// # fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// # let engine = Engine::new()?;
    /// # let selector = engine.selector(SelectorSpec::builder("Huge").dtype([DType::F32]).build()?)?;
    /// # let stream = engine.context().new_stream()?;
    /// # let scores = stream.alloc_zeros::<f32>(1 << 27)?;
    /// # let mut indices = stream.alloc_zeros::<i32>(512)?;
    /// let problem = Problem::new(DType::F32, 1, 1 << 27, 512);
    /// let mut workspace = selector.workspace(&stream, &problem)?;
    /// for _step in 0..10 {
    ///     let rows = Rows::new(&scores, 1, 1 << 27);
    ///     selector.launch_with(&stream, &rows, 512, &mut indices, &mut workspace)?;
    /// }
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// The workspace serves one launch after another. Launches that may run at the same time, by
    /// graphs replayed on several streams for example, need one each.
    ///
    /// # Errors
    /// As for [`Selector::launch`], and when the workspace is smaller than the plan needs.
    pub fn launch_with<'a, S: Score + 'a, I: IndexInt + 'a>(
        &self,
        stream: &CudaStream,
        rows: &Rows<'_, S>,
        k: u32,
        indices: impl Into<Output<'a, I, S>>,
        workspace: &mut Workspace,
    ) -> Result<(), Error> {
        self.launcher.launch_typed(rows, k, None, indices.into(), Work::Given(stream, workspace))
    }

    /// As [`Selector::launch_with`], with the arguments of the selector's own functions.
    ///
    /// # Errors
    /// As for [`Selector::launch_with`], and when an argument is missing, has another type, or is none of the selector's.
    pub fn launch_given_with<'a, S: Score + 'a, I: IndexInt + 'a>(
        &self,
        stream: &CudaStream,
        rows: &Rows<'_, S>,
        k: u32,
        args: &dyn Arguments,
        indices: impl Into<Output<'a, I, S>>,
        workspace: &mut Workspace,
    ) -> Result<(), Error> {
        let work = Work::Given(stream, workspace);
        self.launcher.launch_typed(rows, k, Some(args), indices.into(), work)
    }

    /// Enqueues a selection by device addresses, for callers with their own memory and streams.
    ///
    /// It allocates no device memory, never synchronises, and can be captured in a CUDA graph once
    /// the kernel is loaded ([`Selector::prepare`]). The kernel stays loaded for as long as the context
    /// lives, so the selector and the engine may be dropped before the launch has ended or the graph is
    /// replayed. A launch of 0 rows enqueues nothing and needs no kernel. The plan's
    /// `workspace_bytes` tell the size of the workspace.
    ///
    /// # Errors
    /// Null and misaligned addresses, overlapping output rows, a short workspace, and shapes that
    /// cannot be addressed; nothing is enqueued or written on an error.
    ///
    /// # Safety
    /// The addresses are valid on the engine's device for the shape and strides given, until the
    /// stream has passed this launch, or the last replay of a graph that captured it; the output
    /// overlaps none of the inputs; the workspace is zero or as the last launch left it, and no other
    /// launch uses it meanwhile; and `stream` belongs to the engine's context. None of this is checked: a
    /// check would cost calls of the driver for every launch.
    pub unsafe fn launch_raw(&self, stream: CUstream, launch: &RawLaunch) -> Result<(), Error> {
        // SAFETY: as the caller promises.
        unsafe { self.launcher.launch_raw(stream, launch, None) }
    }

    /// As [`Selector::launch_raw`], with values for the fields of the selector's program.
    ///
    /// # Errors
    /// As for [`Selector::launch_raw`], and when the values are those of other fields.
    ///
    /// # Safety
    /// As for [`Selector::launch_raw`], and with these values the program accesses valid memory alone.
    #[doc(hidden)]
    pub unsafe fn launch_raw_with(
        &self,
        stream: CUstream,
        launch: &RawLaunch,
        program: &ProgramArgs,
    ) -> Result<(), Error> {
        // SAFETY: as the caller promises.
        unsafe { self.launcher.launch_raw(stream, launch, Some(program)) }
    }

    /// As [`Selector::launch_raw`], by a plan that was made before: nothing is planned again, and no other
    /// kernel replaces a refused one.
    ///
    /// # Errors
    /// As for [`Selector::launch_raw`], and when the selector does not have the plan's variant.
    ///
    /// # Safety
    /// As for [`Selector::launch_raw`], and the plan is one of this selector for the rows, columns and k
    /// of the launch.
    pub unsafe fn launch_plan(
        &self,
        stream: CUstream,
        launch: &RawLaunch,
        plan: &Plan,
    ) -> Result<(), Error> {
        // SAFETY: as the caller promises.
        unsafe { self.launcher.launch_plan(stream, launch, plan) }
    }

    /// As [`Selector::launch_raw`], with a variant that the caller chose instead of the plan's.
    ///
    /// # Errors
    /// As for [`Selector::launch_raw`] and [`Selector::plan_variant`].
    ///
    /// # Safety
    /// As for [`Selector::launch_raw`].
    pub unsafe fn launch_variant(
        &self,
        stream: CUstream,
        launch: &RawLaunch,
        variant: &Variant,
    ) -> Result<(), Error> {
        // SAFETY: as the caller promises.
        unsafe { self.launch_with_pdl(stream, launch, &VariantLaunch::of(variant)) }
    }

    /// As [`Selector::launch_variant`], with PDL only if the plan has it and `way` asks for it.
    ///
    /// # Safety
    /// As for [`Selector::launch_raw`].
    pub(crate) unsafe fn launch_with_pdl(
        &self,
        stream: CUstream,
        launch: &RawLaunch,
        way: &VariantLaunch,
    ) -> Result<(), Error> {
        // SAFETY: as the caller promises.
        unsafe { self.launcher.launch_variant(stream, launch, way, None) }
    }

    /// The CUDA C of a variant: the text that is compiled. If an edited text replaces the generated one
    /// ([`Config::override_dir`](crate::Config::override_dir)), it is the edited text, with a warning.
    ///
    /// # Errors
    /// The selector does not have the variant, or an edited text cannot be used.
    pub fn source(&self, variant: &Variant) -> Result<RenderedSource, Error> {
        self.launcher.check_variant(variant)?;
        self.toolchain().render(self.spec(), variant)
    }

    /// The PTX of a variant, for reading; launches use the cubin.
    ///
    /// # Errors
    /// The selector does not have the variant, NVRTC refuses it, or the settings deny compiles: PTX is not
    /// cached.
    pub fn ptx(&self, variant: &Variant) -> Result<String, Error> {
        self.toolchain().ptx(&self.source(variant)?)
    }

    /// The compiled kernel of a variant, with its build log and its origin.
    ///
    /// # Errors
    /// The selector does not have the variant, or the kernel cannot be compiled or found in a pack.
    pub fn artifact(&self, variant: &Variant) -> Result<Arc<Artifact>, Error> {
        self.launcher.check_variant(variant)?;
        self.toolchain().artifact(self.spec(), variant, self.toolchain().compiling())
    }

    /// The machine code of a variant.
    ///
    /// # Errors
    /// As for [`Selector::artifact`].
    pub fn cubin(&self, variant: &Variant) -> Result<Vec<u8>, Error> {
        Ok(self.artifact(variant)?.cubin.clone())
    }

    /// The machine code of a variant as text, by the disassembler that [`Disassembler::find`] finds.
    ///
    /// # Errors
    /// As for [`Selector::artifact`], and when there is no disassembler or it fails.
    pub fn sass(&self, variant: &Variant) -> Result<String, Error> {
        let disassembler = Disassembler::find()?;
        Ok(disassembler.disassemble(&self.artifact(variant)?.cubin)?)
    }

    /// The compiler's log of a variant.
    ///
    /// # Errors
    /// As for [`Selector::artifact`].
    pub fn build_log(&self, variant: &Variant) -> Result<String, Error> {
        Ok(self.artifact(variant)?.log.clone())
    }

    /// Registers, spills and shared memory of a variant; `None` if the build log does not have them.
    ///
    /// # Errors
    /// As for [`Selector::artifact`].
    pub fn resources(&self, variant: &Variant) -> Result<Option<Resources>, Error> {
        Ok(Resources::from_log(&self.artifact(variant)?.log))
    }

    /// The warnings in a variant's build log; there should be none.
    ///
    /// # Errors
    /// As for [`Selector::artifact`].
    pub fn build_warnings(&self, variant: &Variant) -> Result<Vec<String>, Error> {
        let artifact = self.artifact(variant)?;
        Ok(resources::warnings(&artifact.log).into_iter().map(str::to_owned).collect())
    }
}

impl fmt::Debug for Selector {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Selector")
            .field("toolchain", self.toolchain())
            .field("spec", self.spec())
            .finish_non_exhaustive()
    }
}
