//! Barriers of a CTA, of a cluster and of a grid.
//!
//! `__syncthreads` is for all threads of the CTA: one that exits, or one that comes by another line,
//! is a fault. A cluster barrier, as PTX has it, is for all threads that have not exited. A grid
//! barrier is for all.

use super::clock::{Arrival, Clock, meet};
use super::machine::{Class, Judged, Machine, State, Then, Thread};
use super::order::Released;

/// Threads that have come to a barrier and not passed it.
#[derive(Default)]
pub(super) struct Meeting {
    pub arrivals: Vec<Arrival>,
    /// How many have come; some may have come without ordering anything.
    pub came: usize,
    /// How many are to come, for a named barrier.
    due: u32,
    /// Threads that wait, and the line of each.
    pub waiting: Vec<(usize, u32)>,
    /// What they voted.
    votes: Vec<bool>,
}

impl Thread {
    /// Learns what a meeting knows, to which it came with the clock `released`, if with any.
    fn learn(&mut self, together: &Clock, released: Option<&Clock>) {
        if released.is_some_and(|released| released.is(&self.clock)) {
            // It has learnt nothing since, so the meeting knows all that it does.
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
    pub fn block_barrier(&mut self, vote: bool, reduction: u64, pc: u32) -> Judged {
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
    pub fn named_barrier(&mut self, id: u32, threads: u32, waits: bool, pc: u32) -> Judged {
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

    /// One thread comes; the votes, when it is the last.
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
        let meeting = self.ctas[slot].barriers.entry(id).or_default();
        if meeting.came > 0 && meeting.due != due {
            let what = format!(
                "barrier {id} for {due} threads, and others come to it for {}",
                meeting.due
            );
            return self.trouble(Class::Divergence, pc, what).map(|_| None);
        }
        meeting.due = due;
        meeting.came += 1;
        meeting.arrivals.push(arrival);
        meeting.votes.push(vote);
        if waits {
            meeting.waiting.push((thread, pc));
        }
        Ok((meeting.came == due as usize).then(|| std::mem::take(&mut meeting.votes)))
    }

    /// All have come: those that wait know what all knew, and go on.
    fn finish(&mut self, slot: usize, id: u32, result: u64, one_line: bool) {
        let meeting = self.ctas[slot].barriers.remove(&id).unwrap_or_default();
        self.release(&meeting, result, one_line);
    }

    fn release(&mut self, meeting: &Meeting, result: u64, one_line: bool) {
        if one_line && meeting.waiting.iter().any(|(_, pc)| *pc != meeting.waiting[0].1) {
            let by_line =
                meeting.waiting.iter().map(|(thread, pc)| (self.threads[*thread].uid, *pc));
            self.meetings.push(by_line.collect());
        }
        let together = meet(&meeting.arrivals);
        for &(thread, _) in &meeting.waiting {
            // It has waited since it came, so it knows nothing that the meeting does not.
            self.threads[thread].clock = together.clone();
            self.wake(thread, result);
        }
    }

    /// `barrier.cluster.arrive`. A relaxed one lets know what the thread's last fence made ready, and
    /// without a fence no more than that its CTA has begun.
    pub fn cluster_arrive(&mut self, relaxed: bool, pc: u32) -> Judged {
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
    pub fn cluster_wait(&mut self, pc: u32) -> Judged {
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
        let meeting = std::mem::take(&mut self.cluster);
        let together = meet(&meeting.arrivals);
        self.cluster_phase += 1;
        for &(thread, _) in &meeting.waiting {
            let released =
                self.threads[thread].in_cluster_phase.take().and_then(|(_, released)| released);
            self.threads[thread].learn(&together, released.as_ref());
            self.wake(thread, 0);
        }
        self.cluster_before = together;
    }

    /// Whoever has exited is not waited for; but to have arrived and not waited is a fault.
    pub fn cluster_thread_exited(&mut self) -> Result<(), ()> {
        if self.thread().in_cluster_phase.is_some() {
            let what = "the thread exits between arriving at a cluster barrier and waiting at it";
            return self.trouble(Class::Divergence, self.threads[self.current].pc, what).map(drop);
        }
        Ok(())
    }

    /// A barrier over the grid of a cooperative launch.
    pub fn grid_barrier(&mut self, pc: u32) -> Judged {
        if !self.shape.cooperative {
            return self.trouble(Class::Misuse, pc, "a grid barrier needs a cooperative launch");
        }
        let arrival = self.arrive(self.current);
        self.grid.arrivals.push(arrival);
        self.grid.waiting.push((self.current, pc));
        self.wait(State::Grid, pc)?;
        if self.grid.waiting.len() == self.threads.len() {
            let meeting = std::mem::take(&mut self.grid);
            self.release(&meeting, 0, true);
        }
        Ok(Then::Pause)
    }
}
