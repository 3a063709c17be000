//! The compiled kernels that one process has had so far. It never evicts, does no IO and cannot fail.

use super::{Artifact, CacheKey, Store, Wanted};
use std::collections::HashMap;
use std::sync::{Arc, PoisonError, RwLock};

/// Compiled kernels in memory.
#[derive(Debug, Default)]
pub struct Memory {
    kernels: RwLock<HashMap<CacheKey, Arc<Artifact>>>,
}

impl Store for Memory {
    fn find(&self, wanted: &Wanted<'_>) -> Option<Arc<Artifact>> {
        let kernels = self.kernels.read().unwrap_or_else(PoisonError::into_inner);
        kernels.get(wanted.key_of_any_compiler()).cloned()
    }

    /// The kernel that was kept first stays.
    fn keep(&self, wanted: &Wanted<'_>, artifact: &Arc<Artifact>) {
        let mut kernels = self.kernels.write().unwrap_or_else(PoisonError::into_inner);
        kernels.entry(wanted.key_of_any_compiler().clone()).or_insert_with(|| artifact.clone());
    }
}
