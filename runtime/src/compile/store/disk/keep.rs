//! The folder of entries as a [`Store`]: failures are logged, and processes wait for each other.

use super::{DiskCache, LOCKS, Lookup, lock, room};
use crate::compile::store::{Artifact, CacheKey, Claim, NotKept, Store, Wanted};
use std::collections::HashMap;
use std::path::Path;
use std::sync::{Arc, MutexGuard, PoisonError};

impl Store for DiskCache {
    fn find(&self, wanted: &Wanted<'_>) -> Option<Arc<Artifact>> {
        let key = wanted.key();
        match self.load(key) {
            Lookup::Hit(artifact) => return Some(self.found(artifact)),
            Lookup::Miss => tracing::debug!(%key, "kernel not on disk"),
            Lookup::Corrupt { reason } => {
                let path = self.folder(key);
                tracing::warn!(path = %path.display(), "a cache entry cannot be used: {reason}");
            }
        }
        None
    }

    /// An entry that is damaged is replaced.
    fn keep(&self, wanted: &Wanted<'_>, artifact: &Arc<Artifact>) {
        let key = wanted.key();
        let published = self.publish_parts(&wanted.inputs(), &artifact.cubin, &artifact.log);
        match published {
            Ok(published) => {
                tracing::debug!(%key, ?published, "kernel put on disk");
                self.refused().remove(key);
            }
            Err(error) => {
                let path = self.folder(key);
                tracing::warn!(path = %path.display(), "a kernel is not kept on disk: {error}");
                self.refused().insert(key.clone(), error.to_string());
            }
        }
    }

    /// A lock that fails is logged, and costs at worst a second compile.
    fn claim(&self, wanted: &Wanted<'_>) -> Claim {
        let lock = self.lock(wanted.key());
        match (self.load(wanted.key()), lock) {
            (Lookup::Hit(artifact), _) => Claim::Made(self.found(artifact)),
            (_, Some(lock)) => Claim::Claimed(Box::new(lock)),
            (_, None) => Claim::Unclaimed,
        }
    }

    fn check(&self, key: &CacheKey) -> Result<(), NotKept> {
        let folder = self.root().to_owned();
        match self.load(key) {
            Lookup::Hit(_) => Ok(()),
            Lookup::Corrupt { reason } => Err(NotKept::Damaged { folder, reason }),
            Lookup::Miss => Err(match self.refused().get(key) {
                Some(reason) => NotKept::Refused { reason: reason.clone() },
                None => NotKept::Gone { folder, limit: self.limit },
            }),
        }
    }

    fn keeps_in(&self) -> Option<&Path> {
        Some(self.root())
    }
}

impl DiskCache {
    fn found(&self, artifact: Artifact) -> Arc<Artifact> {
        room::mark_used(&self.folder(&artifact.key));
        tracing::debug!(key = %artifact.key, "kernel found on disk");
        Arc::new(artifact)
    }

    fn refused(&self) -> MutexGuard<'_, HashMap<CacheKey, String>> {
        self.refused.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Waits for other processes that compile this kernel. `None` says to go on without the lock;
    /// the reason is logged.
    fn lock(&self, key: &CacheKey) -> Option<lock::Lock> {
        let path = self.entries.join(LOCKS).join(key.folder_name());
        if let Err(error) = self.prepare(LOCKS) {
            tracing::warn!(path = %path.display(), "no lock while compiling: {error}");
            return None;
        }
        match lock::acquire(&path, self.lock_timeout) {
            Ok(Some(lock)) => Some(lock),
            Ok(None) => {
                let waited = self.lock_timeout;
                tracing::warn!(path = %path.display(), ?waited,
                    "another process has been compiling this kernel for too long; compiling it \
                     here too");
                None
            }
            Err(error) => {
                tracing::warn!(path = %path.display(), "no lock while compiling: {error}");
                None
            }
        }
    }
}
