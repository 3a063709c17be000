//! CUDA threads as coroutines, each with a stack of its own.
//!
//! The stacks are kept for the next launch on the same system thread. A coroutine that a fault left
//! in the middle is dropped without unwinding.

use super::machine::Machine;
use corosensei::stack::{DefaultStack, Stack};
use corosensei::{Coroutine, Yielder};
use std::cell::RefCell;
use std::ffi::c_void;

/// A thread's way back to the scheduler, while it runs.
#[derive(Clone, Copy)]
pub(super) struct Pause(*const Yielder<(), ()>);

impl Pause {
    pub const NONE: Pause = Pause(std::ptr::null());
}

/// Bytes of a stack; untouched pages cost nothing.
const STACK: usize = 256 * 1024;

/// Stacks that are kept: those of the largest CTA.
const KEPT: usize = 1024;

thread_local! {
    static STACKS: RefCell<Vec<DefaultStack>> = const { RefCell::new(Vec::new()) };
}

/// One thread of the kernel, from its first line to its return.
pub(super) struct Fiber {
    /// Present until it is dropped.
    coroutine: Option<Coroutine<(), (), (), DefaultStack>>,
    /// First address and length of its stack.
    pub stack: (usize, usize),
}

impl Fiber {
    /// # Safety
    /// `machine` and `args` outlive the fiber, `thread` is one of the machine's, and `entry` takes
    /// such arguments.
    pub unsafe fn new(
        machine: *mut Machine,
        thread: usize,
        entry: unsafe extern "C" fn(*const c_void),
        args: *const c_void,
    ) -> std::io::Result<Fiber> {
        let kept = STACKS.with_borrow_mut(Vec::pop);
        let stack = kept.map_or_else(|| DefaultStack::new(STACK), Ok)?;
        let (base, limit) = (stack.base().get(), stack.limit().get());
        let coroutine = Coroutine::with_stack(stack, move |yielder: &Yielder<(), ()>, ()| {
            // SAFETY: the scheduler holds no reference to the machine while a thread runs.
            unsafe { (&mut *machine).threads[thread].pause = Pause(yielder) };
            // SAFETY: as the caller of `new` promises.
            unsafe { entry(args) };
        });
        Ok(Fiber { coroutine: Some(coroutine), stack: (limit, base - limit) })
    }

    /// Lets the thread run until it pauses; whether it has returned from the kernel.
    pub fn resume(&mut self) -> bool {
        self.coroutine.as_mut().is_none_or(|coroutine| coroutine.resume(()).as_return().is_some())
    }
}

impl Drop for Fiber {
    fn drop(&mut self) {
        let Some(mut coroutine) = self.coroutine.take() else { return };
        if !coroutine.done() {
            // SAFETY: its frames are those of the kernel and of hooks, and own nothing that would
            // have to be dropped: a hook lets go of everything before it pauses.
            unsafe { coroutine.force_reset() };
        }
        let stack = coroutine.into_stack();
        STACKS.with_borrow_mut(|stacks| {
            if stacks.len() < KEPT {
                stacks.push(stack);
            }
        });
    }
}

/// Gives the turn back to the scheduler.
///
/// # Safety
/// Called on the stack of the machine's running thread, with no reference to the machine alive.
pub(super) unsafe fn pause(machine: *mut Machine) {
    // SAFETY: as the caller promises; the yielder lives as long as the thread's stack.
    unsafe {
        let Pause(yielder) = (*machine).thread().pause;
        (*yielder).suspend(());
    }
}
