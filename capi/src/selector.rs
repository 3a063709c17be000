//! `topkit_selector` of the header: create, destroy, plan, prepare and launch.

use crate::abi::{Launch, Plan, Problem, SelectorConfig};
use crate::engine::Engine;
use crate::failure::Failure;
use crate::{context, convert, last_error, sized};
use topkit::DType;
use topkit::cudarc::driver::sys::CUstream;

/// The target of a `topkit_selector *`.
#[derive(Debug)]
pub struct Selector {
    dtype: DType,
    kernels: topkit::Selector,
}

// Any number of threads may use a handle at the same time, so its target must be `Send` and `Sync`.
const _: () = {
    const fn shared<T: Send + Sync>() {}
    shared::<Selector>();
    shared::<Engine>();
};

/// `topkit_selector_create` of the header.
///
/// # Safety
/// `engine` is null or an engine; `config` is null or as long as it says; `selector` is null or a
/// place for a pointer.
// SAFETY: no other symbol of this prefix exists in the program.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn topkit_selector_create(
    engine: *const Engine,
    config: *const SelectorConfig,
    selector: *mut *mut Selector,
) -> i32 {
    last_error::call(|| {
        if selector.is_null() {
            return Err(Failure::Null { what: "selector" });
        }
        // SAFETY: it is as long as it says, by the caller's promise.
        let (dtype, spec) = convert::spec(&unsafe { sized::read(config) }?)?;
        // SAFETY: it is null or an engine, by the caller's promise.
        let engine = unsafe { engine.as_ref() }.ok_or(Failure::Null { what: "engine" })?;
        let made = Selector { dtype, kernels: engine.0.selector(spec)? };
        // SAFETY: it is a place for a pointer, by the caller's promise.
        unsafe { selector.write(Box::into_raw(Box::new(made))) };
        Ok(())
    })
}

/// `topkit_selector_destroy` of the header.
///
/// # Safety
/// `selector` is null, or came from `topkit_selector_create` and was not destroyed, and nothing uses
/// it.
// SAFETY: as for `topkit_selector_create`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn topkit_selector_destroy(selector: *mut Selector) {
    last_error::call(|| {
        if selector.is_null() {
            return Ok(());
        }
        // SAFETY: it came from `Box::into_raw`, and nobody else has it.
        let selector = unsafe { Box::from_raw(selector) };
        let _restore = context::enter(selector.kernels.toolchain())?;
        drop(selector);
        Ok(())
    });
}

/// `topkit_selector_plan` of the header.
///
/// # Safety
/// `selector` is null or a selector; `problem` and `plan` are null or as long as they say.
// SAFETY: as for `topkit_selector_create`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn topkit_selector_plan(
    selector: *const Selector,
    problem: *const Problem,
    plan: *mut Plan,
) -> i32 {
    last_error::call(|| {
        // SAFETY: it is as long as it says, by the caller's promise.
        unsafe { sized::check(plan) }?;
        // SAFETY: it is as long as it says, by the caller's promise.
        let problem = unsafe { sized::read(problem) }?;
        // SAFETY: it is null or a selector, by the caller's promise.
        let selector = unsafe { live(selector) }?;
        let made = selector.kernels.plan(&convert::problem(selector.dtype, &problem)?)?;
        let answer = Plan {
            size: size_of::<Plan>(),
            workspace_bytes: made.workspace_bytes,
            kernel: convert::name(&made.variant.symbol()),
        };
        // SAFETY: it is as long as it says, by the caller's promise.
        unsafe { sized::write(plan, answer) }
    })
}

/// `topkit_selector_prepare` of the header.
///
/// # Safety
/// `selector` is null or a selector; `problem` is null or as long as it says.
// SAFETY: as for `topkit_selector_create`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn topkit_selector_prepare(
    selector: *const Selector,
    problem: *const Problem,
) -> i32 {
    last_error::call(|| {
        // SAFETY: it is as long as it says, by the caller's promise.
        let problem = unsafe { sized::read(problem) }?;
        // SAFETY: it is null or a selector, by the caller's promise.
        let selector = unsafe { live(selector) }?;
        let problem = convert::problem(selector.dtype, &problem)?;
        let _restore = context::enter(selector.kernels.toolchain())?;
        selector.kernels.prepare(&problem)?;
        Ok(())
    })
}

/// `topkit_selector_launch` of the header.
///
/// # Safety
/// `selector` is null or a selector; `launch` is null or as long as it says; its device addresses
/// are valid for its shape until the stream has passed the launch, and its output overlaps no input;
/// `stream` is of the engine's context.
// SAFETY: as for `topkit_selector_create`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn topkit_selector_launch(
    selector: *const Selector,
    stream: CUstream,
    launch: *const Launch,
) -> i32 {
    last_error::call(|| {
        // SAFETY: it is as long as it says, by the caller's promise.
        let launch = unsafe { sized::read(launch) }?;
        // SAFETY: it is null or a selector, by the caller's promise.
        let selector = unsafe { live(selector) }?;
        let fill = selector.kernels.spec().semantics.fill;
        let launch = convert::launch(selector.dtype, fill, &launch)?;
        let _restore = context::enter(selector.kernels.toolchain())?;
        // SAFETY: addresses and stream are as the caller promises.
        Ok(unsafe { selector.kernels.launch_raw(stream, &launch) }?)
    })
}

/// # Safety
/// The pointer is null or a selector that outlives the reference.
unsafe fn live<'a>(selector: *const Selector) -> Result<&'a Selector, Failure> {
    // SAFETY: as the caller promises.
    unsafe { selector.as_ref() }.ok_or(Failure::Null { what: "selector" })
}

#[cfg(all(test, feature = "nvrtc"))]
mod tests;
