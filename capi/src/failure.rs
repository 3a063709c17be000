//! The failures of a call from C, each with a status for the program and a sentence for its author.
//!
//! Errors of the library keep their texts, except texts that name Rust items: the header's functions
//! replace them.

use crate::abi::{Status, constant};
use topkit::cudarc::driver::DriverError;
use topkit::cudarc::driver::sys::CUresult;
use topkit::{Error, inspect::PlanError, spec::KSet};

/// A call that was not carried out.
#[derive(Debug, thiserror::Error)]
pub enum Failure {
    #[error("`{what}` is NULL")]
    Null { what: &'static str },
    #[error("the size of `{what}` is {given}; set it to sizeof({what}), which is {known}")]
    Size { what: &'static str, given: usize, known: usize },
    #[error(
        "`{what}` has {given} bytes, but this version knows only the first {known}, and a later field is \
         not 0; use a newer library, or set the later fields to 0"
    )]
    Newer { what: &'static str, given: usize, known: usize },
    #[error("`{what}` is {given}; it can be {allowed}")]
    Code { what: &'static str, given: i32, allowed: String },
    #[error("`{what}` is {given}; it cannot be negative")]
    Negative { what: &'static str, given: i64 },
    #[error("`reserved` is {given}; it must be 0")]
    Reserved { given: i32 },
    #[error(
        "the ordinal {given} is negative; GPUs are counted from 0, and TOPKIT_CURRENT_DEVICE is \
         the GPU of the current context"
    )]
    Ordinal { given: i32 },
    #[error("there is no GPU {ordinal}; the driver finds {count}, counted from 0")]
    Device { ordinal: usize, count: usize },
    #[error("no CUDA context is current on this thread; give the ordinal of a GPU")]
    NoContext,
    #[error(
        "the context that is current on this thread is not the primary one of GPU {ordinal}; \
         streams and memory must belong to the primary context, as those of the CUDA runtime do"
    )]
    NotPrimary { ordinal: usize },
    #[error(
        "this selector was made with {declared}, and the launch has no {what}; give them a buffer"
    )]
    NotGiven { what: &'static str, declared: String },
    #[error(
        "{what} were given to a selector that was made without {declared}; make it with that, or leave them 0"
    )]
    NotDeclared { what: &'static str, declared: String },
    #[error(
        "a fill was given to a selector with the standard one; make it with TOPKIT_FILL_GIVEN, or leave it 0"
    )]
    FillUndeclared,
    #[error("the CUDA driver failed to {doing}: {reason}")]
    Cuda { doing: &'static str, error: CUresult, reason: String },
    #[error(
        "this selector serves k of {declared}, not {k}; make one with k_first and k_last around it"
    )]
    K { declared: KSet, k: u32 },
    #[error("{what} were given to a selector of dense rows; make it with TOPKIT_ROWS_RAGGED")]
    DenseRows { what: &'static str },
    #[error(
        "the kernel is not loaded, and none can be loaded while the stream is being captured; call \
         topkit_selector_prepare before the capture"
    )]
    Capture,
    #[error(
        "the workspace has {given} bytes, but the launch needs {needed}; topkit_selector_plan gives the \
         size for each shape"
    )]
    Workspace { given: usize, needed: usize },
    #[error("{0}")]
    Library(Error),
    #[error("topkit has a fault: {0}")]
    Panic(String),
}

impl Failure {
    /// Wraps a failure of the driver with the action that failed.
    pub fn cuda(doing: &'static str) -> impl Fn(DriverError) -> Failure {
        move |error| Failure::Cuda {
            doing,
            error: error.0,
            reason: topkit::machine::driver_words(error),
        }
    }

    /// The code for the program.
    pub fn status(&self) -> Status {
        match self {
            Failure::Null { .. }
            | Failure::Size { .. }
            | Failure::Code { .. }
            | Failure::Negative { .. }
            | Failure::Reserved { .. }
            | Failure::Ordinal { .. }
            | Failure::NoContext
            | Failure::NotPrimary { .. }
            | Failure::K { .. }
            | Failure::NotGiven { .. }
            | Failure::NotDeclared { .. }
            | Failure::FillUndeclared
            | Failure::DenseRows { .. } => Status::Argument,
            Failure::Newer { .. } => Status::Unsupported,
            Failure::Device { .. } => Status::Device,
            Failure::Cuda { error: CUresult::CUDA_ERROR_NO_DEVICE, .. } => Status::Device,
            Failure::Cuda { .. } => Status::Cuda,
            Failure::Capture => Status::Capture,
            Failure::Workspace { .. } => Status::Workspace,
            Failure::Library(error) => library(error),
            Failure::Panic(_) => Status::Internal,
        }
    }
}

fn library(error: &Error) -> Status {
    match error {
        Error::Spec(_)
        | Error::Variant { .. }
        | Error::IndexType { .. }
        | Error::DenseRows { .. }
        | Error::TooLarge(_)
        | Error::TooShort { .. }
        | Error::OutputStride { .. }
        | Error::NotGiven { .. }
        | Error::NotDeclared { .. }
        | Error::FillUndeclared { .. }
        | Error::Null { .. }
        | Error::Misaligned { .. }
        | Error::Context { .. } => Status::Argument,
        Error::Driver(_) => Status::Driver,
        Error::Offline { .. } => Status::Device,
        Error::Nvrtc(_) | Error::Pack(_) => Status::Compiler,
        Error::Compile(_)
        | Error::Denied(_)
        | Error::PtxDenied(_)
        | Error::Environment { .. }
        | Error::NotPacked(_)
        | Error::Override { .. }
        | Error::Write { .. } => Status::Compile,
        Error::Cuda { .. } | Error::Module { .. } => Status::Cuda,
        Error::Plan(PlanError::Unfit { .. }) | Error::Room { .. } => Status::Unsupported,
        Error::Plan(_) => Status::Argument,
        Error::Workspace { .. } => Status::Workspace,
        Error::Capturing { .. } | Error::EventTracking { .. } | Error::WorkspaceInCapture => {
            Status::Capture
        }
        // A kernel that does not render, and errors that a later version of the library may add.
        _ => Status::Internal,
    }
}

/// A key with its value, as the header spells it.
fn in_c(declared: &str) -> String {
    let (key, word) = declared.split_once(": ").unwrap_or((declared, ""));
    constant(key, word)
}

impl From<Error> for Failure {
    fn from(error: Error) -> Failure {
        match error {
            Error::Plan(PlanError::K { declared, k, .. }) => Failure::K { declared, k },
            Error::DenseRows { what, .. } => Failure::DenseRows { what },
            Error::NotGiven { what, declared, .. } => {
                Failure::NotGiven { what, declared: in_c(declared) }
            }
            Error::NotDeclared { what, declared, .. } => {
                Failure::NotDeclared { what, declared: in_c(declared) }
            }
            Error::FillUndeclared { .. } => Failure::FillUndeclared,
            Error::Capturing { .. } => Failure::Capture,
            Error::Workspace { given, needed } => Failure::Workspace { given, needed },
            other => Failure::Library(other),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use topkit::{DType, Problem};

    #[test]
    fn the_words_of_the_library_that_speak_of_rust_are_replaced() {
        let problem = Problem::new(DType::F32, 1, 8, 4);
        for (error, status, words) in [
            (
                PlanError::K { selector: "S".into(), declared: KSet::from(1..=8), k: 9 }.into(),
                Status::Argument,
                "k of 1..=8, not 9; make one with k_first",
            ),
            (
                Error::DenseRows { selector: "S".into(), what: "lengths" },
                Status::Argument,
                "lengths were given to a selector of dense rows",
            ),
            (
                Error::NotGiven { selector: "S".into(), what: "values", declared: "values: true" },
                Status::Argument,
                "made with TOPKIT_VALUES_TRUE, and the launch has no values",
            ),
            (
                Error::NotDeclared {
                    selector: "S".into(),
                    what: "counts",
                    declared: "count: true",
                },
                Status::Argument,
                "counts were given to a selector that was made without TOPKIT_COUNT_TRUE",
            ),
            (
                Error::FillUndeclared { selector: "S".into() },
                Status::Argument,
                "make it with TOPKIT_FILL_GIVEN",
            ),
            (Error::Capturing { problem }, Status::Capture, "topkit_selector_prepare"),
            (
                Error::Workspace { given: 1, needed: 2 },
                Status::Workspace,
                "needs 2; topkit_selector_plan",
            ),
        ] {
            let failure = Failure::from(error);
            assert_eq!(failure.status(), status, "{failure}");
            assert!(failure.to_string().contains(words), "{failure}");
        }
    }

    #[test]
    fn a_machine_with_a_driver_and_no_gpu_lacks_the_device() {
        let failure = Failure::Cuda {
            doing: "start",
            error: CUresult::CUDA_ERROR_NO_DEVICE,
            reason: "".into(),
        };
        assert_eq!(failure.status(), Status::Device);
        let failure = Failure::Cuda {
            doing: "start",
            error: CUresult::CUDA_ERROR_UNKNOWN,
            reason: "".into(),
        };
        assert_eq!(failure.status(), Status::Cuda);
    }
}
