//! Values kept in memory, each computed once however many threads ask for it at once.
//!
//! It knows nothing of kernels and does no IO. It never evicts. An error goes to every thread
//! that waited for it and is then forgotten; after a panic the next waiting thread computes.

use std::collections::HashMap;
use std::collections::hash_map::Entry;
use std::hash::Hash;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError, RwLock};

/// A map from `K` to values that are computed at first use, with an error of type `E`.
#[derive(Debug)]
pub struct MemoryCache<K, V, E> {
    ready: RwLock<HashMap<K, Arc<V>>>,
    flights: Mutex<HashMap<K, Arc<Flight<V, E>>>>,
}

/// One computation under way.
#[derive(Debug)]
struct Flight<V, E> {
    landed: Mutex<Option<Landing<V, E>>>,
    bell: Condvar,
}

#[derive(Debug)]
enum Landing<V, E> {
    Done(Result<Arc<V>, E>),
    /// The thread that computed it panicked.
    Lost,
}

impl<K, V, E> Default for MemoryCache<K, V, E> {
    fn default() -> Self {
        MemoryCache { ready: RwLock::default(), flights: Mutex::default() }
    }
}

impl<K: Hash + Eq + Clone, V, E: Clone> MemoryCache<K, V, E> {
    /// An empty cache.
    pub fn new() -> Self {
        Self::default()
    }

    /// The value, if it is there. It waits for nothing but a reader's lock.
    pub fn get(&self, key: &K) -> Option<Arc<V>> {
        self.ready.read().unwrap_or_else(PoisonError::into_inner).get(key).cloned()
    }

    /// The value; `compute` makes it where there is none. Threads that ask for one key at once
    /// wait for one computation and share what it gives, an error included; an error is not kept.
    ///
    /// `compute` must not ask this cache for the same key: it would wait for itself.
    pub fn get_or_compute(
        &self,
        key: &K,
        compute: impl FnOnce() -> Result<V, E>,
    ) -> Result<Arc<V>, E> {
        loop {
            if let Some(value) = self.get(key) {
                return Ok(value);
            }
            match self.board(key) {
                Boarding::Ready(value) => return Ok(value),
                Boarding::Lead(lead) => return lead.land(compute().map(Arc::new)),
                Boarding::Wait(flight) => {
                    if let Some(result) = flight.wait() {
                        return result;
                    }
                }
            }
        }
    }

    /// Keeps a value that was computed elsewhere; gives it, or the one that was there before.
    pub fn keep(&self, key: &K, value: Arc<V>) -> Arc<V> {
        let mut ready = self.ready.write().unwrap_or_else(PoisonError::into_inner);
        ready.entry(key.clone()).or_insert(value).clone()
    }

    fn board<'a>(&'a self, key: &'a K) -> Boarding<'a, K, V, E> {
        let mut flights = lock(&self.flights);
        // A flight may have landed since the caller looked; it fills `ready` before it goes.
        if let Some(value) = self.get(key) {
            return Boarding::Ready(value);
        }
        match flights.entry(key.clone()) {
            Entry::Occupied(entry) => Boarding::Wait(entry.get().clone()),
            Entry::Vacant(entry) => {
                let flight = Arc::new(Flight { landed: Mutex::new(None), bell: Condvar::new() });
                entry.insert(flight.clone());
                Boarding::Lead(Lead { cache: self, key, flight })
            }
        }
    }
}

enum Boarding<'a, K: Hash + Eq + Clone, V, E: Clone> {
    Ready(Arc<V>),
    Lead(Lead<'a, K, V, E>),
    Wait(Arc<Flight<V, E>>),
}

/// The right to compute one value. Dropping it wakes the waiting threads, a panic included.
struct Lead<'a, K: Hash + Eq + Clone, V, E: Clone> {
    cache: &'a MemoryCache<K, V, E>,
    key: &'a K,
    flight: Arc<Flight<V, E>>,
}

impl<K: Hash + Eq + Clone, V, E: Clone> Lead<'_, K, V, E> {
    fn land(self, result: Result<Arc<V>, E>) -> Result<Arc<V>, E> {
        if let Ok(value) = &result {
            let mut ready = self.cache.ready.write().unwrap_or_else(PoisonError::into_inner);
            ready.insert(self.key.clone(), value.clone());
        }
        *lock(&self.flight.landed) = Some(Landing::Done(result.clone()));
        result
    }
}

impl<K: Hash + Eq + Clone, V, E: Clone> Drop for Lead<'_, K, V, E> {
    fn drop(&mut self) {
        lock(&self.cache.flights).remove(self.key);
        lock(&self.flight.landed).get_or_insert(Landing::Lost);
        self.flight.bell.notify_all();
    }
}

impl<V, E: Clone> Flight<V, E> {
    /// What the computation gave; `None` when its thread panicked.
    fn wait(&self) -> Option<Result<Arc<V>, E>> {
        let landed = self
            .bell
            .wait_while(lock(&self.landed), |landed| landed.is_none())
            .unwrap_or_else(PoisonError::into_inner);
        match landed.as_ref()? {
            Landing::Done(result) => Some(result.clone()),
            Landing::Lost => None,
        }
    }
}

/// No caller's code runs under these locks, so a poisoned one still guards sound data.
fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::Barrier;
    use std::sync::atomic::{AtomicU32, Ordering};
    use std::thread;
    use std::time::Duration;

    type Cache = MemoryCache<u32, u32, String>;

    /// Runs `ask` on eight threads that start together.
    fn together<R: Send>(ask: impl Fn() -> R + Sync) -> Vec<thread::Result<R>> {
        let barrier = Barrier::new(8);
        let (ask, barrier) = (&ask, &barrier);
        thread::scope(|scope| {
            let threads: Vec<_> = (0..8)
                .map(|_| {
                    scope.spawn(move || {
                        barrier.wait();
                        ask()
                    })
                })
                .collect();
            threads.into_iter().map(|thread| thread.join()).collect()
        })
    }

    #[test]
    fn threads_that_ask_together_share_one_value() {
        let (cache, calls) = (Cache::new(), AtomicU32::new(0));
        let values = together(|| {
            cache.get_or_compute(&7, || {
                thread::sleep(Duration::from_millis(50));
                Ok(calls.fetch_add(1, Ordering::Relaxed))
            })
        });
        let first = values[0].as_ref().unwrap().as_ref().unwrap();
        for value in &values {
            assert!(Arc::ptr_eq(value.as_ref().unwrap().as_ref().unwrap(), first));
        }
        assert_eq!(calls.into_inner(), 1);
        assert_eq!(cache.get(&7).as_deref(), Some(&0));
        assert_eq!(cache.get(&8), None);
    }

    #[test]
    fn an_error_goes_to_all_who_waited_and_is_forgotten() {
        let (cache, calls) = (Cache::new(), AtomicU32::new(0));
        let results = together(|| {
            cache.get_or_compute(&7, || {
                thread::sleep(Duration::from_millis(200));
                Err(format!("refused {}", calls.fetch_add(1, Ordering::Relaxed)))
            })
        });
        for result in results {
            assert_eq!(result.unwrap(), Err("refused 0".to_owned()));
        }
        assert_eq!(cache.get_or_compute(&7, || Ok(3)).as_deref(), Ok(&3));
    }

    #[test]
    fn a_panic_passes_the_work_to_a_waiting_thread() {
        let (cache, calls) = (Cache::new(), AtomicU32::new(0));
        let results = together(|| {
            cache.get_or_compute(&7, || {
                thread::sleep(Duration::from_millis(100));
                assert!(calls.fetch_add(1, Ordering::Relaxed) > 0, "the first call panics");
                Ok(5)
            })
        });
        let panics = results.iter().filter(|result| result.is_err()).count();
        let values = results.iter().flatten().filter(|r| r.as_deref() == Ok(&5)).count();
        assert_eq!((panics, values), (1, 7));
        assert_eq!(calls.into_inner(), 2);
    }

    #[test]
    fn what_is_kept_first_stays() {
        let cache = Cache::new();
        assert_eq!(*cache.keep(&1, Arc::new(10)), 10);
        assert_eq!(*cache.keep(&1, Arc::new(11)), 10);
        assert_eq!(cache.get_or_compute(&1, || Err("not asked".to_owned())).as_deref(), Ok(&10));
    }

    #[test]
    fn keys_do_not_wait_for_each_other() {
        let cache = Cache::new();
        let inner = cache
            .get_or_compute(&1, || cache.get_or_compute(&2, || Ok(20)).map(|value| *value + 1));
        assert_eq!(inner.as_deref(), Ok(&21));
    }
}
