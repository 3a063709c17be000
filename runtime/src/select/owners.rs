//! The workspaces that own each stream, counted over all selectors of the process.
//!
//! The memory of a workspace owns its stream, because it is freed in the order of the stream. So the owners
//! of a stream do not tell whether a launch can still use it: two selectors with a workspace each on one stream
//! would keep the stream and both workspaces alive. The owners that are no workspaces tell it. Nothing
//! here knows CUDA, and nothing can fail.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

/// The number of workspaces that own a stream, by the address of the stream's object.
static WORKSPACES: Mutex<BTreeMap<usize, usize>> = Mutex::new(BTreeMap::new());

/// Counts a workspace that owns a stream. The workspace owns it already, so that [`is_used`] never counts
/// more workspaces than owners.
pub(super) fn add<S>(stream: &Arc<S>) {
    *lock().entry(address(stream)).or_default() += 1;
}

/// Counts a workspace no more that is about to give up its stream.
pub(super) fn remove<S>(stream: &Arc<S>) {
    let mut workspaces = lock();
    if let Some(count) = workspaces.get_mut(&address(stream)) {
        *count -= 1;
        if *count == 0 {
            workspaces.remove(&address(stream));
        }
    }
}

/// Whether a stream has an owner that is no workspace.
pub(super) fn is_used<S>(stream: &Arc<S>) -> bool {
    let workspaces = lock();
    let count = workspaces.get(&address(stream)).copied().unwrap_or(0);
    // Counted under the lock, so that no workspace is added in between.
    Arc::strong_count(stream) > count
}

fn address<S>(stream: &Arc<S>) -> usize {
    Arc::as_ptr(stream).addr()
}

/// Every update here is whole before the lock is freed, so a panic elsewhere leaves the map sound.
fn lock() -> MutexGuard<'static, BTreeMap<usize, usize>> {
    WORKSPACES.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_stream_that_only_workspaces_own_is_not_used() {
        let stream = Arc::new(1);
        let first = stream.clone();
        assert!(is_used(&first), "nothing says that the clone is a workspace");
        add(&first);
        assert!(is_used(&first));
        let second = stream.clone();
        add(&second);
        assert!(is_used(&first) && is_used(&second));
        drop(stream);
        assert!(!is_used(&first) && !is_used(&second));
        remove(&second);
        drop(second);
        assert!(!is_used(&first));
        let again = first.clone();
        assert!(is_used(&first));
        drop(again);
        remove(&first);
        assert!(is_used(&first), "it is no workspace any more");
        assert!(!lock().contains_key(&address(&first)));
    }
}
