//! The kernels that are loaded into CUDA contexts, each for as long as its context lives.
//!
//! A captured graph, and a launch that has not ended, need the module of their kernel after the
//! selector and the engine were dropped, and nothing tells when they no longer need it. So the module
//! of a kernel that can be launched is never unloaded: the driver unloads it with the context. Engines
//! of one context share a loaded kernel by the digest of its machine code, so making engines again and
//! again loads nothing again.
//!
//! The driver may reuse the handle of a destroyed context. So a kernel counts as loaded only while a
//! [`CudaContext`] object that loaded or found it lives; after that it is loaded again, even if other
//! code keeps the context alive.

use cudarc::driver::{CudaContext, sys};
use sha2::{Digest, Sha256};
use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError, Weak};

/// The loaded kernels of this process.
static LOADED: Table<CudaContext, Function> = Table::new();

#[derive(Debug, Clone, Copy)]
struct Function(sys::CUfunction);

// SAFETY: any thread may use a function once its context is current.
unsafe impl Send for Function {}

/// The digest of a kernel's name and machine code.
pub(crate) fn digest(entry: &str, cubin: &[u8]) -> [u8; 32] {
    // No name of a kernel has a NUL byte.
    Sha256::new().chain_update(entry).chain_update([0]).chain_update(cubin).finalize().into()
}

/// The kernel of some machine code, if it is loaded into a context.
pub(crate) fn find(context: &Arc<CudaContext>, digest: &[u8; 32]) -> Option<sys::CUfunction> {
    LOADED.find(context, address(context), digest).map(|function| function.0)
}

/// Adds a loaded kernel for [`find`], and returns the kernel to use: this one, whose module must not be
/// unloaded, or the same kernel of another engine that was faster.
pub(crate) fn keep(
    context: &Arc<CudaContext>,
    digest: [u8; 32],
    function: sys::CUfunction,
) -> sys::CUfunction {
    LOADED.add(context, address(context), digest, Function(function)).0
}

/// Two objects of one primary context have the same.
fn address(context: &CudaContext) -> usize {
    context.cu_ctx().addr()
}

/// The address of a context, and the digest of machine code.
type Key = (usize, [u8; 32]);

struct Table<C, K> {
    entries: Mutex<BTreeMap<Key, Entry<C, K>>>,
}

struct Entry<C, K> {
    kernel: K,
    /// Each of them keeps the context while it lives.
    contexts: Vec<Weak<C>>,
}

impl<C, K: Copy> Table<C, K> {
    const fn new() -> Table<C, K> {
        Table { entries: Mutex::new(BTreeMap::new()) }
    }

    fn find(&self, context: &Arc<C>, address: usize, digest: &[u8; 32]) -> Option<K> {
        // An entry is whole before it is put in, whatever a panic elsewhere left.
        let mut entries = self.entries.lock().unwrap_or_else(PoisonError::into_inner);
        let entry = entries.get_mut(&(address, *digest)).filter(|entry| entry.is_live())?;
        Some(entry.taken_by(context))
    }

    /// Of two engines that load the same at once, what the first has loaded is found: every object of
    /// the context that uses it stays in the entry.
    fn add(&self, context: &Arc<C>, address: usize, digest: [u8; 32], kernel: K) -> K {
        let mut entries = self.entries.lock().unwrap_or_else(PoisonError::into_inner);
        entries.retain(|_, entry| entry.is_live());
        let new = || Entry { kernel, contexts: Vec::new() };
        entries.entry((address, digest)).or_insert_with(new).taken_by(context)
    }
}

impl<C, K: Copy> Entry<C, K> {
    /// Whether the context lives that the kernel is loaded in.
    fn is_live(&self) -> bool {
        self.contexts.iter().any(|context| context.strong_count() > 0)
    }

    /// The kernel, for one more object of its context.
    fn taken_by(&mut self, context: &Arc<C>) -> K {
        self.contexts.retain(|context| context.strong_count() > 0);
        if !self.contexts.iter().any(|known| known.as_ptr() == Arc::as_ptr(context)) {
            self.contexts.push(Arc::downgrade(context));
        }
        self.kernel
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const CODE: [u8; 32] = [7; 32];

    #[test]
    fn a_kernel_is_found_again_in_its_context_alone() {
        let table = Table::new();
        let (one, other) = (Arc::new(()), Arc::new(()));
        assert_eq!(table.find(&one, 16, &CODE), None);
        table.add(&one, 16, CODE, 'm');
        assert_eq!(table.find(&one, 16, &CODE), Some('m'));
        assert_eq!(table.find(&other, 32, &CODE), None);
        assert_eq!(table.find(&one, 16, &[8; 32]), None);
    }

    #[test]
    fn an_address_that_is_given_out_again_is_another_context() {
        let table = Table::new();
        let first = Arc::new(());
        table.add(&first, 16, CODE, 'm');
        drop(first);
        let second = Arc::new(());
        assert_eq!(table.find(&second, 16, &CODE), None);
        table.add(&second, 16, CODE, 'n');
        assert_eq!(table.find(&second, 16, &CODE), Some('n'));
    }

    #[test]
    fn every_object_of_a_context_keeps_its_kernels() {
        let table = Table::new();
        let first = Arc::new(());
        table.add(&first, 16, CODE, 'm');
        let second = Arc::new(());
        assert_eq!(table.find(&second, 16, &CODE), Some('m'));
        drop(first);
        assert_eq!(table.find(&Arc::new(()), 16, &CODE), Some('m'));
        assert_eq!(table.find(&second, 16, &CODE), Some('m'));
        drop(second);
        assert_eq!(table.find(&Arc::new(()), 16, &CODE), None);
    }

    #[test]
    fn of_two_loads_at_once_the_first_is_kept_for_every_object_of_the_context() {
        let table = Table::new();
        let (first, second, third) = (Arc::new(()), Arc::new(()), Arc::new(()));
        assert_eq!(table.add(&first, 16, CODE, 'm'), 'm');
        assert_eq!(table.find(&second, 16, &CODE), Some('m'));
        // The third looked before the first had added.
        assert_eq!(table.add(&third, 16, CODE, 'n'), 'm');
        drop(third);
        assert_eq!(table.find(&first, 16, &CODE), Some('m'), "the live objects were forgotten");
        drop((first, second));
        assert_eq!(table.add(&Arc::new(()), 16, CODE, 'o'), 'o');
    }

    #[test]
    fn kernels_of_ended_contexts_take_no_room() {
        let table = Table::new();
        for address in 0..100 {
            table.add(&Arc::new(()), address, CODE, 'm');
        }
        assert_eq!(table.entries.lock().unwrap().len(), 1);
    }
}
