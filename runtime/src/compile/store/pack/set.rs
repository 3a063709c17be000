//! The packs of an engine as a [`Store`], searched in order. It never writes and never fails: a packed
//! kernel that cannot be used is logged, and counts as not there.

use super::error::PackError;
use super::read::Pack;
use crate::compile::store::{Artifact, KeyInputs, Store, Wanted};
use std::path::Path;
use std::sync::Arc;

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
    /// first pack that has it. `source` is the digest of its text.
    fn first(&self, inputs: &KeyInputs<'_>, source: &str) -> Option<Artifact> {
        self.0.iter().find_map(|pack| {
            let kernel = pack.find(inputs, source)?;
            let path = pack.path().display();
            pack.artifact(kernel, inputs)
                .inspect(|_| tracing::debug!(%path, entry = inputs.entry, "kernel found in a pack"))
                .inspect_err(|error| tracing::warn!(%path, "a packed kernel is not used: {error}"))
                .ok()
        })
    }

    /// Whether one of them has the kernel, sound or not.
    pub(crate) fn has(&self, wanted: &Wanted<'_>) -> bool {
        let inputs = wanted.inputs_of_any_compiler();
        self.0.iter().any(|pack| pack.find(&inputs, wanted.digest()).is_some())
    }

    /// Whether one of them has a kernel of this name.
    pub(crate) fn has_name(&self, symbol: &str) -> bool {
        self.0.iter().any(|pack| pack.names(symbol))
    }

    /// Why each pack lacks a kernel that none has, a line each.
    pub(crate) fn searched(&self, wanted: &Wanted<'_>) -> String {
        let (inputs, source) = (wanted.inputs_of_any_compiler(), wanted.digest());
        let line =
            |pack: &Pack| format!("  {}: {}", pack.path().display(), pack.lacks(&inputs, source));
        self.0.iter().map(line).collect::<Vec<_>>().join("\n")
    }
}

impl Store for Packs {
    fn find(&self, wanted: &Wanted<'_>) -> Option<Arc<Artifact>> {
        if self.is_empty() {
            return None;
        }
        self.first(&wanted.inputs_of_any_compiler(), wanted.digest()).map(Arc::new)
    }

    fn name(&self) -> Option<&str> {
        (!self.is_empty()).then_some("the packs")
    }
}
