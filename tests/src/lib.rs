//! What the tests of several crates share: seeded score matrices, and a selection written a second
//! time.
//!
//! The suites themselves are in `tests/`. Nothing here needs a GPU, a library or a file, and
//! nothing here is published.

pub mod goldens;
pub mod inputs;
pub mod oracle;
mod rng;

pub use inputs::Distribution;
pub use rng::Rng;
