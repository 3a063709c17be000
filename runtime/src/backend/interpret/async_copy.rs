//! Copies from global to shared memory that go on while the thread does, and that it alone waits for
//! (`cp.async`).
//!
//! A copy happens when its thread waits for it. Until then its destination holds random bytes, so that a
//! read before the wait gets a wrong value.

use super::machine::{Checked, Class, Machine, Then};
use super::shadow::Kind;
use super::space::Place;
use std::collections::VecDeque;

/// Bytes of a copy.
const BYTES: usize = 16;

#[derive(Clone, Copy)]
struct Copy {
    to: usize,
    from: usize,
}

/// The copies of a thread that it has not waited for.
#[derive(Default)]
pub(super) struct AsyncCopies {
    open: Vec<Copy>,
    groups: VecDeque<Vec<Copy>>,
}

impl Machine {
    /// Begins a copy.
    pub fn copy_async(&mut self, to: usize, from: usize, pc: u32) -> Checked {
        if !(to | from).is_multiple_of(BYTES) {
            let what = format!(
                "an asynchronous copy from {} and to {} bytes past a multiple of {BYTES}",
                from % BYTES,
                to % BYTES
            );
            return self.trouble(Class::Misaligned, pc, what);
        }
        if !matches!(self.space.find(to, BYTES), Some(Place::Shared(_))) {
            let what = "an asynchronous copy that does not lie in shared memory";
            return self.trouble(Class::OutOfBounds, pc, what);
        }
        self.access(from, BYTES, Kind::Read, pc)?;
        self.access(to, BYTES, Kind::Write, pc)?;
        let noise = [self.random.bits(), self.random.bits()];
        // SAFETY: the place was just found to lie in live shared memory, and no reference to it
        // exists.
        unsafe { std::ptr::copy(noise.as_ptr().cast::<u8>(), to as *mut u8, BYTES) };
        self.thread().async_copies.open.push(Copy { to, from });
        Ok(Then::GoOn)
    }

    /// Makes the copies since the last call one group.
    pub fn copy_async_commit(&mut self) -> Checked {
        let copies = &mut self.thread().async_copies;
        let group = std::mem::take(&mut copies.open);
        copies.groups.push_back(group);
        Ok(Then::GoOn)
    }

    /// The copies of all groups but the last `left` happen.
    pub fn copy_async_wait(&mut self, left: usize, pc: u32) -> Checked {
        while self.thread().async_copies.groups.len() > left {
            let group = self.thread().async_copies.groups.pop_front().unwrap_or_default();
            for Copy { to, from } in group {
                self.access(from, BYTES, Kind::Read, pc)?;
                self.access(to, BYTES, Kind::Write, pc)?;
                // SAFETY: both ranges were just found to lie in live memory of the launch, and no
                // reference to either exists.
                unsafe { std::ptr::copy(from as *const u8, to as *mut u8, BYTES) };
            }
        }
        Ok(Then::GoOn)
    }
}
