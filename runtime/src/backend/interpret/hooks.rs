//! The functions that the shim calls: one for every load and store, and one for everything else.
//!
//! A hook runs on the stack of a CUDA thread. It may give the turn to others before the access is
//! checked, and never returns to a thread at fault. It allocates nothing that a dropped thread would
//! leave behind while it is paused.

use super::fibers::pause;
use super::machine::{Checked, Class, Machine, Then};
use super::order::scope;
use super::shadow::{Kind, Scope};
use std::ffi::{CStr, c_char, c_void};

const WRITE: u32 = 1;
const VOLATILE: u32 = 2;

/// How much sooner than a load an atomic gives the turn to others.
const ATOMIC_WEIGHT: u64 = 8;

/// A load or store, before it happens.
///
/// # Safety
/// Called by the shim, on a thread of the machine that is running.
pub(super) unsafe extern "C" fn access(
    machine: *mut c_void,
    at: u64,
    size: u64,
    access: u32,
    line: u64,
) {
    let machine: *mut Machine = machine.cast();
    // SAFETY: only one thread runs, and nobody else holds the machine while it does.
    let pc = unsafe { relative(&*machine, line) };
    // SAFETY: as above.
    unsafe { turn(machine, 1, pc) };
    let writes = access & WRITE != 0;
    let kind = match (access & VOLATILE != 0, writes) {
        (true, _) => Kind::Strong { scope: Scope::System, reads: !writes, writes },
        (false, true) => Kind::Write,
        (false, false) => Kind::Read,
    };
    // SAFETY: as above; the reference ends before the thread pauses.
    let checked = unsafe { volatile_or_plain(&mut *machine, at as usize, size as usize, kind, pc) };
    // SAFETY: as above.
    unsafe { settle(machine, checked) };
}

fn volatile_or_plain(
    machine: &mut Machine,
    at: usize,
    size: usize,
    kind: Kind,
    pc: u32,
) -> Checked {
    match kind {
        // Volatile is atomic and relaxed, so it takes part in what fences order.
        Kind::Strong { scope, reads, writes } => {
            let order = u64::from(reads) << 2 | u64::from(writes) << 3;
            machine.atomic(at, size, scope, order, pc)
        }
        plain => machine.access(at, size, plain, pc).map(|()| Then::GoOn),
    }
}

/// Everything but loads and stores.
///
/// # Safety
/// Called by the shim, on a thread of the machine that is running, with five operands.
pub(super) unsafe extern "C" fn call(
    machine: *mut c_void,
    call: u32,
    line: u64,
    operands: *const u64,
) -> u64 {
    let machine: *mut Machine = machine.cast();
    // SAFETY: the shim passes five operands; only one thread runs, and nobody else holds the machine
    // while it does.
    let (operands, pc) = unsafe { (*operands.cast::<[u64; 5]>(), relative(&*machine, line)) };
    let weight = if call == 0 { ATOMIC_WEIGHT } else { 1 };
    // SAFETY: as above.
    unsafe { turn(machine, weight, pc) };
    // SAFETY: as above; the reference ends before the thread pauses.
    let checked = unsafe { dispatch(&mut *machine, call, &operands, pc) };
    // SAFETY: as above.
    unsafe {
        settle(machine, checked);
        (*machine).thread().result
    }
}

/// The numbers mirror `Call` of `templates/host/hooks.h`.
fn dispatch(machine: &mut Machine, call: u32, operands: &[u64; 5], pc: u32) -> Checked {
    let [a, b, c, d, _] = *operands;
    let at = a as usize;
    match call {
        0 => machine.atomic(at, b as usize, scope(c), d, pc),
        1 => {
            machine.fence(scope(a));
            Ok(Then::GoOn)
        }
        2 => machine.block_barrier(a != 0, b, pc),
        3 => machine.named_barrier(a as u32, b as u32, c != 0, pc),
        4 => machine.warp_collective(operands, pc),
        5 => {
            let mask = machine.active_mask();
            answer(machine, mask)
        }
        6 => machine.cluster_arrive(a != 0, pc),
        7 => machine.cluster_wait(pc),
        8 => {
            let mapped = machine.map_shared(at, b as u32, pc)?;
            answer(machine, mapped as u64)
        }
        9 => machine.grid_barrier(pc),
        10 => machine.mbarrier_init(at, b as u32, pc),
        11 => machine.mbarrier_arrive(at, b as u32, c, pc),
        12 => machine.mbarrier_arrive(at, 0, b, pc),
        13 => machine.mbarrier_wait(at, b & 1 == 1, pc),
        14 => {
            let ended = machine.mbarrier_test(at, b & 1 == 1, pc)?;
            answer(machine, u64::from(ended))
        }
        15 => machine.bulk_copy(at, b as usize, c as usize, d as usize, pc),
        16 => machine.store_async(at, b, c as usize, d as usize, pc),
        21 => machine.copy_async(at, b as usize, pc),
        22 => machine.copy_async_commit(),
        23 => machine.copy_async_wait(a as usize, pc),
        24 => machine.source_gave(a as u32, b != 0, c, d, pc),
        25 => machine.no_value(a, b, c, d, pc),
        17 => machine.trouble(Class::Misuse, pc, "__trap was called"),
        18 => Ok(Then::GoOn),
        19 => {
            // SAFETY: the compiler's own description of the array, a C string.
            let array = unsafe { text(b) };
            machine.trouble(Class::OutOfBounds, pc, format!("subscript {} of {array}", a as i32))
        }
        20 if a == 0 => machine.trouble(Class::OutOfBounds, pc, "a null pointer is used"),
        20 => {
            // SAFETY: the compiler's own description of the type, a C string.
            let name = unsafe { text(c) };
            machine.trouble(
                Class::Misaligned,
                pc,
                format!("{name} at {} bytes past a multiple of {b}, which it needs", a % b),
            )
        }
        _ => machine.trouble(Class::Misuse, pc, "a call that this interpreter does not know"),
    }
}

fn answer(machine: &mut Machine, result: u64) -> Checked {
    machine.thread().result = result;
    Ok(Then::GoOn)
}

/// # Safety
/// The address is that of a C string in the kernel's image.
unsafe fn text(address: u64) -> String {
    // SAFETY: as the caller promises.
    unsafe { CStr::from_ptr(address as usize as *const c_char) }.to_string_lossy().into_owned()
}

fn relative(machine: &Machine, line: u64) -> u32 {
    (line as usize).wrapping_sub(machine.image) as u32
}

/// Lets others run, if their turn has come.
///
/// # Safety
/// As for [`pause`].
unsafe fn turn(machine: *mut Machine, weight: u64, pc: u32) {
    // SAFETY: as the caller promises; the reference ends here.
    let checked = unsafe {
        let machine = &mut *machine;
        let checked = machine.step(weight, pc);
        if checked == Ok(Then::Pause) {
            let current = machine.current;
            machine.ready.push(current);
        }
        checked
    };
    // SAFETY: as the caller promises.
    unsafe { settle(machine, checked) };
}

/// # Safety
/// As for [`pause`].
unsafe fn settle(machine: *mut Machine, checked: Checked) {
    match checked {
        Ok(Then::GoOn) => {}
        // SAFETY: as the caller promises.
        Ok(Then::Pause) => unsafe { pause(machine) },
        Err(()) => loop {
            // SAFETY: as the caller promises. The scheduler ends the launch, and this thread with it.
            unsafe { pause(machine) };
        },
    }
}
