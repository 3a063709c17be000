//! Replaces the plan of a launch whose own plan cannot be used.
//!
//! A launch may use the plan of another alignment of its shape (`plan/layout.rs`). If the compiler, the
//! driver or the GPU refuses a kernel, the next best one is used (`plan/tried.rs`). Any other error is
//! returned, because the next kernel would fail too.

use super::launcher::Launcher;
use crate::backend::Backend;
use crate::backend::launch::RawLaunch;
use crate::error::Error;
use crate::plan::Plan;
use std::cell::RefCell;
use std::sync::Arc;
use topkit_codegen::Variant;

/// A plan, and its kernel where that is loaded.
#[derive(Debug)]
pub(super) struct Planned<K> {
    pub plan: Plan,
    pub kernel: Option<Arc<K>>,
}

impl<K> Planned<K> {
    /// A plan whose kernel is still to be looked for.
    pub(super) fn by(plan: Plan) -> Planned<K> {
        Planned { plan, kernel: None }
    }
}

impl<B: Backend> Launcher<B> {
    /// The plan of a launch: the plan of its own problem, or of the same shape in another alignment, if
    /// that kernel is loaded and so many bytes of workspace suffice for it. It includes the kernel, if
    /// it is loaded. The launch was checked. What was planned before comes from the `memo`.
    pub(super) fn plan_launch(
        &self,
        launch: &RawLaunch,
        bytes: usize,
    ) -> Result<Planned<B::Kernel>, Error> {
        let problem = launch.problem();
        // Before the plan is made: if a kernel is refused meanwhile, the memo does not serve it.
        let version = self.planner().tried().version();
        if let Some(planned) = self.memo().get(&problem, bytes, version) {
            return Ok(planned);
        }
        let last = RefCell::new(None);
        let is_loaded = |variant: &Variant| {
            *last.borrow_mut() = self.backend().loaded(variant);
            last.borrow().is_some()
        };
        let taken = self.planner().plan_launch(&problem, bytes, is_loaded)?;
        // The search ends at the first loaded kernel, so the last one looked up is the plan's.
        let planned = Planned { plan: taken.plan, kernel: last.into_inner() };
        if let (true, Some(kernel)) = (taken.own, &planned.kernel) {
            self.memo().keep(problem, version, planned.plan, kernel.clone());
        }
        Ok(planned)
    }

    /// The next best plan, if the error refuses the kernel of this plan. Any other error is returned, and
    /// so is a refusal if no other kernel is left.
    pub(super) fn instead(
        &self,
        plan: &Plan,
        error: Error,
        again: impl Fn() -> Result<Plan, Error>,
    ) -> Result<Plan, Error> {
        let Some(refusal) = self.backend().gives_way(&error) else {
            return Err(error);
        };
        self.note_loaded();
        self.planner().refuse(&plan.variant, refusal);
        let next = again()?;
        if self.planner().tried().has_refused(&next.variant) {
            return Err(error);
        }
        tracing::warn!("{}: {error}; {} is used instead", plan.problem, next.variant);
        Ok(next)
    }

    /// Notes the variants that are loaded, maybe by other selectors of the engine: a loaded kernel is
    /// never inferred to be refused. One that the driver refused at a launch stays refused: two such kernels
    /// would otherwise be launched in turn for ever.
    fn note_loaded(&self) {
        for variant in self.spec().variants() {
            if self.backend().loaded(&variant).is_some() {
                self.planner().tried().found_loaded(&variant);
            }
        }
    }

    /// The loaded kernel of a variant; from now on no refusal of another variant changes its plans.
    pub(crate) fn load(&self, variant: &Variant) -> Result<Arc<B::Kernel>, Error> {
        let kernel = self.backend().load(self.spec(), variant)?;
        self.planner().tried().accept(variant);
        Ok(kernel)
    }
}
