//! Replaces the plan of a launch whose own plan cannot be used.
//!
//! A launch may use the plan of another alignment of its shape (`plan/layout.rs`). If the compiler, the
//! driver or the GPU refuses a kernel, the next best one is used (`plan/tried.rs`). Any other error is
//! returned, because the next kernel would fail too.

use crate::backend::cuda::module::LoadedKernel;
use crate::backend::launch::RawLaunch;
use crate::compile::cache::Compiling;
use crate::error::Error;
use crate::plan::Plan;
use crate::select::selector::Selector;
use std::cell::RefCell;
use std::sync::Arc;
use topkit_codegen::Variant;

/// A plan, and its kernel where that is loaded.
pub(crate) struct Planned {
    pub plan: Plan,
    pub kernel: Option<Arc<LoadedKernel>>,
}

impl Planned {
    /// A plan whose kernel is still to be looked for.
    pub(crate) fn by(plan: Plan) -> Planned {
        Planned { plan, kernel: None }
    }
}

impl Selector {
    /// The plan of a launch: the plan of its own problem, or of the same shape in another alignment, if
    /// that kernel is loaded and so many bytes of workspace suffice for it. It includes the kernel, if
    /// it is loaded. The launch was checked.
    pub(crate) fn plan_launch(&self, launch: &RawLaunch, bytes: usize) -> Result<Planned, Error> {
        let last = RefCell::new(None);
        let is_loaded = |variant: &Variant| {
            *last.borrow_mut() = self.toolchain().loaded(variant);
            last.borrow().is_some()
        };
        let plan = self.planner().plan_launch(&launch.problem(), bytes, is_loaded)?;
        // The search ends at the first loaded kernel, so the last one looked up is the plan's.
        Ok(Planned { plan, kernel: last.into_inner() })
    }

    /// The next best plan, if the error refuses the kernel of this plan. Any other error is returned, and
    /// so is a refusal if no other kernel is left.
    pub(crate) fn instead(
        &self,
        plan: &Plan,
        error: Error,
        again: impl Fn() -> Result<Plan, Error>,
    ) -> Result<Plan, Error> {
        let Some(refusal) = self.toolchain().gives_way(&error) else {
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
    /// never inferred to be refused.
    fn note_loaded(&self) {
        for variant in self.spec().variants() {
            if self.toolchain().loaded(&variant).is_some() {
                self.planner().tried().accept(&variant);
            }
        }
    }

    /// The loaded kernel of a variant; from now on no refusal of another variant changes its plans.
    pub(crate) fn load(&self, variant: &Variant) -> Result<Arc<LoadedKernel>, Error> {
        self.load_by(variant, self.toolchain().compiling())
    }

    /// As [`Selector::load`], where compiling may be allowed whatever the settings deny.
    pub(crate) fn load_by(
        &self,
        variant: &Variant,
        compiling: Compiling,
    ) -> Result<Arc<LoadedKernel>, Error> {
        let kernel = self.toolchain().load(variant, compiling)?;
        self.planner().tried().accept(variant);
        Ok(kernel)
    }
}
