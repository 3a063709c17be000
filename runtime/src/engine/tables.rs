//! The measured tables of a toolchain: the shipped table, and the machine's own records.
//!
//! The records are read with the first selector, and again after a tuning. Records that cannot be read, or
//! that were measured elsewhere, are logged and left out; plans then use the shipped table or rules.

use super::Toolchain;
use crate::backend::cuda::device::DeviceFacts;
use crate::compile::nvrtc::Nvrtc;
use crate::plan::measured::{Provenance, Records, source_digest, space_hash};
use crate::plan::{GpuTable, Here};
use std::path::Path;
use std::sync::{Arc, PoisonError};
#[cfg(feature = "tune")]
use {crate::plan::Planner, topkit_codegen::SelectorSpec};

/// The GPU, driver and compiler of times that are measured here.
pub(super) fn provenance(facts: &DeviceFacts, nvrtc: &Nvrtc) -> Provenance {
    Provenance {
        device: facts.name.clone(),
        arch: facts.arch.to_string(),
        multiprocessors: facts.multiprocessors,
        driver: format!("{}.{}", facts.driver.0, facts.driver.1),
        compiler: nvrtc.name(),
        space: space_hash(),
    }
}

impl Toolchain {
    /// The provenance of times that are measured here; `None` without a GPU or a compiler.
    fn provenance(&self) -> Option<Provenance> {
        Some(provenance(&self.gpu()?.facts, self.nvrtc().ok()?))
    }

    /// The table that selectors plan by, read once.
    pub(super) fn table_in_use(&self) -> Option<Arc<GpuTable>> {
        // The table is replaced as a whole, so a panic of another thread leaves no half of one.
        let mut table = self.inner.table.lock().unwrap_or_else(PoisonError::into_inner);
        let read = || match self.records() {
            Some(path) => self.table(&path).map(Arc::new),
            None => self.shipped().map(Arc::new),
        };
        table.get_or_insert_with(read).clone()
    }

    /// The planner of a selector by the table given.
    #[cfg(feature = "tune")]
    pub(crate) fn planner_by(
        &self,
        spec: Arc<SelectorSpec>,
        table: Option<Arc<GpuTable>>,
    ) -> Planner {
        Planner::new(spec, *self.limits(), table)
    }

    /// Makes the next selector read the records again.
    #[cfg(feature = "tune")]
    pub(crate) fn read_records_again(&self) {
        *self.inner.table.lock().unwrap_or_else(PoisonError::into_inner) = None;
    }

    /// The shipped table for this GPU, if there is one.
    pub(crate) fn shipped(&self) -> Option<GpuTable> {
        GpuTable::shipped(Here {
            name: self.gpu().map(|device| device.facts.name.as_str()),
            arch: self.arch(),
            multiprocessors: self.limits().multiprocessors,
        })
    }

    /// The shipped table, if there is one, with the records of a file that were measured here.
    pub(crate) fn table(&self, path: &Path) -> Option<GpuTable> {
        let shipped = self.shipped();
        let Some(here) = self.provenance() else { return shipped };
        match Records::read(path) {
            Err(error) => {
                tracing::warn!(path = %path.display(), "records cannot be read: {error}");
                shipped
            }
            Ok(records) => {
                let records = records.usable(Some(&here), source_digest);
                for refused in &records.refused {
                    tracing::info!(path = %path.display(), "a record is left out: {refused}");
                }
                GpuTable::with_own(shipped, &records, &here)
            }
        }
    }
}
