//! The state of one launch: live CTAs, their threads, and all that they share.
//!
//! The scheduler owns it and the hooks change it, one at a time: a hook that suspends a thread releases
//! it first. A fault is noted here without its line; the scheduler finds the line.

use super::async_copy::AsyncCopies;
use super::barrier::Phase;
use super::clock::{Arrival, Clock, Uid};
use super::fibers::Pause;
use super::launch::{Limits, Shape};
use super::mbarrier::{Copy, Mbarrier};
use super::order::{Location, Released, Unacquired};
use super::purity::Given;
use super::random::Random;
use super::shadow::{Actor, Kind, Mark};
use super::space::{Denial, Place, Space};
use super::warp::Collective;
use std::collections::HashMap;

/// What a thread does.
#[derive(Clone, Copy, PartialEq, Debug)]
pub(super) enum State {
    Ready,
    /// At a barrier of its CTA, by its id.
    Barrier(u32),
    Warp(Collective),
    Cluster,
    Grid,
    Mbarrier {
        at: usize,
        parity: bool,
    },
    Exited,
}

pub(super) struct Thread {
    pub uid: Uid,
    pub slot: usize,
    pub state: State,
    /// Where it waits.
    pub pc: u32,
    /// What the call at which it waits will return.
    pub result: u64,
    pub epoch: u32,
    pub clock: Clock,
    /// What its last fence made ready to be released.
    pub released: Option<Released>,
    /// What its atomics have read and no fence has acquired yet.
    pub unacquired: Unacquired,
    /// The phase of the cluster barrier at which it has arrived, and what it let know there.
    pub in_cluster_phase: Option<(u64, Option<Clock>)>,
    pub async_copies: AsyncCopies,
    pub pause: Pause,
}

pub(super) struct Cta {
    pub index: u32,
    pub barriers: HashMap<u32, Phase>,
    pub live: usize,
    pub exits: Vec<Arrival>,
    /// The last accesses to its shared memory by threads of other CTAs.
    pub visits: HashMap<(u32, u32), Mark>,
    pub shared: usize,
}

/// A fault before its lines are known.
pub(super) struct Trouble {
    pub class: Class,
    pub uid: Uid,
    pub pc: u32,
    pub other: Option<Mark>,
    pub what: String,
}

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Class {
    Arithmetic,
    OutOfBounds,
    Misaligned,
    Uninitialised,
    Divergence,
    Mask,
    Race,
    Cluster,
    Deadlock,
    Endless,
    Misuse,
}

pub(super) struct Machine {
    pub shape: Shape,
    pub limits: Limits,
    pub random: Random,
    pub image: usize,
    pub space: Space,
    pub ctas: Vec<Cta>,
    pub threads: Vec<Thread>,
    pub ready: Vec<usize>,
    pub current: usize,
    pub locations: HashMap<usize, Location>,
    pub cluster: Phase,
    pub cluster_phase: u64,
    /// What the last phase that ended let know.
    pub cluster_before: Clock,
    pub grid: Phase,
    pub mbarriers: HashMap<usize, Mbarrier>,
    /// What a program's source has given.
    pub given: Given,
    pub copies: Vec<Copy>,
    /// Who began each asynchronous copy, and where.
    pub copiers: Vec<Mark>,
    /// Phases whose threads waited at several code addresses. The scheduler compares their lines,
    /// because finding a line needs more stack than a thread has.
    pub mixed_lines: Vec<Vec<(Uid, u32)>>,
    pub trouble: Option<Trouble>,
    pub steps: u64,
    pub patience: u64,
    pub switches: u64,
}

/// What a hook tells its thread.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Then {
    GoOn,
    /// Let others run; the thread is ready, or its state says for what it waits.
    Pause,
}

/// The result of a check: what its thread does next, or a fault, kept in the machine.
pub(super) type Checked = Result<Then, ()>;

impl Machine {
    pub fn thread(&mut self) -> &mut Thread {
        &mut self.threads[self.current]
    }

    pub fn trouble(&mut self, class: Class, pc: u32, what: impl Into<String>) -> Checked {
        let uid = self.thread().uid;
        self.trouble_of(class, uid, pc, None, what.into())
    }

    pub fn trouble_of(
        &mut self,
        class: Class,
        uid: Uid,
        pc: u32,
        other: Option<Mark>,
        what: String,
    ) -> Checked {
        if self.trouble.is_none() {
            self.trouble = Some(Trouble { class, uid, pc, other, what });
        }
        Err(())
    }

    /// Counts a step and says whether another thread's turn has come.
    pub fn step(&mut self, weight: u64, pc: u32) -> Checked {
        self.steps += 1;
        if self.steps > self.limits.steps {
            return self.trouble(Class::Endless, pc, "");
        }
        if self.patience > weight {
            self.patience -= weight;
            return Ok(Then::GoOn);
        }
        self.patience = 1 + self.random.below(2 * self.limits.switch_every as usize) as u64;
        Ok(Then::Pause)
    }

    /// Checks an access of the running thread to what is no mbarrier.
    pub fn access(&mut self, at: usize, size: usize, kind: Kind, pc: u32) -> Result<(), ()> {
        if self.holds_mbarrier(at, size) {
            return self
                .trouble(Class::Misuse, pc, "an access to the memory of an mbarrier")
                .map(drop);
        }
        self.access_any(at, size, kind, pc)
    }

    /// Checks an access of the running thread, as of an mbarrier or of any other memory.
    pub fn access_any(&mut self, at: usize, size: usize, kind: Kind, pc: u32) -> Result<(), ()> {
        let Thread { uid, epoch, slot, .. } = self.threads[self.current];
        let mark = Mark { uid, epoch, pc };
        let clock = self.threads[self.current].clock.clone();
        self.access_as(mark, slot, &clock, at, size, kind)
    }

    /// Checks an access of a thread or of a copy that a thread of the CTA in `slot` began.
    pub fn access_as(
        &mut self,
        mark: Mark,
        slot: usize,
        clock: &Clock,
        at: usize,
        size: usize,
        kind: Kind,
    ) -> Result<(), ()> {
        if let Some(Place::Shared(owner)) = self.space.find(at, size)
            && owner != slot
        {
            self.visit(mark, slot, clock, owner)?;
        }
        let row = self.shape.row_of(mark.uid.cta, mark.uid.thread);
        let actor = Actor { mark, clock, cluster: self.shape.cluster, row };
        let Err(denial) = self.space.access(&actor, at, size, kind) else { return Ok(()) };
        let (class, other, what) = match denial {
            Denial::OutOfBounds(what) => (Class::OutOfBounds, None, what),
            Denial::Uninitialised(what) => (Class::Uninitialised, None, what),
            Denial::Twice(what) => (Class::Misuse, None, what),
            Denial::Race { other, what } => (Class::Race, Some(other), what),
        };
        self.trouble_of(class, mark.uid, mark.pc, other, what).map(drop)
    }

    /// An access to the shared memory of another CTA.
    fn visit(&mut self, mark: Mark, slot: usize, clock: &Clock, owner: usize) -> Result<(), ()> {
        let (mine, cta) = (self.ctas[slot].index, &mut self.ctas[owner]);
        let index = cta.index;
        if mine / self.shape.cluster != index / self.shape.cluster {
            let what = format!("shared memory of block {index}, which is in another cluster");
            return self.trouble_of(Class::OutOfBounds, mark.uid, mark.pc, None, what).map(drop);
        }
        if cta.live == 0 {
            let what =
                format!("shared memory of block {index} is accessed after that block has exited");
            return self.trouble_of(Class::Cluster, mark.uid, mark.pc, None, what).map(drop);
        }
        if !clock.knows_of(index) {
            let what = format!(
                "shared memory of block {index} is accessed, and no cluster barrier says that it has begun"
            );
            return self.trouble_of(Class::Cluster, mark.uid, mark.pc, None, what).map(drop);
        }
        cta.visits.insert((mark.uid.cta, mark.uid.thread), mark);
        Ok(())
    }

    /// Lets others know how far a thread is; what it does next they do not know.
    pub fn arrive(&mut self, thread: usize) -> Arrival {
        let thread = &mut self.threads[thread];
        let arrival = Arrival { uid: thread.uid, epoch: thread.epoch, clock: thread.clock.clone() };
        thread.epoch += 1;
        arrival
    }

    /// The running thread waits.
    pub fn wait(&mut self, state: State, pc: u32) -> Checked {
        let thread = self.thread();
        thread.state = state;
        thread.pc = pc;
        Ok(Then::Pause)
    }

    pub fn wake(&mut self, thread: usize, result: u64) {
        self.threads[thread].state = State::Ready;
        self.threads[thread].result = result;
        self.ready.push(thread);
    }

    /// The running thread has returned from the kernel.
    pub fn exit(&mut self) -> Result<(), ()> {
        let thread = self.current;
        let arrival = self.arrive(thread);
        let slot = self.threads[thread].slot;
        self.threads[thread].state = State::Exited;
        self.warp_lane_exited(thread);
        self.cluster_thread_exited()?;
        let cta = &mut self.ctas[slot];
        cta.exits.push(arrival);
        cta.live -= 1;
        self.end_cluster_phase();
        let cta = &self.ctas[slot];
        if cta.live > 0 {
            return Ok(());
        }
        let end = super::clock::joined(&cta.exits);
        let index = cta.index;
        let late = cta.visits.values().filter(|visit| end.get(visit.uid) < visit.epoch);
        let Some(&late) = late.min_by_key(|visit| (visit.uid.cta, visit.uid.thread)) else {
            return Ok(());
        };
        let what = format!(
            "shared memory of block {index} is accessed, and no cluster barrier keeps that block from \
             exiting before"
        );
        self.trouble_of(Class::Cluster, late.uid, late.pc, None, what).map(drop)
    }
}
