//! The packs of an engine, searched in order. It never writes and never fails: what cannot be used
//! is logged, and counts as not there.

use super::error::PackError;
use super::read::Pack;
use crate::compile::store::{Artifact, KeyInputs, sha256};
use std::path::Path;

/// Packs in the order in which they are searched.
#[derive(Debug, Default)]
pub struct Packs(Vec<Pack>);

impl Packs {
    /// Opens them all.
    ///
    /// # Errors
    /// The first one that cannot be opened.
    pub fn open<P: AsRef<Path>>(paths: &[P]) -> Result<Packs, PackError> {
        Ok(Packs(paths.iter().map(Pack::open).collect::<Result<_, _>>()?))
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Them, in order.
    pub fn iter(&self) -> impl Iterator<Item = &Pack> {
        self.0.iter()
    }

    /// The kernel that would be compiled from these inputs by any version of the compiler, from the
    /// first pack that has it.
    pub fn find(&self, inputs: &KeyInputs<'_>) -> Option<Artifact> {
        if self.is_empty() {
            return None;
        }
        let source = sha256(inputs.source.as_bytes());
        self.0.iter().find_map(|pack| {
            let kernel = pack.find(inputs, &source)?;
            let path = pack.path().display();
            pack.artifact(kernel, inputs)
                .inspect(|_| tracing::debug!(%path, entry = inputs.entry, "kernel found in a pack"))
                .inspect_err(|error| tracing::warn!(%path, "a packed kernel is not used: {error}"))
                .ok()
        })
    }

    /// Whether one of them has it, sound or not.
    pub(crate) fn has(&self, inputs: &KeyInputs<'_>) -> bool {
        let source = sha256(inputs.source.as_bytes());
        self.0.iter().any(|pack| pack.find(inputs, &source).is_some())
    }

    /// Whether one of them has a kernel of this name.
    pub(crate) fn name(&self, symbol: &str) -> bool {
        self.0.iter().any(|pack| pack.names(symbol))
    }

    /// What each pack has in place of a kernel that none has, a line each.
    pub fn searched(&self, inputs: &KeyInputs<'_>) -> String {
        let source = sha256(inputs.source.as_bytes());
        let line =
            |pack: &Pack| format!("  {}: {}", pack.path().display(), pack.lacks(inputs, &source));
        self.0.iter().map(line).collect::<Vec<_>>().join("\n")
    }
}
