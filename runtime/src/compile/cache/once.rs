//! Values that are computed once however many threads ask for them at the same time.
//!
//! The threads that ask for a key while another thread computes its value wait, and share the result,
//! an error included. An error is not kept. After a panic the next waiting thread computes. Nothing
//! here knows kernels or does IO.
//!
//! A request says whether the compiler may be called. A thread that may not compile takes the result of
//! a thread that may, never the other way around: so no thread is denied because of another thread.

use super::Compiling;
use std::collections::HashMap;
use std::collections::hash_map::Entry;
use std::hash::Hash;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError, RwLock};

/// The computations that are running, one for each key. It keeps no result.
#[derive(Debug)]
pub(crate) struct Once<K, R> {
    running: Mutex<All<K, R>>,
}

type All<K, R> = HashMap<(K, Compiling), Arc<Running<R>>>;

/// A computation that one thread runs and others may wait for.
#[derive(Debug)]
struct Running<R> {
    end: Mutex<Option<End<R>>>,
    ended: Condvar,
}

#[derive(Debug)]
enum End<R> {
    Result(R),
    /// The thread that computed panicked.
    Panic,
}

impl<K, R> Default for Once<K, R> {
    fn default() -> Self {
        Once { running: Mutex::default() }
    }
}

impl<K: Hash + Eq + Clone, R: Clone> Once<K, R> {
    /// The result of `compute`, or of the thread that computes this key already.
    ///
    /// `compute` must not ask for the same key: it would wait for itself.
    pub(crate) fn run(&self, key: &K, compiling: Compiling, compute: impl FnOnce() -> R) -> R {
        loop {
            match self.start(key, compiling) {
                Start::Compute(computing) => return computing.end(compute()),
                Start::Wait(running) => {
                    if let Some(result) = running.wait() {
                        return result;
                    }
                }
            }
        }
    }

    fn start(&self, key: &K, compiling: Compiling) -> Start<'_, K, R> {
        let mut all = lock(&self.running);
        if compiling == Compiling::Denied
            && let Some(running) = all.get(&(key.clone(), Compiling::Allowed))
        {
            return Start::Wait(running.clone());
        }
        match all.entry((key.clone(), compiling)) {
            Entry::Occupied(entry) => Start::Wait(entry.get().clone()),
            Entry::Vacant(entry) => {
                let running = Arc::new(Running { end: Mutex::new(None), ended: Condvar::new() });
                let key = entry.key().clone();
                entry.insert(running.clone());
                Start::Compute(Computing { once: self, key, running })
            }
        }
    }
}

enum Start<'a, K: Hash + Eq, R> {
    Compute(Computing<'a, K, R>),
    Wait(Arc<Running<R>>),
}

/// The right to compute one key. Dropping it wakes the waiting threads, after a panic too.
struct Computing<'a, K: Hash + Eq, R> {
    once: &'a Once<K, R>,
    key: (K, Compiling),
    running: Arc<Running<R>>,
}

impl<K: Hash + Eq, R: Clone> Computing<'_, K, R> {
    fn end(self, result: R) -> R {
        *lock(&self.running.end) = Some(End::Result(result.clone()));
        result
    }
}

impl<K: Hash + Eq, R> Drop for Computing<'_, K, R> {
    fn drop(&mut self) {
        lock(&self.once.running).remove(&self.key);
        lock(&self.running.end).get_or_insert(End::Panic);
        self.running.ended.notify_all();
    }
}

impl<R: Clone> Running<R> {
    /// The result; `None` where the thread that computed panicked.
    fn wait(&self) -> Option<R> {
        let end = lock(&self.end);
        let end = self.ended.wait_while(end, |end| end.is_none());
        match end.unwrap_or_else(PoisonError::into_inner).as_ref() {
            Some(End::Result(result)) => Some(result.clone()),
            Some(End::Panic) | None => None,
        }
    }
}

/// Every update here is whole before the lock is freed, so that a panic elsewhere leaves nothing torn.
fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// A map from `K` to values that are computed at first use, with an error of type `E`. It never evicts.
#[derive(Debug)]
pub(crate) struct OnceMap<K, V, E> {
    ready: RwLock<HashMap<K, Arc<V>>>,
    once: Once<K, Result<Arc<V>, E>>,
}

impl<K, V, E> Default for OnceMap<K, V, E> {
    fn default() -> Self {
        OnceMap { ready: RwLock::default(), once: Once::default() }
    }
}

impl<K: Hash + Eq + Clone, V, E: Clone> OnceMap<K, V, E> {
    /// The value, if it is there. It waits for nothing but a reader's lock.
    pub(crate) fn get(&self, key: &K) -> Option<Arc<V>> {
        self.ready.read().unwrap_or_else(PoisonError::into_inner).get(key).cloned()
    }

    /// The value; `make` makes it where there is none, and must not ask this map for the same key.
    pub(crate) fn get_or_make(
        &self,
        key: &K,
        compiling: Compiling,
        make: impl FnOnce() -> Result<V, E>,
    ) -> Result<Arc<V>, E> {
        if let Some(value) = self.get(key) {
            return Ok(value);
        }
        self.once.run(key, compiling, || {
            // Another thread may have ended between the look and the start.
            if let Some(value) = self.get(key) {
                return Ok(value);
            }
            let value = Arc::new(make()?);
            let mut ready = self.ready.write().unwrap_or_else(PoisonError::into_inner);
            Ok(ready.entry(key.clone()).or_insert(value).clone())
        })
    }
}

#[cfg(test)]
mod tests {
    use super::Compiling::{Allowed, Denied};
    use super::*;
    use std::sync::Barrier;
    use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};
    use std::thread;
    use std::time::Duration;

    type Map = OnceMap<u32, u32, String>;

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
        let (map, calls) = (Map::default(), AtomicU32::new(0));
        let values = together(|| {
            map.get_or_make(&7, Allowed, || {
                thread::sleep(Duration::from_millis(50));
                Ok(calls.fetch_add(1, Ordering::Relaxed))
            })
        });
        let first = values[0].as_ref().unwrap().as_ref().unwrap();
        for value in &values {
            assert!(Arc::ptr_eq(value.as_ref().unwrap().as_ref().unwrap(), first));
        }
        assert_eq!(calls.into_inner(), 1);
        assert_eq!(map.get(&7).as_deref(), Some(&0));
        assert_eq!(map.get(&8), None);
    }

    #[test]
    fn an_error_goes_to_all_who_waited_and_is_forgotten() {
        let (map, calls) = (Map::default(), AtomicU32::new(0));
        let results = together(|| {
            map.get_or_make(&7, Allowed, || {
                thread::sleep(Duration::from_millis(200));
                Err(format!("refused {}", calls.fetch_add(1, Ordering::Relaxed)))
            })
        });
        for result in results {
            assert_eq!(result.unwrap(), Err("refused 0".to_owned()));
        }
        assert_eq!(map.get_or_make(&7, Allowed, || Ok(3)).as_deref(), Ok(&3));
    }

    #[test]
    fn a_panic_passes_the_work_to_a_waiting_thread() {
        let (map, calls) = (Map::default(), AtomicU32::new(0));
        let results = together(|| {
            map.get_or_make(&7, Allowed, || {
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
    fn keys_do_not_wait_for_each_other() {
        let map = Map::default();
        let inner = map.get_or_make(&1, Allowed, || {
            map.get_or_make(&2, Allowed, || Ok(20)).map(|value| *value + 1)
        });
        assert_eq!(inner.as_deref(), Ok(&21));
    }

    /// Runs one thread that computes with the first permission, and asks with the second meanwhile.
    fn beside(running: Compiling, asking: Compiling) -> (Result<Arc<u32>, String>, bool) {
        let (map, begun, done) = (Map::default(), Barrier::new(2), AtomicBool::new(false));
        thread::scope(|scope| {
            let first = scope.spawn(|| {
                map.get_or_make(&1, running, || {
                    begun.wait();
                    let limit = if running == asking || asking == Denied { 50 } else { 20_000 };
                    for _ in 0..limit {
                        if done.load(Ordering::Relaxed) {
                            break;
                        }
                        thread::sleep(Duration::from_millis(1));
                    }
                    Ok(10)
                })
            });
            begun.wait();
            let second = map.get_or_make(&1, asking, || Ok(20));
            done.store(true, Ordering::Relaxed);
            let first = first.join().unwrap().unwrap();
            let same = second.as_ref().is_ok_and(|second| Arc::ptr_eq(second, &first));
            (second, same)
        })
    }

    #[test]
    fn a_thread_that_may_not_compile_waits_for_one_that_may_and_never_the_other_way_around() {
        assert_eq!(beside(Allowed, Denied), (Ok(Arc::new(10)), true));
        assert_eq!(beside(Denied, Denied), (Ok(Arc::new(10)), true));
        // It does not wait; the value that was there first stays, for both.
        assert_eq!(beside(Denied, Allowed), (Ok(Arc::new(20)), true));
    }
}
