//! The stores of compiled kernels: [memory](memory), [packs](pack) and [disk](DiskCache), each a
//! [`Store`].
//!
//! The cache (`compile/cache`) asks them in order and calls the compiler; a store knows neither the cache
//! nor another store, and compiles nothing. A failure in a store is logged and counts as a missing kernel.

pub mod pack;

mod artifact;
mod disk;
mod kept;
mod key;
mod memory;
mod wanted;

pub use artifact::{Artifact, Origin};
pub(crate) use disk::is_safe;
pub use disk::{
    Checked, Cleared, DiskCache, DiskError, Entry, Lookup, Pruned, Published, SizeError, Unneeded,
    parse_size,
};
pub use kept::NotKept;
pub(crate) use key::sha256;
pub use key::{CacheKey, FORMAT, KeyInputs};
pub use memory::Memory;
pub use wanted::Wanted;

use std::fmt;
use std::path::Path;
use std::sync::Arc;

/// A place that compiled kernels are looked for in, and that may keep new ones.
pub trait Store: fmt::Debug + Send + Sync {
    /// The kernel, if it is there and sound. A kernel that is not sound is logged.
    fn find(&self, wanted: &Wanted<'_>) -> Option<Arc<Artifact>>;

    /// Keeps a kernel that the compiler made, or that a store behind this one had. A store that takes
    /// no kernels does nothing, and a failure is logged.
    fn keep(&self, wanted: &Wanted<'_>, artifact: &Arc<Artifact>) {
        let _ = (wanted, artifact);
    }

    /// Called before a compile: waits for another process that compiles this kernel for this store.
    fn claim(&self, wanted: &Wanted<'_>) -> Claim {
        let _ = wanted;
        Claim::Unclaimed
    }

    /// Whether the next process will find a kernel here that this process has. A store that keeps
    /// nothing for the next process has nothing to miss.
    ///
    /// # Errors
    /// The kernel should be here, and is missing or damaged.
    fn check(&self, key: &CacheKey) -> Result<(), NotKept> {
        let _ = key;
        Ok(())
    }

    /// The folder in which it keeps compiled kernels for the next process.
    fn keeps_in(&self) -> Option<&Path> {
        None
    }

    /// A name for messages, if it has no folder and messages should name it.
    fn name(&self) -> Option<&str> {
        None
    }
}

/// The answer of a store before a compile.
pub enum Claim {
    /// Another process has made the kernel meanwhile.
    Made(Arc<Artifact>),
    /// Other processes wait until this is dropped.
    Claimed(Box<dyn Send>),
    /// The store makes nobody wait, or cannot.
    Unclaimed,
}
