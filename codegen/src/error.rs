//! The errors of generating the text of a variant.

use crate::SpecError;
use crate::program::ProgramId;

/// A variant for which no kernel can be rendered.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum RenderError {
    /// The variant's own keys are unsound.
    #[error(transparent)]
    Spec(#[from] SpecError),
    /// The variant is not one of the selector: its program is another.
    #[error("{variant} has {}, but the selector {selector} has {}", named(.given), named(.own))]
    Program {
        /// The symbol of the variant.
        variant: String,
        /// The program that the variant names.
        given: Option<ProgramId>,
        /// The selector.
        selector: String,
        /// Its program.
        own: Option<ProgramId>,
    },
    /// A template includes a block that is not part of the library.
    #[error("{file}:{line} includes {block}, which is not among the embedded templates")]
    MissingBlock {
        /// The block that is missing.
        block: String,
        /// The file that names it.
        file: String,
        /// The line, counted from 1.
        line: usize,
    },
    /// The skeleton did not render.
    #[error("the skeleton template did not render: {0}")]
    Skeleton(String),
}

fn named(program: &Option<ProgramId>) -> String {
    program.map_or("no program".to_owned(), |id| format!("the program {id}"))
}
