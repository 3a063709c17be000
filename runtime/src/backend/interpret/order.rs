//! Atomics and fences: the order between threads through a word of memory.
//!
//! The pattern of the PTX memory model: writes, a fence, an atomic; and on the other side an atomic
//! that reads it, a fence, reads. Without the fences an atomic orders nothing. A fence or an atomic
//! of block scope orders only threads of one CTA.

use super::clock::{Arrival, Clock, joined};
use super::machine::{Checked, Machine, Then, Thread};
use super::shadow::{Kind, Scope};

const ACQUIRE: u64 = 1;
const RELEASE: u64 = 2;
const READS: u64 = 4;
const WRITES: u64 = 8;

/// What a fence made ready.
#[derive(Clone)]
pub(super) struct Released {
    scope: Scope,
    arrival: Arrival,
}

impl Released {
    /// For threads of other CTAs.
    pub fn beyond_cta(&self) -> Option<Arrival> {
        (self.scope > Scope::Block).then(|| self.arrival.clone())
    }
}

/// What atomics have read and no fence has acquired.
#[derive(Default)]
pub(super) struct Unacquired {
    /// From threads of the CTA.
    near: Clock,
    /// From any thread; a fence of block scope does not acquire it.
    far: Clock,
}

/// What was released into a word of memory.
#[derive(Default)]
pub(super) struct Location {
    /// For everybody.
    wide: Clock,
    /// For threads of a CTA, by CTA: whatever its own threads released.
    narrow: Vec<(u32, Clock)>,
}

pub(super) fn scope(number: u64) -> Scope {
    match number {
        0 => Scope::Block,
        1 => Scope::Cluster,
        2 => Scope::Device,
        _ => Scope::System,
    }
}

impl Machine {
    /// An atomic access, before it happens.
    pub fn atomic(&mut self, at: usize, size: usize, scope: Scope, order: u64, pc: u32) -> Checked {
        if !at.is_multiple_of(size) {
            let what = format!("an atomic of {size} bytes, {} past a multiple of that", at % size);
            return self.trouble(super::machine::Class::Misaligned, pc, what);
        }
        let (reads, writes) = (order & READS != 0, order & WRITES != 0);
        self.access(at, size, Kind::Strong { scope, reads, writes }, pc)?;
        if reads {
            self.acquire_from(at, order & ACQUIRE != 0);
        }
        if writes {
            if order & RELEASE != 0 {
                let arrival = self.arrive(self.current);
                self.release_into(at, scope, &Released { scope, arrival });
            } else if let Some(released) = self.thread().released.clone() {
                self.release_into(at, scope, &released);
            } else if !reads {
                // A plain atomic store replaces what was released before it.
                self.locations.remove(&at);
            }
        }
        Ok(Then::GoOn)
    }

    /// A fence: what came before is ready to be released, what atomics have read is acquired.
    pub fn fence(&mut self, scope: Scope) {
        let arrival = self.arrive(self.current);
        let thread = self.thread();
        thread.released = Some(Released { scope, arrival });
        let near = std::mem::take(&mut thread.unacquired.near);
        thread.clock.join(&near);
        if scope > Scope::Block {
            let far = std::mem::take(&mut thread.unacquired.far);
            thread.clock.join(&far);
        }
    }

    fn acquire_from(&mut self, at: usize, at_once: bool) {
        let Some(location) = self.locations.get(&at) else { return };
        let thread = &mut self.threads[self.current];
        let own = location.narrow.iter().find(|(cta, _)| *cta == thread.uid.cta);
        let Thread { clock, unacquired: Unacquired { near, far }, .. } = thread;
        let (near_to, far_to) = if at_once { (&mut *clock, None) } else { (near, Some(far)) };
        if let Some((_, own)) = own {
            near_to.join(own);
        }
        far_to.unwrap_or(near_to).join(&location.wide);
    }

    fn release_into(&mut self, at: usize, scope: Scope, released: &Released) {
        let cta = released.arrival.uid.cta;
        let clock = joined(std::slice::from_ref(&released.arrival));
        let location = self.locations.entry(at).or_default();
        if scope.min(released.scope) > Scope::Block {
            location.wide.join(&clock);
        }
        match location.narrow.iter_mut().find(|(owner, _)| *owner == cta) {
            Some((_, known)) => known.join(&clock),
            None => location.narrow.push((cta, clock)),
        }
    }
}
