//! The plans of earlier launches, with their kernels, so that the same launch is not planned again.
//!
//! A plan is kept only if its kernel is loaded and it is the plan of the problem's own alignment. Then every launch
//! of the problem with enough workspace has this plan, until a kernel is refused or loaded for the first time,
//! which changes the version of `plan/tried.rs`; a plan of an older version is not served. A loaded kernel is
//! never unloaded. There is room for [`SLOTS`] problems, each at one place: another problem of that place
//! replaces it. Nobody waits for another thread: a place that is locked serves nothing and keeps nothing.

use super::substitute::Planned;
use crate::plan::Plan;
use crate::problem::Problem;
use std::sync::{Arc, RwLock, TryLockError};

/// Problems that it has room for, a power of two.
pub(super) const SLOTS: usize = 16;

/// The plans of at most [`SLOTS`] problems.
pub(super) struct Memo<K> {
    slots: [RwLock<Option<Entry<K>>>; SLOTS],
}

struct Entry<K> {
    problem: Problem,
    version: u64,
    plan: Plan,
    kernel: Arc<K>,
}

impl<K> Default for Memo<K> {
    fn default() -> Memo<K> {
        Memo { slots: std::array::from_fn(|_| RwLock::default()) }
    }
}

impl<K> Memo<K> {
    /// The plan of a problem for so many bytes of workspace, if it was made at this version.
    pub(super) fn get(&self, problem: &Problem, bytes: usize, version: u64) -> Option<Planned<K>> {
        let slot = match self.slots[slot(problem)].try_read() {
            Ok(slot) => slot,
            // An entry is whole before it is put in.
            Err(TryLockError::Poisoned(slot)) => slot.into_inner(),
            Err(TryLockError::WouldBlock) => return None,
        };
        let entry = slot.as_ref()?;
        let serves = entry.problem == *problem
            && entry.version == version
            && entry.plan.workspace_bytes <= bytes;
        serves.then(|| Planned { plan: entry.plan, kernel: Some(entry.kernel.clone()) })
    }

    /// Keeps the plan that a problem had at a version.
    pub(super) fn keep(&self, problem: Problem, version: u64, plan: Plan, kernel: Arc<K>) {
        let mut slot = match self.slots[slot(&problem)].try_write() {
            Ok(slot) => slot,
            Err(TryLockError::Poisoned(slot)) => slot.into_inner(),
            Err(TryLockError::WouldBlock) => return,
        };
        *slot = Some(Entry { problem, version, plan, kernel });
    }
}

/// The place of a problem: a few multiplications, since a launch waits for it.
pub(super) fn slot(problem: &Problem) -> usize {
    /// 2^64 divided by the golden ratio (Knuth, The Art of Computer Programming, 6.4).
    const GOLDEN: u64 = 0x9e37_79b9_7f4a_7c15;
    let layout = u64::from(problem.vec_size) << 8 | problem.dtype as u64;
    let parts = [problem.rows as u64, problem.columns as u64, u64::from(problem.k), layout];
    let mixed =
        parts.iter().fold(0u64, |mixed, part| (mixed.rotate_left(5) ^ part).wrapping_mul(GOLDEN));
    (mixed >> (u64::BITS - SLOTS.ilog2())) as usize
}
