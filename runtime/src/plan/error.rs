//! Why there is no plan.

use crate::problem::{Problem, TooLarge};
use topkit_codegen::{DType, KSet, SpecError, Variant};

/// Why there is no plan for a problem.
#[derive(Debug, Clone, thiserror::Error)]
#[non_exhaustive]
pub enum PlanError {
    /// The spec is unsound; every fault is named.
    #[error(transparent)]
    Spec(#[from] SpecError),
    /// The launch cannot address a shape.
    #[error(transparent)]
    TooLarge(#[from] TooLarge),
    /// The selector was declared without this dtype.
    #[error("{selector} serves {declared}, not {dtype}; add it to `dtype` in the declaration")]
    DType {
        /// The selector.
        selector: String,
        /// The declared dtypes.
        declared: String,
        /// The dtype of the scores.
        dtype: DType,
    },
    /// The selector was declared without this k.
    #[error("{selector} serves k of {declared}, not {k}; change `k` in the declaration")]
    K {
        /// The selector.
        selector: String,
        /// The declared k.
        declared: KSet,
        /// The requested k.
        k: u32,
    },
    /// The kernel cannot serve the problem, or the GPU cannot launch it.
    #[error(
        "{variant} cannot serve {problem}: {reason}; let the planner choose, or name another variant"
    )]
    Unfit {
        /// The requested variant.
        variant: Box<Variant>,
        /// The problem.
        problem: Problem,
        /// The part that does not fit, in words.
        reason: String,
    },
}
