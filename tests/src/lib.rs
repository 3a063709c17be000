//! The code that several suites use: the exactness suite over any backend, inputs that once had wrong answers, inputs
//! that are hard for a filter's stripes, special scores, the pairwise cover of all keys, what launches are given because
//! of keys, spans of ragged rows, a second implementation of the contract, and the variants of the goldens.
//!
//! The suites themselves are in `tests/`. Nothing here needs a GPU, a library or a file, and
//! nothing here is published.

pub mod case;
pub mod cases;
pub mod cover;
pub mod dealt;
pub mod exactness;
pub mod fuzz;
pub mod given;
pub mod goldens;
pub mod merging;
pub mod oracle;
pub mod program;
pub mod refusals;
pub mod seams;
pub mod shards;
pub mod spans;
mod stripes;
pub mod templates;

/// The examples of `docs/semantics.md` run as tests.
#[cfg(doctest)]
#[doc = include_str!("../../docs/semantics.md")]
mod semantics_page {}

pub use stripes::{Reader, Stripes};

use topkit::inspect::{RenderedSource, render};
use topkit::{SelectorSpec, Variant};

/// The text of a variant without a program.
pub fn rendered(variant: &Variant) -> RenderedSource {
    render(&SelectorSpec::of(variant), variant).expect("a sound variant renders")
}
