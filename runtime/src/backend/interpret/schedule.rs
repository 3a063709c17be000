//! Runs a launch: CTAs in a random order, and among live threads a random one at a time.
//!
//! Without a cluster or a cooperative launch one CTA is live at a time: blocks that wait for each
//! other without a promise that both are resident do so for ever, here as in the worst case there.

use super::async_copy::AsyncCopies;
use super::clock::Clock;
use super::deadlock;
use super::fibers::{Fiber, Pause};
use super::hooks;
use super::launch::{Limits, Report, Shape};
use super::lines::Lines;
use super::machine::{Cta, Machine, State, Thread};
use super::memory::Memory;
use super::object::{Hooks, Object, Registers};
use super::purity::Given;
use super::random::Random;
use super::room;
use super::shadow::Mark;
use super::space::Space;
use crate::error::Fault;
use std::cell::OnceCell;
use std::collections::HashMap;
use std::ffi::c_void;
use std::sync::{Mutex, PoisonError};

/// The initial content of shared memory.
const POISON: u8 = 0xC5;

/// Held by a launch with many threads alive.
static LARGE: Mutex<()> = Mutex::new(());

#[derive(Clone, Copy)]
#[repr(C, align(1024))]
struct Chunk([u8; 1024]);

pub(super) fn run(
    object: &Object,
    shape: Shape,
    limits: Limits,
    seed: u64,
    args: &[u8],
    memory: &mut Memory,
) -> Result<Report, Fault> {
    shape.check(&limits, object.static_shared)?;
    if args.len() != object.args_bytes {
        let what = format!(
            "{} bytes of arguments, and the kernel takes {}",
            args.len(),
            object.args_bytes
        );
        return Err(Fault::Launch { what });
    }
    let shared =
        shape.live() as usize * (shape.dynamic_offset(object.static_shared) + shape.dynamic_shared);
    room::check_watched(memory.writable_bytes().saturating_add(shared))?;
    // Of a launch that panicked nothing is left in the object that this one does not set.
    let _running = object.running.lock().unwrap_or_else(PoisonError::into_inner);
    // Two of these at once would be too many stacks for one process.
    let large = shape.live() * shape.threads > 4096;
    let _large = large.then(|| LARGE.lock().unwrap_or_else(PoisonError::into_inner));
    let mut aligned = vec![0u128; args.len().div_ceil(16).max(1)];
    // SAFETY: the words are at least as long as the arguments.
    unsafe {
        std::ptr::copy_nonoverlapping(args.as_ptr(), aligned.as_mut_ptr().cast(), args.len())
    };

    let mut machine = Box::new(machine(object, shape, limits, seed, memory));
    let groups = shape.grid / shape.live();
    let mut order: Vec<u32> = (0..groups).collect();
    for last in (1..order.len()).rev() {
        let other = machine.random.below(last + 1);
        order.swap(last, other);
    }
    let args = aligned.as_ptr().cast();
    let run = Run { machine: &raw mut *machine, object, args, shape, lines: OnceCell::new() };
    run.prepare();
    let ended = order.into_iter().try_for_each(|group| run.group(group * shape.live()));
    machine.space.report(memory);
    ended?;
    Ok(Report {
        steps: machine.steps,
        switches: machine.switches,
        shared_bytes: object.static_shared,
    })
}

fn machine(object: &Object, shape: Shape, limits: Limits, seed: u64, memory: &Memory) -> Machine {
    Machine {
        shape,
        limits,
        random: Random::new(seed),
        image: object.image.0,
        space: Space::new(memory, object.image),
        ctas: Vec::new(),
        threads: Vec::new(),
        ready: Vec::new(),
        current: 0,
        locations: HashMap::new(),
        cluster: Default::default(),
        cluster_phase: 0,
        cluster_before: Clock::default(),
        grid: Default::default(),
        mbarriers: HashMap::new(),
        given: Given::default(),
        copies: Vec::new(),
        copiers: Vec::<Mark>::new(),
        mixed_lines: Vec::new(),
        trouble: None,
        steps: 0,
        patience: 1,
        switches: 0,
    }
}

struct Run<'a> {
    /// By pointer: the hooks reach the same machine while a thread runs.
    machine: *mut Machine,
    object: &'a Object,
    args: *const c_void,
    shape: Shape,
    /// Read when the first fault asks for them.
    lines: OnceCell<Lines>,
}

impl Run<'_> {
    /// # Safety
    /// No other reference to the machine is alive, and no thread runs while this one is.
    #[expect(clippy::mut_from_ref, reason = "the machine is behind a pointer, not behind `self`")]
    unsafe fn machine(&self) -> &mut Machine {
        // SAFETY: as the caller promises.
        unsafe { &mut *self.machine }
    }

    fn lines(&self) -> &Lines {
        self.lines.get_or_init(|| Lines::open(&self.object.path))
    }

    fn prepare(&self) {
        let Registers { hooks, static_shared, block_dim, grid_dim, cluster_size, .. } =
            self.object.registers;
        let Shape { grid, threads, cluster, .. } = self.shape;
        let table =
            Hooks { machine: self.machine.cast(), access: hooks::access, call: hooks::call };
        // SAFETY: variables of the object, which nobody else uses while this run holds it.
        unsafe {
            *hooks = table;
            *static_shared = self.shape.dynamic_offset(self.object.static_shared) as u64;
            *block_dim = [threads, 1, 1];
            *grid_dim = [grid, 1, 1];
            *cluster_size = cluster;
        }
    }

    /// Runs the CTAs that are live together, from the first of them on.
    fn group(&self, first: u32) -> Result<(), Fault> {
        let Shape { threads, dynamic_shared, .. } = self.shape;
        let bytes = self.shape.dynamic_offset(self.object.static_shared) + dynamic_shared;
        let mut shared: Vec<Vec<Chunk>> = (0..self.shape.live())
            .map(|_| vec![Chunk([POISON; 1024]); bytes.div_ceil(1024).max(1)])
            .collect();
        let bases: Vec<*mut u8> =
            shared.iter_mut().map(|chunks| chunks.as_mut_ptr().cast()).collect();
        {
            // SAFETY: no thread runs yet.
            let machine = unsafe { self.machine() };
            machine.open(first, threads, &bases, bytes);
        }
        let mut fibers = Vec::with_capacity(self.shape.live() as usize * threads as usize);
        for thread in 0..fibers.capacity() {
            // SAFETY: machine and arguments outlive the group, and the sizes were compared.
            let fiber = unsafe { Fiber::new(self.machine, thread, self.object.entry, self.args) };
            fibers.push(fiber.map_err(|error| Fault::Launch {
                what: format!("the system has no stack for thread {thread}: {error}"),
            })?);
        }
        self.threads(&mut fibers, &bases)?;
        // SAFETY: every thread has returned.
        unsafe { self.machine() }.space.drop_shared();
        Ok(())
    }

    fn threads(&self, fibers: &mut [Fiber], bases: &[*mut u8]) -> Result<(), Fault> {
        loop {
            // SAFETY: no thread runs; the reference ends before one does.
            let machine = unsafe { self.machine() };
            if let Some(fault) = deadlock::fault(machine, || self.lines()) {
                return Err(fault);
            }
            let choices = machine.ready.len() + machine.copies.len();
            if choices == 0 {
                return match deadlock::stuck(machine, || self.lines()) {
                    Some(fault) => Err(fault),
                    None => Ok(()),
                };
            }
            let choice = machine.random.below(choices);
            if choice >= machine.ready.len() {
                // What it finds is looked at in the next round.
                let _ = machine.complete_copy(choice - machine.ready.len());
                continue;
            }
            let thread = machine.ready.swap_remove(choice);
            machine.current = thread;
            machine.switches += 1;
            let Thread { uid, slot, .. } = machine.threads[thread];
            let registers = self.object.registers;
            let (stack, len) = fibers[thread].stack;
            // SAFETY: variables of the object, which nobody else uses while this run holds it.
            unsafe {
                *registers.stack = [stack as u64, len as u64];
                *registers.shared = bases[slot];
                *registers.thread = [uid.thread, 0, 0];
                *registers.block = [uid.cta, 0, 0];
                *registers.cluster_rank = uid.cta % self.shape.cluster;
            }
            if fibers[thread].resume() {
                // SAFETY: the thread has returned.
                let _ = unsafe { self.machine() }.exit();
            }
        }
    }
}

impl Machine {
    /// Makes CTAs live, from the first on, with nothing in their shared memory.
    fn open(&mut self, first: u32, threads: u32, shared: &[*mut u8], bytes: usize) {
        self.ctas.clear();
        self.threads.clear();
        self.mbarriers.clear();
        self.locations.retain(|at, _| self.space.find(*at, 1).is_some());
        for (slot, base) in shared.iter().enumerate() {
            let index = first + slot as u32;
            self.space.add_shared(slot, *base as usize, bytes);
            self.ctas.push(Cta {
                index,
                barriers: HashMap::new(),
                live: threads as usize,
                exits: Vec::new(),
                visits: HashMap::new(),
                shared: *base as usize,
            });
            for thread in 0..threads {
                self.ready.push(self.threads.len());
                self.threads.push(Thread {
                    uid: super::clock::Uid { cta: index, thread },
                    slot,
                    state: State::Ready,
                    pc: 0,
                    result: 0,
                    epoch: 1,
                    clock: Clock::default(),
                    released: None,
                    unacquired: Default::default(),
                    in_cluster_phase: None,
                    async_copies: AsyncCopies::default(),
                    pause: Pause::NONE,
                });
            }
        }
    }

    /// The same variable in the shared memory of another CTA of the cluster.
    pub fn map_shared(&mut self, at: usize, rank: u32, pc: u32) -> Result<usize, ()> {
        let slot = self.thread().slot;
        let first = slot - slot % self.shape.cluster as usize;
        let mine = self.ctas[slot].shared;
        let inside = at.wrapping_sub(mine);
        let what = if rank >= self.shape.cluster {
            format!("rank {rank} of a cluster of {}", self.shape.cluster)
        } else if self.space.find(at, 1) != Some(super::space::Place::Shared(slot)) {
            "an address that is not in this block's shared memory is mapped to another's".to_owned()
        } else {
            return Ok(self.ctas[first + rank as usize].shared + inside);
        };
        self.trouble(super::machine::Class::Misuse, pc, what).map(|_| 0)
    }
}
