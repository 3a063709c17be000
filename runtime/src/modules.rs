//! The modules that are loaded into CUDA contexts, each for as long as its context lives.
//!
//! A captured graph, and a launch that has not ended, need the module of their kernel after the
//! family and the engine were dropped, and nothing says when they are done with it. So a module
//! whose kernel may have been launched is never unloaded: the driver does that with the context.
//! An engine that wants machine code which its context has already takes the module that is there,
//! so that engines which come and go in one context add nothing. A module whose kernel turned out
//! unusable is unloaded at once.
//!
//! A handle of a context may be given out again after the context's end. So a module counts as
//! loaded while a [`CudaContext`] lives that it was loaded or found with; after that it is loaded
//! anew, even where somebody outside keeps the context.

use crate::error::{Error, driver_words};
use cudarc::driver::{CudaContext, sys};
use sha2::{Digest, Sha256};
use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError, Weak};

/// The loaded modules of this process.
static LOADED: Table<CudaContext, Handle> = Table::new();

/// A module and the right to unload it, until it is kept.
pub(crate) struct Module {
    context: Arc<CudaContext>,
    digest: [u8; 32],
    handle: Handle,
    /// Nobody else has the handle yet.
    is_new: bool,
}

/// A module of the driver's.
#[derive(Debug, Clone, Copy)]
struct Handle(sys::CUmodule);

// SAFETY: any thread may use a module once its context is current.
unsafe impl Send for Handle {}

impl Module {
    /// The module of some machine code in a context, which is current: the one that is loaded, else
    /// what `load` makes.
    pub(crate) fn of(
        context: &Arc<CudaContext>,
        cubin: &[u8],
        load: impl FnOnce() -> Result<sys::CUmodule, Error>,
    ) -> Result<Module, Error> {
        let digest = Sha256::digest(cubin).into();
        let found = LOADED.find(context, address(context), &digest);
        let is_new = found.is_none();
        let handle = found.map_or_else(|| load().map(Handle), Ok)?;
        Ok(Module { context: context.clone(), digest, handle, is_new })
    }

    /// The driver's handle.
    pub(crate) fn handle(&self) -> sys::CUmodule {
        self.handle.0
    }

    /// Keeps it loaded for as long as its context lives.
    pub(crate) fn keep(mut self) {
        if std::mem::take(&mut self.is_new) {
            LOADED.add(&self.context, address(&self.context), self.digest, self.handle);
        }
    }
}

impl Drop for Module {
    fn drop(&mut self) {
        if !self.is_new {
            return;
        }
        let unload = || {
            self.context.bind_to_thread()?;
            // SAFETY: the module is live, and none of its kernels was launched.
            unsafe { sys::cuModuleUnload(self.handle.0) }.result()
        };
        if let Err(error) = unload() {
            tracing::warn!("a kernel was not unloaded: {}", driver_words(error));
        }
    }
}

/// Two objects of one primary context have the same.
fn address(context: &CudaContext) -> usize {
    context.cu_ctx().addr()
}

/// Modules by the address of their context and the digest of their machine code.
struct Table<C, M> {
    entries: Mutex<BTreeMap<(usize, [u8; 32]), Entry<C, M>>>,
}

struct Entry<C, M> {
    module: M,
    /// Each of them keeps the context while it lives.
    contexts: Vec<Weak<C>>,
}

impl<C, M: Copy> Table<C, M> {
    const fn new() -> Table<C, M> {
        Table { entries: Mutex::new(BTreeMap::new()) }
    }

    fn find(&self, context: &Arc<C>, address: usize, digest: &[u8; 32]) -> Option<M> {
        // An entry is whole before it is put in, whatever a panic elsewhere left.
        let mut entries = self.entries.lock().unwrap_or_else(PoisonError::into_inner);
        let entry = entries.get_mut(&(address, *digest))?;
        entry.contexts.retain(|context| context.strong_count() > 0);
        if entry.contexts.is_empty() {
            return None;
        }
        if !entry.contexts.iter().any(|known| known.as_ptr() == Arc::as_ptr(context)) {
            entry.contexts.push(Arc::downgrade(context));
        }
        Some(entry.module)
    }

    /// Of two threads that load the same at once, the last is remembered.
    fn add(&self, context: &Arc<C>, address: usize, digest: [u8; 32], module: M) {
        let mut entries = self.entries.lock().unwrap_or_else(PoisonError::into_inner);
        entries.retain(|_, entry| entry.contexts.iter().any(|known| known.strong_count() > 0));
        entries
            .insert((address, digest), Entry { module, contexts: vec![Arc::downgrade(context)] });
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const CODE: [u8; 32] = [7; 32];

    #[test]
    fn a_module_is_found_again_in_its_context_alone() {
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
    fn every_object_of_a_context_keeps_its_modules() {
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
    fn modules_of_ended_contexts_take_no_room() {
        let table = Table::new();
        for address in 0..100 {
            table.add(&Arc::new(()), address, CODE, 'm');
        }
        assert_eq!(table.entries.lock().unwrap().len(), 1);
    }
}
