//! `topkit_engine` of the header: create and destroy.

use crate::abi::CURRENT_DEVICE;
use crate::failure::Failure;
use crate::{context, last_error};

/// The target of a `topkit_engine *`: the toolchain of an engine, which has the GPU.
#[derive(Debug)]
pub struct Engine(pub topkit::Toolchain);

/// `topkit_engine_create` of the header.
///
/// # Safety
/// `engine` is null or a place for a pointer.
// SAFETY: no other symbol of this prefix exists in the program.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn topkit_engine_create(ordinal: i32, engine: *mut *mut Engine) -> i32 {
    last_error::call(|| {
        if engine.is_null() {
            return Err(Failure::Null { what: "engine" });
        }
        let made = match ordinal {
            CURRENT_DEVICE => context::open_current()?,
            given => {
                let ordinal = usize::try_from(given).map_err(|_| Failure::Ordinal { given })?;
                context::open(ordinal)?
            }
        };
        // SAFETY: it is a place for a pointer, by the caller's promise.
        unsafe { engine.write(Box::into_raw(Box::new(Engine(made.toolchain().clone())))) };
        Ok(())
    })
}

/// `topkit_engine_destroy` of the header.
///
/// # Safety
/// `engine` is null, or came from `topkit_engine_create` and was not destroyed, and nothing uses it.
// SAFETY: as for `topkit_engine_create`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn topkit_engine_destroy(engine: *mut Engine) {
    last_error::call(|| {
        if engine.is_null() {
            return Ok(());
        }
        // SAFETY: it came from `Box::into_raw`, and nobody else has it.
        let engine = unsafe { Box::from_raw(engine) };
        let _restore = context::enter(&engine.0)?;
        drop(engine);
        Ok(())
    });
}
