//! The measured tables that hold on an engine: the shipped one and the machine's own records.
//!
//! The records are read with the first selector, and anew after a tuning. Records that cannot be read, or
//! that were measured elsewhere, are logged and left out; then the shipped table or rules serve.

use super::Toolchain;
use crate::backend::cuda::device::DeviceFacts;
use crate::compile::nvrtc::Nvrtc;
use crate::plan::measured::{Provenance, Records, source_digest, space_hash};
use crate::plan::{GpuTable, Here, Planner};
use std::path::Path;
use std::sync::{Arc, PoisonError};
use topkit_codegen::SelectorSpec;

/// Where times are taken, and by whose machine code.
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
    /// Where and by what times are taken; `None` where there is no GPU or no compiler.
    fn provenance(&self) -> Option<Provenance> {
        Some(provenance(&self.gpu()?.facts, self.nvrtc().ok()?))
    }

    /// What plans the problems of a selector.
    pub(crate) fn planner(&self, spec: Arc<SelectorSpec>) -> Planner {
        // What was read is whole, whatever a panic of another thread left.
        let mut table = self.inner.table.lock().unwrap_or_else(PoisonError::into_inner);
        let table = table.get_or_insert_with(|| match self.records() {
            Some(path) => self.table(&path).map(Arc::new),
            None => self.shipped().map(Arc::new),
        });
        let packed = self.packed(&spec);
        let planner = self.planner_by(spec, table.clone());
        match packed {
            None => planner,
            Some(packed) => planner.among(packed),
        }
    }

    /// As [`Toolchain::planner`], by the points given.
    pub(crate) fn planner_by(
        &self,
        spec: Arc<SelectorSpec>,
        table: Option<Arc<GpuTable>>,
    ) -> Planner {
        Planner::new(spec, *self.limits(), table)
    }

    #[cfg(feature = "tune")]
    /// Has selectors that are made from now on read the records again.
    pub(crate) fn read_records_again(&self) {
        *self.inner.table.lock().unwrap_or_else(PoisonError::into_inner) = None;
    }

    /// The shipped table, where one holds.
    pub(crate) fn shipped(&self) -> Option<GpuTable> {
        GpuTable::shipped(Here {
            name: self.gpu().map(|device| device.facts.name.as_str()),
            arch: self.arch(),
            multiprocessors: self.limits().multiprocessors,
        })
    }

    /// The shipped table, where one holds, with the records of a file that are of this place.
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
