//! Opens an engine's GPU, and makes its CUDA context current for the length of a call. Every call leaves
//! the thread's current context as it found it. Launches are elsewhere.

use crate::failure::Failure;
use std::sync::OnceLock;
use topkit::cudarc::driver::{CudaContext, result, sys};
use topkit::{Engine, Toolchain};

/// The calling thread's current context; put back when this is dropped.
#[derive(Debug)]
pub struct Restore {
    before: sys::CUcontext,
}

impl Restore {
    /// Call it when the driver was started.
    fn remember() -> Result<Restore, Failure> {
        Ok(Restore { before: current()? })
    }
}

impl Drop for Restore {
    fn drop(&mut self) {
        if current().is_ok_and(|now| now == self.before) {
            return;
        }
        // SAFETY: it was current a moment ago, or is null, which leaves the thread without one.
        // If the caller destroyed it meanwhile, which is the caller's error, nothing is current.
        let _ = unsafe { result::ctx::set_current(self.before) };
    }
}

/// Makes a toolchain's context current until the guard is dropped. Without a GPU there is none.
pub fn enter(toolchain: &Toolchain) -> Result<Option<Restore>, Failure> {
    let Some(context) = toolchain.context() else { return Ok(None) };
    let restore = Restore::remember()?;
    context.bind_to_thread().map_err(Failure::cuda("make the context current"))?;
    Ok(Some(restore))
}

/// An engine on the GPU of that ordinal.
pub fn open(ordinal: usize) -> Result<Engine, Failure> {
    let count = devices()?;
    if ordinal >= count {
        return Err(Failure::Device { ordinal, count });
    }
    let _restore = Restore::remember()?;
    let context = CudaContext::new(ordinal).map_err(Failure::cuda("open the GPU"))?;
    Ok(Engine::on(context)?)
}

/// An engine on the GPU whose primary context is current on the calling thread.
pub fn open_current() -> Result<Engine, Failure> {
    let ordinal = ordinal()?.ok_or(Failure::NoContext)?;
    let engine = open(ordinal)?;
    let current = current()?;
    if engine.context().cu_ctx() != current {
        return Err(Failure::NotPrimary { ordinal });
    }
    Ok(engine)
}

/// The GPU of the calling thread's current context, if there is one.
pub fn ordinal() -> Result<Option<usize>, Failure> {
    let count = devices()?;
    if current()?.is_null() {
        return Ok(None);
    }
    let refused = Failure::cuda("tell the GPU of the current context");
    let mut device = 0;
    // SAFETY: the pointer is valid for one device, and a context is current.
    unsafe { sys::cuCtxGetDevice(&mut device) }.result().map_err(&refused)?;
    for ordinal in 0..count {
        let number = i32::try_from(ordinal).unwrap_or(i32::MAX);
        if result::device::get(number).map_err(&refused)? == device {
            return Ok(Some(ordinal));
        }
    }
    Ok(None)
}

/// Starts the driver and counts its GPUs. The number does not change in a process.
fn devices() -> Result<usize, Failure> {
    static COUNT: OnceLock<usize> = OnceLock::new();
    if let Some(&count) = COUNT.get() {
        return Ok(count);
    }
    // The bindings would panic where the driver is missing or too old.
    topkit::machine::probe_driver().map_err(topkit::Error::from)?;
    let count = CudaContext::device_count().map_err(Failure::cuda("start and count the GPUs"))?;
    Ok(*COUNT.get_or_init(|| usize::try_from(count).unwrap_or(0)))
}

fn current() -> Result<sys::CUcontext, Failure> {
    let current =
        result::ctx::get_current().map_err(Failure::cuda("tell the context of this thread"))?;
    Ok(current.unwrap_or(std::ptr::null_mut()))
}
