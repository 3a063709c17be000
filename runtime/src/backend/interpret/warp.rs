//! Warp collectives: each waits for the lanes that its mask names, and then all of them go on.
//!
//! Only `__syncwarp` orders memory; the others exchange values and no more, as CUDA has it. Lanes that
//! have exited are not waited for. What a lane reads from one that takes no part is a random number.

use super::clock::{LANES, joined};
use super::machine::{Checked, Class, Machine, State, Then};

#[derive(Clone, Copy, PartialEq, Debug)]
pub(super) struct Collective {
    pub kind: u64,
    pub mask: u32,
    value: u64,
    argument: u32,
    width: u32,
}

// Mirrors `Warp` of `templates/host/warp.h`.
const SYNC: u64 = 0;
const NAMES: [&str; 18] = [
    "__syncwarp",
    "__shfl_sync",
    "__shfl_up_sync",
    "__shfl_down_sync",
    "__shfl_xor_sync",
    "__ballot_sync",
    "__all_sync",
    "__any_sync",
    "__match_any_sync",
    "__match_all_sync",
    "__reduce_add_sync",
    "__reduce_min_sync",
    "__reduce_max_sync",
    "__reduce_min_sync",
    "__reduce_max_sync",
    "__reduce_and_sync",
    "__reduce_or_sync",
    "__reduce_xor_sync",
];

impl Collective {
    pub fn name(&self) -> &'static str {
        NAMES.get(self.kind as usize).copied().unwrap_or("a warp collective")
    }

    fn matches(&self, other: &Collective) -> bool {
        self.kind == other.kind && self.mask == other.mask
    }
}

impl Machine {
    pub fn warp_collective(&mut self, operands: &[u64; 5], pc: u32) -> Checked {
        let [kind, mask, value, argument, width] = *operands;
        let collective = Collective {
            kind,
            mask: mask as u32,
            value,
            argument: argument as u32,
            width: width as u32,
        };
        let Collective { mask, .. } = collective;
        let (first, lane) = self.warp();
        let name = collective.name();
        if mask >> lane & 1 == 0 {
            let what =
                format!("lane {lane} calls {name} with mask {mask:#010x}, which leaves it out");
            return self.trouble(Class::Mask, pc, what);
        }
        for other in self.lanes(first, mask) {
            if let State::Warp(theirs) = self.threads[other].state
                && !theirs.matches(&collective)
                && theirs.mask >> lane & 1 == 1
            {
                let what = format!(
                    "lane {lane} calls {name} with mask {mask:#010x}, and lane {} of that mask waits in {} \
                     with mask {:#010x}",
                    other - first,
                    theirs.name(),
                    theirs.mask
                );
                return self.trouble(Class::Mask, pc, what);
            }
        }
        self.wait(State::Warp(collective), pc)?;
        self.finish_collective(first, &collective);
        Ok(Then::Pause)
    }

    /// The first thread of the running thread's warp, and its lane.
    fn warp(&mut self) -> (usize, u32) {
        let lane = self.thread().uid.thread % LANES;
        (self.current - lane as usize, lane)
    }

    /// The threads of a mask that exist.
    fn lanes(&self, first: usize, mask: u32) -> Vec<usize> {
        let slot = self.threads[first].slot;
        let lanes =
            (0..LANES as usize).filter(|lane| mask >> lane & 1 == 1).map(|lane| first + lane);
        lanes.filter(|thread| self.threads.get(*thread).is_some_and(|t| t.slot == slot)).collect()
    }

    /// Lets the lanes go on if all that have not exited are there.
    fn finish_collective(&mut self, first: usize, collective: &Collective) {
        let lanes = self.lanes(first, collective.mask);
        let mut values = [None; LANES as usize];
        let mut callers = Vec::with_capacity(lanes.len());
        for thread in lanes {
            match self.threads[thread].state {
                State::Exited => {}
                State::Warp(theirs) if theirs.matches(collective) => {
                    values[thread - first] = Some(theirs);
                    callers.push(thread);
                }
                _ => return,
            }
        }
        if collective.kind == SYNC {
            let arrivals: Vec<_> = callers.iter().map(|&thread| self.arrive(thread)).collect();
            let together = joined(&arrivals);
            for &thread in &callers {
                self.threads[thread].clock = together.clone();
            }
        }
        for &thread in &callers {
            let result = self.result(&values, thread - first);
            self.wake(thread, result);
        }
    }

    /// A lane that exits may be the one that others waited for.
    pub fn warp_lane_exited(&mut self, thread: usize) {
        let lane = self.threads[thread].uid.thread % LANES;
        let first = thread - lane as usize;
        for other in self.lanes(first, u32::MAX) {
            if let State::Warp(collective) = self.threads[other].state {
                self.finish_collective(first, &collective);
            }
        }
    }

    fn result(&mut self, values: &[Option<Collective>; LANES as usize], lane: usize) -> u64 {
        let Some(mine) = values[lane] else { return 0 };
        let present = || values.iter().flatten().map(|other| other.value);
        let lanes_where = |wanted: &dyn Fn(u64) -> bool| {
            values.iter().enumerate().fold(0u64, |mask, (lane, other)| {
                mask | u64::from(other.is_some_and(|other| wanted(other.value))) << lane
            })
        };
        let word = |fold: fn(u32, u32) -> u32| {
            present().map(|v| v as u32).reduce(fold).map_or(0, u64::from)
        };
        match mine.kind {
            1..=4 => self.shuffled(&mine, values, lane),
            5 => lanes_where(&|value| value != 0),
            6 => u64::from(present().all(|value| value != 0)),
            7 => u64::from(present().any(|value| value != 0)),
            8 => lanes_where(&|value| value == mine.value),
            9 if present().all(|value| value == mine.value) => lanes_where(&|_| true),
            10 => word(u32::wrapping_add),
            11 => word(u32::min),
            12 => word(u32::max),
            13 => word(|a, b| (a as i32).min(b as i32) as u32),
            14 => word(|a, b| (a as i32).max(b as i32) as u32),
            15 => word(|a, b| a & b),
            16 => word(|a, b| a | b),
            17 => word(|a, b| a ^ b),
            _ => 0,
        }
    }

    fn shuffled(
        &mut self,
        mine: &Collective,
        values: &[Option<Collective>; LANES as usize],
        lane: usize,
    ) -> u64 {
        let width = (mine.width as usize).clamp(1, LANES as usize).next_power_of_two();
        let (segment, argument) = (lane & !(width - 1), mine.argument as usize);
        let inside = segment..segment + width;
        let from = match mine.kind {
            1 => Some(segment + argument % width),
            2 => lane.checked_sub(argument),
            3 => lane.checked_add(argument),
            _ => Some(lane ^ argument),
        };
        match from.filter(|from| inside.contains(from)) {
            None => mine.value,
            Some(from) => values[from].map_or_else(|| self.random.bits(), |other| other.value),
        }
    }

    /// `__activemask`: some lanes that could be running with this one. Hardware promises no more.
    pub fn active_mask(&mut self) -> u64 {
        let (first, lane) = self.warp();
        let chance = self.random.bits() as u32;
        let running = self.lanes(first, u32::MAX).into_iter().filter(|thread| {
            self.threads[*thread].state == State::Ready && chance >> (*thread - first) & 1 == 1
        });
        running.fold(1u64 << lane, |mask, thread| mask | 1 << (thread - first))
    }
}
