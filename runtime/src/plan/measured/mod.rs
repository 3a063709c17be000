//! Measured times, as plans read them: records, tables, and the interpolation between them.
//!
//! `records` reads the lines that tuning wrote, `provenance` says where they were taken, and `space` which
//! variants are ever measured. `table` condenses records, `shipped` says which table applies to a GPU,
//! `hysteresis` lets a GPU's own records displace a shipped variant only where they are clearly
//! faster, `lattice` interpolates, and `reach` names all variants that plans can name. Nothing here
//! measures or writes a file; a line or a table that cannot be used is named and left out.

pub(super) mod hysteresis;
pub(super) mod lattice;
pub(super) mod layouts;
pub(crate) mod provenance;
pub(super) mod reach;
pub(crate) mod records;
pub(crate) mod shipped;
pub(crate) mod space;
pub(crate) mod table;

pub use provenance::Provenance;
#[cfg(any(feature = "tune", test))]
pub use records::{Effort, Outcome, Row};
#[cfg(feature = "tune")]
pub use records::{Reading, Sample};
pub use records::{Records, source_digest};
pub use space::hash as space_hash;

#[cfg(test)]
pub(crate) use provenance::sample;
