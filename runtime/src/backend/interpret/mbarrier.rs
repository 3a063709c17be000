//! mbarriers, and the asynchronous copies that complete on them.
//!
//! A copy happens at a random later time, outside every thread. It has the clock of the thread that began
//! it, and releases that clock to the threads that wait for the phase. Proxy fences are not modelled, so
//! a missing one is not found.

use super::clock::{Arrival, Clock, Uid, joined};
use super::machine::{Checked, Class, Machine, State, Then};
use super::shadow::{Kind, Mark, Scope};
use super::space::Place;

pub(super) struct Mbarrier {
    expected: u32,
    pending: u32,
    /// Bytes announced and not yet arrived; they may arrive first.
    bytes: i64,
    phase: u64,
    arrivals: Vec<Arrival>,
    /// What the completed phases let know.
    completed: Clock,
}

/// An asynchronous copy under way.
pub(super) struct Copy {
    uid: Uid,
    slot: usize,
    pc: u32,
    clock: Clock,
    to: usize,
    from: From,
    bytes: usize,
    done: usize,
}

enum From {
    Memory(usize),
    Value(u64),
}

const BYTES: usize = 8;

impl Machine {
    /// Whether an mbarrier lies in some bytes. Its memory is its own until its CTA ends: a GPU may write its state
    /// there later than what ordinary stores wrote after it.
    pub fn holds_mbarrier(&self, at: usize, bytes: usize) -> bool {
        let mut words = (at & !(BYTES - 1)..at.saturating_add(bytes)).step_by(BYTES);
        !self.mbarriers.is_empty() && words.any(|word| self.mbarriers.contains_key(&word))
    }

    pub fn mbarrier_init(&mut self, at: usize, arrivals: u32, pc: u32) -> Checked {
        if !matches!(self.space.find(at, BYTES), Some(Place::Shared(_)))
            || !at.is_multiple_of(BYTES)
        {
            return self.trouble(
                Class::Misuse,
                pc,
                "an mbarrier is 8 aligned bytes of shared memory",
            );
        }
        if self.mbarriers.contains_key(&at) {
            return self.trouble(Class::Misuse, pc, "the mbarrier is initialised already");
        }
        self.access_any(at, BYTES, Kind::Write, pc)?;
        let fresh = Mbarrier {
            expected: arrivals,
            pending: arrivals,
            bytes: 0,
            phase: 0,
            arrivals: Vec::new(),
            completed: Clock::default(),
        };
        self.mbarriers.insert(at, fresh);
        Ok(Then::GoOn)
    }

    /// Arrives, and announces bytes.
    pub fn mbarrier_arrive(&mut self, at: usize, arrivals: u32, bytes: u64, pc: u32) -> Checked {
        self.use_mbarrier(at, pc)?;
        let arrival = self.arrive(self.current);
        let Some(mbarrier) = self.mbarriers.get_mut(&at) else { return Err(()) };
        mbarrier.bytes += bytes as i64;
        let Some(pending) = mbarrier.pending.checked_sub(arrivals) else {
            let what =
                format!("more than the {} arrivals that the mbarrier expects", mbarrier.expected);
            return self.trouble(Class::Misuse, pc, what);
        };
        mbarrier.pending = pending;
        if arrivals > 0 {
            mbarrier.arrivals.push(arrival);
        }
        self.end_phase(at);
        Ok(Then::GoOn)
    }

    /// Whether the phase of that parity has ended; if so the thread knows what it let know.
    pub fn mbarrier_test(&mut self, at: usize, parity: bool, pc: u32) -> Result<bool, ()> {
        self.use_mbarrier(at, pc)?;
        let Some(mbarrier) = self.mbarriers.get(&at) else { return Err(()) };
        let ended = (mbarrier.phase & 1 == 1) != parity;
        if ended {
            self.threads[self.current].clock.join(&mbarrier.completed);
        }
        Ok(ended)
    }

    pub fn mbarrier_wait(&mut self, at: usize, parity: bool, pc: u32) -> Checked {
        if self.mbarrier_test(at, parity, pc)? {
            return Ok(Then::GoOn);
        }
        self.wait(State::Mbarrier { at, parity }, pc)
    }

    /// Every use is an atomic access, so that one that nothing orders after the initialisation is a
    /// race with it.
    fn use_mbarrier(&mut self, at: usize, pc: u32) -> Result<(), ()> {
        self.access_any(
            at,
            BYTES,
            Kind::Strong { scope: Scope::Cluster, reads: true, writes: true },
            pc,
        )?;
        if self.mbarriers.contains_key(&at) {
            return Ok(());
        }
        self.trouble(Class::Misuse, pc, "the mbarrier was never initialised").map(drop)
    }

    fn end_phase(&mut self, at: usize) {
        let Some(mbarrier) = self.mbarriers.get_mut(&at) else { return };
        if mbarrier.pending > 0 || mbarrier.bytes != 0 {
            return;
        }
        mbarrier.phase += 1;
        mbarrier.pending = mbarrier.expected;
        mbarrier.completed.join(&joined(&std::mem::take(&mut mbarrier.arrivals)));
        let (completed, odd) = (mbarrier.completed.clone(), mbarrier.phase & 1 == 1);
        for thread in 0..self.threads.len() {
            if let State::Mbarrier { at: theirs, parity } = self.threads[thread].state
                && theirs == at
                && odd != parity
            {
                self.threads[thread].clock.join(&completed);
                self.wake(thread, 1);
            }
        }
    }

    /// Begins a bulk copy.
    pub fn bulk_copy(
        &mut self,
        to: usize,
        from: usize,
        bytes: usize,
        done: usize,
        pc: u32,
    ) -> Checked {
        if !(to | from | bytes).is_multiple_of(16) {
            let what = format!(
                "a bulk copy of {bytes} bytes from {} and to {} bytes past a multiple of 16",
                from % 16,
                to % 16
            );
            return self.trouble(Class::Misaligned, pc, what);
        }
        self.begin(to, From::Memory(from), bytes, done, pc)
    }

    /// Begins a store into the shared memory of a CTA of the cluster.
    pub fn store_async(
        &mut self,
        to: usize,
        value: u64,
        bytes: usize,
        done: usize,
        pc: u32,
    ) -> Checked {
        if !to.is_multiple_of(bytes) {
            let what = format!(
                "an asynchronous store of {bytes} bytes, {} past a multiple of that",
                to % bytes
            );
            return self.trouble(Class::Misaligned, pc, what);
        }
        self.begin(to, From::Value(value), bytes, done, pc)
    }

    fn begin(&mut self, to: usize, from: From, bytes: usize, done: usize, pc: u32) -> Checked {
        if !matches!(self.space.find(to, bytes), Some(Place::Shared(_))) {
            let what =
                format!("an asynchronous copy of {bytes} bytes that does not lie in shared memory");
            return self.trouble(Class::OutOfBounds, pc, what);
        }
        self.use_mbarrier(done, pc)?;
        let (slot, by) = (self.thread().slot, self.arrive(self.current));
        // A copy stands after the threads of the grid, in a CTA of its own.
        let uid = Uid { cta: self.shape.grid + self.copiers.len() as u32, thread: 0 };
        self.copiers.push(Mark { uid: by.uid, epoch: by.epoch, pc });
        let clock = joined(&[by]);
        self.copies.push(Copy { uid, slot, pc, clock, to, from, bytes, done });
        Ok(Then::GoOn)
    }

    /// One copy under way happens.
    pub fn complete_copy(&mut self, copy: usize) -> Result<(), ()> {
        let Copy { uid, slot, pc, clock, to, from, bytes, done } = self.copies.swap_remove(copy);
        let mark = Mark { uid, epoch: 1, pc };
        if let From::Memory(from) = from {
            self.access_as(mark, slot, &clock, from, bytes, Kind::Read)?;
        }
        if let Some(Place::Shared(owner)) = self.space.find(to, bytes)
            && self.ctas[owner].live == 0
        {
            let what = format!(
                "block {} has exited and the copy still writes to it",
                self.ctas[owner].index
            );
            return self.trouble_of(Class::Cluster, uid, pc, None, what).map(drop);
        }
        if self.holds_mbarrier(to, bytes) {
            let what = "a copy to the memory of an mbarrier".to_owned();
            return self.trouble_of(Class::Misuse, uid, pc, None, what).map(drop);
        }
        self.access_as(mark, slot, &clock, to, bytes, Kind::Write)?;
        let from = match &from {
            From::Memory(from) => *from as *const u8,
            From::Value(value) => (value as *const u64).cast(),
        };
        // SAFETY: both ranges were just found to lie in live memory of the launch, or are a local;
        // no reference to either exists.
        unsafe { std::ptr::copy(from, to as *mut u8, bytes) };
        if let Some(mbarrier) = self.mbarriers.get_mut(&done) {
            mbarrier.bytes -= bytes as i64;
            mbarrier.arrivals.push(Arrival { uid, epoch: 1, clock });
        }
        self.end_phase(done);
        Ok(())
    }
}
