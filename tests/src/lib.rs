//! What the tests of several crates share: seeded score matrices, inputs that once had wrong answers,
//! a selection written a second time, and a judge of many answers.
//!
//! The suites themselves are in `tests/`. Nothing here needs a GPU, a library or a file, and
//! nothing here is published.

pub mod cases;
pub mod dealt;
pub mod fuzz;
pub mod goldens;
pub mod inputs;
mod judge;
pub mod oracle;
mod rng;
mod stripes;
pub mod templates;

pub use inputs::Distribution;
pub use judge::Judge;
pub use rng::Rng;
pub use stripes::{Reader, Stripes};
