//! The launch path, written once for every backend: plan, prepare, check a launch and enqueue it.
//!
//! A [`Selector`](crate::Selector) is one on CUDA. `launch` checks typed launches and ends here, in
//! [`Launcher::launch_checked`]; `substitute` replaces a plan whose kernel is refused. On an error nothing is
//! enqueued.

use super::memo::Memo;
use super::substitute::Planned;
use super::workspace::Workspace;
use super::workspaces::Workspaces;
use crate::backend::launch::{RawLaunch, with_bytes};
use crate::backend::memory::DeviceStream;
use crate::backend::{Backend, Call, StreamOf};
use crate::error::Error;
use crate::plan::{Plan, Planner, VariantLaunch};
use crate::problem::Problem;
use crate::problem::args::ProgramArgs;
use cudarc::driver::sys::CUstream;
use std::sync::Arc;
use topkit_codegen::{Program, SelectorSpec, SpecError, Variant};

/// A spec on a backend: what plans and launches.
pub(crate) struct Launcher<B: Backend> {
    backend: B,
    planner: Arc<Planner>,
    workspaces: Arc<Workspaces<StreamOf<B>>>,
    memo: Arc<Memo<B::Kernel>>,
}

impl<B: Backend> Launcher<B> {
    pub(crate) fn new(backend: B, spec: SelectorSpec) -> Result<Launcher<B>, Error> {
        let faults = spec.validate();
        if !faults.is_empty() {
            return Err(SpecError { faults }.into());
        }
        let packed = backend.packed(&spec);
        let planner = Planner::new(Arc::new(spec), *backend.limits(), backend.table());
        let planner = match packed {
            Some(packed) => planner.among(packed),
            None => planner,
        };
        let planner = Arc::new(planner);
        Ok(Launcher { backend, planner, workspaces: Arc::default(), memo: Arc::default() })
    }

    pub(crate) fn backend(&self) -> &B {
        &self.backend
    }

    /// The plans of launches.
    pub(super) fn memo(&self) -> &Memo<B::Kernel> {
        &self.memo
    }

    /// The workspaces of typed launches.
    pub(super) fn workspaces(&self) -> &Workspaces<StreamOf<B>> {
        &self.workspaces
    }

    pub(crate) fn planner(&self) -> &Planner {
        &self.planner
    }

    pub(crate) fn spec(&self) -> &SelectorSpec {
        self.planner.spec()
    }

    pub(crate) fn plan(&self, problem: &Problem) -> Result<Plan, Error> {
        Ok(self.planner.plan(problem)?)
    }

    pub(crate) fn plan_variant(&self, problem: &Problem, variant: &Variant) -> Result<Plan, Error> {
        self.check_variant(variant)?;
        Ok(self.planner.plan_variant(problem, variant)?)
    }

    /// Memory for the launches of a problem, zeroed on the stream.
    pub(crate) fn workspace(
        &self,
        stream: &Arc<StreamOf<B>>,
        problem: &Problem,
    ) -> Result<Workspace<StreamOf<B>>, Error> {
        self.check_context(&|| "the stream".into(), stream.context())?;
        Workspace::new(stream, &self.plan(problem)?)
    }

    /// Loads the kernel of a problem's plan, or of the first plan whose kernel is not refused.
    pub(crate) fn prepare(&self, problem: &Problem) -> Result<Plan, Error> {
        let mut plan = self.plan(problem)?;
        if problem.rows == 0 {
            return Ok(plan);
        }
        loop {
            match self.load(&plan.variant) {
                Ok(_) => return Ok(plan),
                Err(error) => plan = self.instead(&plan, error, || self.plan(problem))?,
            }
        }
    }

    /// # Safety
    /// As for [`Selector::launch_raw`](crate::Selector::launch_raw).
    pub(crate) unsafe fn launch_raw(
        &self,
        stream: CUstream,
        launch: &RawLaunch,
        program: Option<&ProgramArgs>,
    ) -> Result<(), Error> {
        self.check_launch(launch)?;
        // SAFETY: as the caller promises.
        unsafe { self.launch_checked(stream, launch, program) }
    }

    /// As [`Launcher::launch_raw`], for a launch whose shape was checked.
    ///
    /// # Safety
    /// As for [`Launcher::launch_raw`].
    pub(super) unsafe fn launch_checked(
        &self,
        stream: CUstream,
        launch: &RawLaunch,
        program: Option<&ProgramArgs>,
    ) -> Result<(), Error> {
        let bytes = if launch.workspace == 0 { 0 } else { launch.workspace_bytes };
        let mut planned = self.plan_launch(launch, bytes)?;
        loop {
            // SAFETY: as the caller promises.
            match unsafe { self.enqueue(stream, launch, program, &planned) } {
                Ok(()) => return Ok(()),
                Err(error) => {
                    let again = || Ok(self.plan_launch(launch, bytes)?.plan);
                    planned = Planned::by(self.instead(&planned.plan, error, again)?);
                }
            }
        }
    }

    /// As [`Launcher::launch_raw`], by a plan that was made before.
    ///
    /// # Safety
    /// As for [`Launcher::launch_raw`], and the plan is one of this selector for the launch.
    pub(crate) unsafe fn launch_plan(
        &self,
        stream: CUstream,
        launch: &RawLaunch,
        plan: &Plan,
    ) -> Result<(), Error> {
        self.check_variant(&plan.variant)?;
        launch.check_strides()?;
        // SAFETY: as the caller promises.
        unsafe { self.enqueue(stream, launch, None, &Planned::by(*plan)) }
    }

    /// As [`Launcher::launch_raw`], with a variant of the caller's, and with PDL only if the plan has it
    /// and `way` asks for it.
    ///
    /// # Safety
    /// As for [`Launcher::launch_raw`].
    pub(crate) unsafe fn launch_variant(
        &self,
        stream: CUstream,
        launch: &RawLaunch,
        way: &VariantLaunch,
        program: Option<&ProgramArgs>,
    ) -> Result<(), Error> {
        let plan = self.plan_variant(&launch.problem(), &way.variant)?;
        let plan = Plan { pdl: plan.pdl && way.pdl, ..plan };
        launch.check_strides()?;
        // SAFETY: as the caller promises.
        unsafe { self.enqueue(stream, launch, program, &Planned::by(plan)) }
    }

    /// Refuses a launch by its shape, before it is planned: the one check of sizes and strides.
    pub(super) fn check_launch(&self, launch: &RawLaunch) -> Result<(), Error> {
        self.planner.accepts(&launch.problem())?;
        launch.check_strides()
    }

    /// Checks the addresses of a launch whose shape was checked, and enqueues it.
    ///
    /// # Safety
    /// As for [`Launcher::launch_raw`].
    pub(super) unsafe fn enqueue(
        &self,
        stream: CUstream,
        launch: &RawLaunch,
        program: Option<&ProgramArgs>,
        planned: &Planned<B::Kernel>,
    ) -> Result<(), Error> {
        let (spec, plan) = (self.spec(), &planned.plan);
        let declared = spec.program.as_ref().map(Program::args);
        ProgramArgs::check(program, declared, &spec.name)?;
        launch.check_addresses(spec, plan)?;
        // Without rows there is nothing to enqueue, and no kernel is needed.
        if plan.grid == 0 {
            return Ok(());
        }
        // SAFETY: as the caller promises.
        let find = || unsafe { self.kernel(stream, plan) };
        let kernel = planned.kernel.clone().map_or_else(find, Ok)?;
        let _span = tracing::trace_span!("launch", problem = %plan.problem).entered();
        with_bytes(launch, &spec.semantics, program, |args| {
            let call = Call { stream, plan, args, launch, program };
            // SAFETY: the argument has the layout that the kernel's text asserts, and a plan has PDL only for
            // kernels that wait for the preceding kernel; the caller promises the rest.
            unsafe { self.backend.launch(&kernel, &call) }
        })
    }

    /// The loaded kernel of a plan; loads it unless a capture forbids that.
    ///
    /// # Safety
    /// The stream is live, and of the backend's context.
    unsafe fn kernel(&self, stream: CUstream, plan: &Plan) -> Result<Arc<B::Kernel>, Error> {
        if let Some(kernel) = self.backend.loaded(&plan.variant) {
            return Ok(kernel);
        }
        // SAFETY: as the caller promises.
        if unsafe { self.backend.is_capturing(stream) }? {
            return Err(Error::Capturing { problem: plan.problem });
        }
        self.load(&plan.variant)
    }

    pub(crate) fn check_variant(&self, variant: &Variant) -> Result<(), Error> {
        if self.spec().contains(variant) {
            return Ok(());
        }
        let selector = self.spec().name.to_string();
        Err(Error::Variant { selector, variant: Box::new(*variant) })
    }
}

impl<B: Backend + Clone> Clone for Launcher<B> {
    fn clone(&self) -> Launcher<B> {
        let Launcher { backend, planner, workspaces, memo } = self;
        Launcher {
            backend: backend.clone(),
            planner: planner.clone(),
            workspaces: workspaces.clone(),
            memo: memo.clone(),
        }
    }
}

#[cfg(test)]
#[path = "launcher_tests.rs"]
mod tests;
