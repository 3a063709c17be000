//! Barriers of a CTA, of a cluster and of a grid.
//!
//! All threads of the CTA must arrive at `__syncthreads`, and at the same source line: a thread that has
//! exited or arrives at another line is a fault. A cluster barrier waits for the threads that have not
//! exited, as in PTX. A grid barrier waits for all threads of the grid.

use super::clock::{Arrival, Clock, joined};
use super::machine::{Checked, Class, Machine, State, Then, Thread};
use super::order::Released;

/// The unfinished phase of a barrier: the threads that have arrived and not passed it.
#[derive(Default)]
pub(super) struct Phase {
    pub arrivals: Vec<Arrival>,
    /// How many threads have arrived; some arrivals may order nothing.
    pub came: usize,
    /// How many threads must arrive, for a named barrier.
    due: u32,
    /// The threads that wait, each with its code address.
    pub waiting: Vec<(usize, u32)>,
    /// Their votes.
    votes: Vec<bool>,
}

impl Thread {
    /// Joins the clock of a phase into the thread's. `released` is the clock with which the thread arrived.
    fn learn(&mut self, together: &Clock, released: Option<&Clock>) {
        if released.is_some_and(|released| released.is(&self.clock)) {
            // The thread's clock has not changed since, so the phase's clock includes it.
            self.clock = together.clone();
        } else {
            self.clock.join(together);
        }
    }
}

/// `barrier.sync` and `barrier.arrive` know 16 barriers, of which `__syncthreads` is the first.
const BARRIERS: u32 = 16;

impl Machine {
    /// `__syncthreads` and its reductions.
    pub fn block_barrier(&mut self, vote: bool, reduction: u64, pc: u32) -> Checked {
        let slot = self.thread().slot;
        let all = self.shape.threads as usize;
        if let Some(result) = self.come(slot, 0, vote, pc, true, all as u32)? {
            let votes = result.iter().filter(|vote| **vote).count();
            let result = match reduction {
                1 => u64::from(votes > 0),
                2 => u64::from(votes == all),
                _ => votes as u64,
            };
            self.finish(slot, 0, result, true);
        }
        Ok(Then::Pause)
    }

    /// `bar.sync` and `bar.arrive`.
    pub fn named_barrier(&mut self, id: u32, threads: u32, waits: bool, pc: u32) -> Checked {
        if id >= BARRIERS || threads == 0 || !threads.is_multiple_of(32) {
            let what =
                format!("barrier {id} for {threads} threads: ids go to 15, threads by whole warps");
            return self.trouble(Class::Misuse, pc, what);
        }
        let slot = self.thread().slot;
        if self.come(slot, id, false, pc, waits, threads)?.is_some() {
            self.finish(slot, id, 0, false);
        }
        Ok(if waits { Then::Pause } else { Then::GoOn })
    }

    /// The current thread arrives. Returns the votes if it is the last to arrive.
    fn come(
        &mut self,
        slot: usize,
        id: u32,
        vote: bool,
        pc: u32,
        waits: bool,
        due: u32,
    ) -> Result<Option<Vec<bool>>, ()> {
        let thread = self.current;
        let arrival = self.arrive(thread);
        if waits {
            self.wait(State::Barrier(id), pc)?;
        }
        let phase = self.ctas[slot].barriers.entry(id).or_default();
        if phase.came > 0 && phase.due != due {
            let what =
                format!("barrier {id} for {due} threads, and others come to it for {}", phase.due);
            return self.trouble(Class::Divergence, pc, what).map(|_| None);
        }
        phase.due = due;
        phase.came += 1;
        phase.arrivals.push(arrival);
        phase.votes.push(vote);
        if waits {
            phase.waiting.push((thread, pc));
        }
        Ok((phase.came == due as usize).then(|| std::mem::take(&mut phase.votes)))
    }

    /// All threads have arrived: the waiting threads join the clocks of all and continue.
    fn finish(&mut self, slot: usize, id: u32, result: u64, one_line: bool) {
        let phase = self.ctas[slot].barriers.remove(&id).unwrap_or_default();
        self.release(&phase, result, one_line);
    }

    fn release(&mut self, phase: &Phase, result: u64, one_line: bool) {
        if one_line && phase.waiting.iter().any(|(_, pc)| *pc != phase.waiting[0].1) {
            let by_line = phase.waiting.iter().map(|(thread, pc)| (self.threads[*thread].uid, *pc));
            self.mixed_lines.push(by_line.collect());
        }
        let together = joined(&phase.arrivals);
        for &(thread, _) in &phase.waiting {
            // A waiting thread learns nothing, so the phase's clock includes its own.
            self.threads[thread].clock = together.clone();
            self.wake(thread, result);
        }
    }

    /// `barrier.cluster.arrive`. A relaxed arrival releases the clock of the thread's last fence; without
    /// a fence it only shows that its CTA has begun.
    pub fn cluster_arrive(&mut self, relaxed: bool, pc: u32) -> Checked {
        let released = (!relaxed).then(|| self.thread().clock.clone());
        let phase = (self.cluster_phase, released);
        self.thread().pc = pc;
        if self.thread().in_cluster_phase.replace(phase).is_some() {
            let what = "the thread arrives at the cluster barrier again before it has waited";
            return self.trouble(Class::Divergence, pc, what);
        }
        if !relaxed {
            let arrival = self.arrive(self.current);
            self.cluster.arrivals.push(arrival);
        } else {
            let fenced = self.thread().released.as_ref().and_then(Released::beyond_cta);
            let begun = Arrival { uid: self.thread().uid, epoch: 0, clock: Clock::default() };
            self.cluster.arrivals.push(fenced.unwrap_or(begun));
        }
        self.cluster.came += 1;
        self.end_cluster_phase();
        Ok(Then::GoOn)
    }

    /// `barrier.cluster.wait`.
    pub fn cluster_wait(&mut self, pc: u32) -> Checked {
        let Some((phase, released)) = self.thread().in_cluster_phase.take() else {
            return self.trouble(
                Class::Divergence,
                pc,
                "the thread waits at a cluster barrier at which it has not arrived",
            );
        };
        if phase < self.cluster_phase {
            let before = self.cluster_before.clone();
            self.thread().learn(&before, released.as_ref());
            return Ok(Then::GoOn);
        }
        self.thread().in_cluster_phase = Some((phase, released));
        self.cluster.waiting.push((self.current, pc));
        self.wait(State::Cluster, pc)
    }

    /// Ends the phase if every thread that has not exited has arrived.
    pub fn end_cluster_phase(&mut self) {
        let live: usize = self.ctas.iter().map(|cta| cta.live).sum();
        if self.cluster.came == 0 || self.cluster.came < live {
            return;
        }
        let phase = std::mem::take(&mut self.cluster);
        let together = joined(&phase.arrivals);
        self.cluster_phase += 1;
        for &(thread, _) in &phase.waiting {
            let released =
                self.threads[thread].in_cluster_phase.take().and_then(|(_, released)| released);
            self.threads[thread].learn(&together, released.as_ref());
            self.wake(thread, 0);
        }
        self.cluster_before = together;
    }

    /// The barrier does not wait for an exited thread. A thread that arrived and exits without waiting is a
    /// fault.
    pub fn cluster_thread_exited(&mut self) -> Result<(), ()> {
        if self.thread().in_cluster_phase.is_some() {
            let what = "the thread exits between arriving at a cluster barrier and waiting at it";
            return self.trouble(Class::Divergence, self.threads[self.current].pc, what).map(drop);
        }
        Ok(())
    }

    /// A barrier over the grid of a cooperative launch.
    pub fn grid_barrier(&mut self, pc: u32) -> Checked {
        if !self.shape.cooperative {
            return self.trouble(Class::Misuse, pc, "a grid barrier needs a cooperative launch");
        }
        let arrival = self.arrive(self.current);
        self.grid.arrivals.push(arrival);
        self.grid.waiting.push((self.current, pc));
        self.wait(State::Grid, pc)?;
        if self.grid.waiting.len() == self.threads.len() {
            let phase = std::mem::take(&mut self.grid);
            self.release(&phase, 0, true);
        }
        Ok(Then::Pause)
    }
}
