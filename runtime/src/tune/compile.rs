//! Kernels compiled for a search, on threads of its own, each once and in the order in which
//! the search asks for them.
//!
//! A thread that waits for a kernel gets the outcome: compiled, a refusal of the kernel, or a failure
//! that ends the search. A panic of the compiler is a refusal.

use super::search::Compile;
use crate::plan::measured::source_digest;
use std::collections::HashMap;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};
use topkit_codegen::Variant;

/// The outcome for each kernel.
#[derive(Debug)]
pub(super) struct Compiled<E> {
    order: Vec<Variant>,
    next: AtomicUsize,
    done: Mutex<HashMap<Variant, Done<E>>>,
    bell: Condvar,
}

#[derive(Debug, Clone)]
struct Done<E> {
    result: Result<Result<(), String>, E>,
    source: String,
}

/// Ends the compiling when it goes.
pub(super) struct Stop<'a, E>(&'a Compiled<E>);

impl<E> Drop for Stop<'_, E> {
    fn drop(&mut self) {
        self.0.next.store(self.0.order.len(), Ordering::Relaxed);
    }
}

impl<E: Clone> Compiled<E> {
    /// Nothing yet, of these kernels; one that is named again is compiled once.
    pub(super) fn new(variants: impl Iterator<Item = Variant>) -> Compiled<E> {
        let mut order: Vec<Variant> = Vec::new();
        let mut known = std::collections::HashSet::new();
        order.extend(variants.filter(|variant| known.insert(*variant)));
        let next = AtomicUsize::new(0);
        Compiled { order, next, done: Mutex::default(), bell: Condvar::new() }
    }

    /// Compiles until nothing is left; for a thread.
    pub(super) fn work(&self, compile: &Compile<'_, E>) {
        while let Some(variant) = self.order.get(self.next.fetch_add(1, Ordering::Relaxed)) {
            let gone = |_| Ok(Err("the compiler stopped before its end".to_owned()));
            let result = catch_unwind(AssertUnwindSafe(|| compile(variant))).unwrap_or_else(gone);
            let done = Done { result, source: source_digest(variant) };
            self.lock().insert(*variant, done);
            self.bell.notify_all();
        }
    }

    /// Waits for a kernel, which must be one of the kernels that were named.
    pub(super) fn wait(&self, variant: &Variant) -> Result<Result<(), String>, E> {
        if !self.order.contains(variant) {
            return Ok(Err("it was not compiled".to_owned()));
        }
        let done = self
            .bell
            .wait_while(self.lock(), |done| !done.contains_key(variant))
            .unwrap_or_else(PoisonError::into_inner);
        done.get(variant).map_or(Ok(Ok(())), |done| done.result.clone())
    }

    /// The first digits of the digest of its source.
    pub(super) fn source(&self, variant: &Variant) -> String {
        self.lock().get(variant).map(|done| done.source.clone()).unwrap_or_default()
    }

    pub(super) fn stop_on_drop(&self) -> Stop<'_, E> {
        Stop(self)
    }

    /// No caller's code runs under this lock, so a poisoned one still guards sound data.
    fn lock(&self) -> MutexGuard<'_, HashMap<Variant, Done<E>>> {
        self.done.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
