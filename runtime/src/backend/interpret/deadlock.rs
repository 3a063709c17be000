//! Turns noted trouble, or a launch in which all threads wait, into a fault with lines.

use super::clock::Uid;
use super::lines::Lines;
use super::machine::{Class, Machine, State, Thread, Trouble};
use crate::error::{Fault, Line, Site};
use std::collections::BTreeMap;
use std::fmt::Write;

/// The fault that was noted, if any.
pub(super) fn fault<'a>(machine: &mut Machine, lines: impl Fn() -> &'a Lines) -> Option<Fault> {
    if let Some(trouble) = machine.trouble.take() {
        return Some(with_lines(machine, trouble, lines()));
    }
    if machine.mixed_lines.is_empty() {
        return None;
    }
    let lines = lines();
    for phase in std::mem::take(&mut machine.mixed_lines) {
        let (first, line) = (phase[0].0, lines.of(phase[0].1));
        let elsewhere = phase.iter().find(|(_, pc)| lines.of(*pc) != line);
        if let Some(&(other, pc)) = elsewhere {
            let what = format!(
                "block {}, thread {} waits at the same barrier at {}",
                other.cta,
                other.thread,
                lines.of(pc)
            );
            return Some(Fault::BarrierDivergence { at: site(machine, first, line), what });
        }
    }
    None
}

/// No thread can run: the reason, unless all have returned.
pub(super) fn stuck<'a>(machine: &Machine, lines: impl Fn() -> &'a Lines) -> Option<Fault> {
    let waiting =
        |wanted: fn(&State) -> bool| machine.threads.iter().find(|thread| wanted(&thread.state));
    let barrier: fn(&State) -> bool =
        |state| matches!(state, State::Barrier(_) | State::Cluster | State::Grid);
    let (thread, class) = waiting(|state| matches!(state, State::Warp(_)))
        .map(|thread| (thread, Class::Mask))
        .or_else(|| Some((waiting(barrier)?, Class::Divergence)))
        .or_else(|| {
            Some((waiting(|state| matches!(state, State::Mbarrier { .. }))?, Class::Deadlock))
        })?;
    let lines = lines();
    let mut what = format!("it waits in {} for ever", describe(&thread.state));
    let mut groups: BTreeMap<(String, Line2), Vec<Uid>> = BTreeMap::new();
    for Thread { state, pc, uid, .. } in &machine.threads {
        let line = if *state == State::Exited { Line::default() } else { lines.of(*pc) };
        groups.entry((describe(state), (line.file, line.line))).or_default().push(*uid);
    }
    for ((state, (file, line)), uids) in groups {
        let first = uids[0];
        let place = if line == 0 { String::new() } else { format!(" at {file}:{line}") };
        // Writing to a String cannot fail.
        let _ = write!(
            what,
            "; {} threads, of which block {}, thread {}, {}{place}",
            uids.len(),
            first.cta,
            first.thread,
            if state == EXITED { EXITED.to_owned() } else { format!("wait in {state}") },
        );
    }
    let trouble = Trouble { class, uid: thread.uid, pc: thread.pc, other: None, what };
    Some(with_lines(machine, trouble, lines))
}

type Line2 = (String, u32);
const EXITED: &str = "have returned";

fn describe(state: &State) -> String {
    match state {
        State::Ready => "nothing".to_owned(),
        State::Barrier(0) => "__syncthreads".to_owned(),
        State::Barrier(id) => format!("barrier {id}"),
        State::Warp(collective) => {
            format!("{} with mask {:#010x}", collective.name(), collective.mask)
        }
        State::Cluster => "the cluster barrier".to_owned(),
        State::Grid => "the grid barrier".to_owned(),
        State::Mbarrier { parity, .. } => {
            format!("an mbarrier's phase of parity {}", u8::from(*parity))
        }
        State::Exited => EXITED.to_owned(),
    }
}

fn site(machine: &Machine, uid: Uid, line: Line) -> Site {
    let copy =
        uid.cta.checked_sub(machine.shape.grid).and_then(|copy| machine.copiers.get(copy as usize));
    let by = copy.map_or(uid, |begun| begun.uid);
    Site { block: by.cta, thread: by.thread, asynchronous: copy.is_some(), line }
}

fn with_lines(machine: &Machine, trouble: Trouble, lines: &Lines) -> Fault {
    let Trouble { class, uid, pc, other, what } = trouble;
    let at = site(machine, uid, lines.of(pc));
    match class {
        Class::OutOfBounds => Fault::OutOfBounds { at, what },
        Class::Arithmetic => Fault::Arithmetic { at, what },
        Class::Misaligned => Fault::Misaligned { at, what },
        Class::Uninitialised => Fault::Uninitialised { at, what },
        Class::Divergence => Fault::BarrierDivergence { at, what },
        Class::Mask => Fault::Mask { at, what },
        Class::Race => {
            let other =
                other.map_or_else(|| at.clone(), |mark| site(machine, mark.uid, lines.of(mark.pc)));
            Fault::Race { at, other: Box::new(other), what }
        }
        Class::Cluster => Fault::ClusterBarrier { at, what },
        Class::Deadlock => Fault::Deadlock { at, what },
        Class::Endless => Fault::Endless { at, steps: machine.limits.steps },
        Class::Misuse => Fault::Misuse { at, what },
    }
}
