//! The error of the library: every failure that a user can see, with its numbers.
//!
//! The errors of lower rooms are variants of it. It also says which errors blame a kernel, so that another
//! kernel may be tried ([`Error::refusal`]). The errors of the interpreter and of the host's selection are here
//! too, since they are data that launches return.

#[cfg(feature = "interpret")]
mod fault;
mod host;
#[cfg(feature = "interpret")]
mod interpret;

#[cfg(feature = "interpret")]
pub use fault::{Fault, Line, Site};
pub use host::HostError;
#[cfg(feature = "interpret")]
pub use interpret::InterpretError;

use crate::compile::CompileError;
use crate::compile::cache::{Denied, KernelError, NotPacked, PtxDenied};
use crate::compile::dump::DumpError;
use crate::compile::nvrtc::NvrtcError;
use crate::compile::overrides::OverrideError;
use crate::compile::sass::SassError;
use crate::compile::store::pack::PackError;
use crate::library::LibraryError;
use crate::plan::{PlanError, Refusal};
use crate::problem::args::ArgsError;
use crate::problem::{Problem, TooLarge, TooShort};
use cudarc::driver::DriverError;
use cudarc::driver::sys::{self, CUresult};
use std::borrow::Cow;
use std::ffi::{CStr, c_char};
use topkit_codegen::{Arch, IndexType, RenderError, SpecError, Variant};

/// A failure of the library, with its place and a remedy.
#[derive(Debug, Clone, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// The spec is unsound; every fault is named.
    #[error(transparent)]
    Spec(#[from] SpecError),
    /// The kernel did not render.
    #[error(transparent)]
    Render(#[from] RenderError),
    /// The values for the fields of a program are missing or wrong.
    #[error(transparent)]
    Args(#[from] ArgsError),
    /// NVRTC is missing or unusable, or cannot target the architecture.
    #[error(transparent)]
    Nvrtc(#[from] NvrtcError),
    /// The CUDA driver is missing, does not load or is too old.
    #[error(transparent)]
    Driver(#[from] LibraryError),
    /// NVRTC refused the kernel.
    #[error(transparent)]
    Compile(#[from] CompileError),
    /// A kernel would have to be compiled, and the settings deny that.
    #[error(transparent)]
    Denied(Box<Denied>),
    /// PTX would have to be compiled, and the settings deny that.
    #[error(transparent)]
    PtxDenied(#[from] PtxDenied),
    /// The environment names files that are loaded, run or compiled by relative paths.
    #[error("{refused}")]
    Environment {
        /// A sentence for each variable.
        refused: String,
    },
    /// A pack in the settings cannot be used.
    #[error(transparent)]
    Pack(#[from] PackError),
    /// No pack has the kernel, and there is no compiler.
    #[error(transparent)]
    NotPacked(Box<NotPacked>),
    /// The SASS cannot be shown.
    #[error(transparent)]
    Sass(#[from] SassError),
    /// A call of the CUDA driver failed.
    #[error("the CUDA driver failed to {doing}: {reason}")]
    Cuda {
        /// The action.
        doing: &'static str,
        /// The driver's own words.
        reason: String,
    },
    /// The driver refused the compiled kernel; another kernel may load.
    #[error("the CUDA driver refused {entry} for {arch}: {reason}\n{log}")]
    Module {
        /// The kernel's symbol.
        entry: String,
        /// The architecture it was compiled for.
        arch: Arch,
        /// The driver's own words.
        reason: String,
        /// The driver's log.
        log: String,
    },
    /// There is no plan: the dtype or k was not declared, or the variant cannot serve the problem.
    #[error(transparent)]
    Plan(PlanError),
    /// The selector does not have the variant.
    #[error("{selector} has no variant {variant}; see `variants()`")]
    Variant {
        /// The selector.
        selector: String,
        /// The variant.
        variant: Box<Variant>,
    },
    /// The CTAs that must be on the GPU at the same time do not fit on it.
    #[error(
        "{entry} needs {needed} CTAs on the GPU at once, and this GPU has room for {room}; choose a variant with fewer or smaller CTAs"
    )]
    Room {
        /// The kernel's symbol.
        entry: String,
        /// CTAs that must be on the GPU at the same time.
        needed: u32,
        /// CTAs that the GPU can have at the same time.
        room: u32,
    },
    /// The output's index type is not the declared one.
    #[error("{selector} writes indices of type {declared}, but the output holds {given}")]
    IndexType {
        /// The selector.
        selector: String,
        /// The declared type.
        declared: IndexType,
        /// The type of the output.
        given: IndexType,
    },
    /// Starts or lengths were given to a selector of dense rows.
    #[error(
        "{selector} was not declared with `rows: ragged`, but {what} were given; declare `rows: ragged`, or leave \
         them out"
    )]
    DenseRows {
        /// The selector.
        selector: String,
        /// `starts` or `lengths`.
        what: &'static str,
    },
    /// The launch cannot address a shape.
    #[error(transparent)]
    TooLarge(#[from] TooLarge),
    /// A buffer is shorter than the shape needs.
    #[error(transparent)]
    TooShort(#[from] TooShort),
    /// The rows of the output would overlap.
    #[error("the row stride of the {what} is {stride}, but each row has k = {k} of them")]
    OutputStride {
        /// `indices` or `values`.
        what: &'static str,
        /// The stride, in elements.
        stride: i64,
        /// Winners a row.
        k: u32,
    },
    /// A key of the selector needs something that the launch does not give.
    #[error(
        "{selector} was declared with `{declared}`, but the launch has no {what}; give them a buffer"
    )]
    NotGiven {
        /// The selector.
        selector: String,
        /// `values`, `counts`, `ids`, ...
        what: &'static str,
        /// The key that needs them, with its value.
        declared: &'static str,
    },
    /// The columns of a launch are not those of so many shards.
    #[error(
        "{columns} columns are not those of {shards} shards; give as many columns as all shards have together"
    )]
    UnevenShards {
        /// Shards of the launch.
        shards: usize,
        /// Its columns.
        columns: usize,
    },
    /// The launch gives something for which the selector has no key.
    #[error(
        "{selector} was declared without `{declared}`, but the launch has {what}; declare `{declared}`, or leave \
         them out"
    )]
    NotDeclared {
        /// The selector.
        selector: String,
        /// `values`, `counts`, `ids`, ...
        what: &'static str,
        /// The key that declares them, with its value.
        declared: &'static str,
    },
    /// The launch gives a fill to a selector with the standard one.
    #[error(
        "{selector} was declared with `fill: standard`, but the launch gives a fill; declare `fill: given`, or leave \
         it out"
    )]
    FillUndeclared {
        /// The selector.
        selector: String,
    },
    /// A pointer is null where data is needed.
    #[error("the {what} pointer is null")]
    Null {
        /// Which pointer.
        what: &'static str,
    },
    /// A pointer is not aligned to its element.
    #[error("the {what} pointer {address:#x} is not a multiple of its element's {align} bytes")]
    Misaligned {
        /// Which pointer.
        what: &'static str,
        /// The device address.
        address: u64,
        /// Bytes of an element.
        align: u32,
    },
    /// The workspace is missing, or smaller than the plan says.
    #[error(
        "{} but the plan needs {needed}; make one with `Selector::workspace` for `launch_with`, or give `launch_raw` its address",
        if *.given == 0 { "no workspace was given,".to_owned() } else { format!("the workspace has {} bytes,", .given) }
    )]
    Workspace {
        /// Bytes given.
        given: usize,
        /// Bytes needed.
        needed: usize,
    },
    /// The stream or a buffer belongs to another context than the engine.
    #[error(
        "{what} belongs to a CUDA context of GPU {given}, but the engine works in another context, of GPU {engine}; use streams and buffers of `Engine::context`, or an engine that `Engine::on` makes in their context"
    )]
    Context {
        /// The stream, or which buffer.
        what: Cow<'static, str>,
        /// The GPU of its context, counted as the driver does.
        given: usize,
        /// The GPU of the engine's context.
        engine: usize,
    },
    /// There is no GPU to launch on.
    #[error(
        "this selector was made of a toolchain for {arch} without a GPU: it compiles and shows kernels but cannot launch; make it of an Engine, or use topkit::host"
    )]
    Offline {
        /// The architecture that it compiles for.
        arch: Arch,
    },
    /// A kernel would have to be loaded during a stream capture.
    #[error(
        "{problem} has no loaded kernel, and none can be loaded while the stream is being captured; call `prepare` before the capture"
    )]
    Capturing {
        /// The problem.
        problem: Problem,
    },
    /// A buffer and the stream come from different objects of the engine's context, and cudarc does not
    /// order the launch with the buffer's other uses.
    #[error(
        "{what} and the stream come from two `CudaContext` objects of one context, and one of the two has a single stream, so cudarc does not order them; take buffers and streams from one object, such as `Engine::context`"
    )]
    Unordered {
        /// Which buffer.
        what: Cow<'static, str>,
    },
    /// A typed launch on a stream that is being captured, where cudarc tracks buffers by events.
    #[error(
        "{problem} was not launched: the stream is being captured, and the events by which cudarc tracks buffers would break the capture; launch by addresses with `launch_raw`, or turn event tracking off before the capture (`CudaContext::disable_event_tracking`)"
    )]
    EventTracking {
        /// The problem.
        problem: Problem,
    },
    /// A workspace was asked for on a stream that is being captured.
    #[error(
        "no workspace can be made on a stream that is being captured, because its memory would exist only while the graph replays; before the capture, launch once on the stream, or make a workspace for `launch_with`"
    )]
    WorkspaceInCapture,
    /// An edited source cannot replace the generated one.
    #[error(transparent)]
    Override(#[from] OverrideError),
    /// A dump could not be written.
    #[error(transparent)]
    Write(#[from] DumpError),
    /// The system has no memory for a selection on the host.
    #[error(transparent)]
    Host(#[from] HostError),
    /// A selector with functions of its own, on the host.
    #[error(
        "{selector} has functions of its own in CUDA C, which the host does not run; launch it on an `Engine`, or on an `interpret::Gpu`"
    )]
    HostProgram {
        /// The selector.
        selector: String,
    },
    /// An interpreted kernel has a fault.
    #[cfg(feature = "interpret")]
    #[error(transparent)]
    Fault(#[from] Fault),
    /// A kernel could not be compiled or loaded for the interpreter.
    #[cfg(feature = "interpret")]
    #[error(transparent)]
    Interpret(#[from] InterpretError),
}

impl From<KernelError> for Error {
    fn from(error: KernelError) -> Error {
        match error {
            KernelError::Compile(error) => Error::Compile(error),
            KernelError::Denied(denied) => Error::Denied(Box::new(denied)),
            KernelError::PtxDenied(denied) => Error::PtxDenied(denied),
        }
    }
}

impl From<PlanError> for Error {
    fn from(error: PlanError) -> Error {
        match error {
            PlanError::Spec(error) => Error::Spec(error),
            PlanError::TooLarge(error) => Error::TooLarge(error),
            error => Error::Plan(error),
        }
    }
}

impl Error {
    /// The refusal of a kernel in this error; `None` if the kernel is not to blame: another kernel would
    /// fail too, or the same kernel may load later.
    pub(crate) fn refusal(&self) -> Option<Refusal> {
        match self {
            Error::Room { .. } => Some(Refusal::NoRoom),
            Error::Module { .. } => Some(Refusal::Unusable),
            Error::Compile(error) if error.blames_kernel => Some(Refusal::Unusable),
            _ => None,
        }
    }

    /// Wraps a failure of the driver with the action that failed.
    pub(crate) fn cuda(doing: &'static str) -> impl Fn(DriverError) -> Error {
        move |error| Error::Cuda { doing, reason: driver_words(error) }
    }
}

/// The driver's name and sentence for an error, or its number where the driver has none.
///
/// For programs that use the bindings themselves; call [`probe_driver`](crate::machine::probe_driver) first.
pub fn driver_words(error: DriverError) -> String {
    let words = |ask: &dyn Fn(*mut *const c_char) -> CUresult| {
        let mut text = std::ptr::null();
        ask(&mut text).result().ok()?;
        // SAFETY: the text is a constant of the driver's, and ends with a NUL.
        let text = (!text.is_null()).then(|| unsafe { CStr::from_ptr(text) })?;
        Some(text.to_string_lossy().into_owned())
    };
    // SAFETY: the pointer is valid for one pointer.
    let name = words(&|text| unsafe { sys::cuGetErrorName(error.0, text) });
    // SAFETY: as above.
    let sentence = words(&|text| unsafe { sys::cuGetErrorString(error.0, text) });
    let number = error.0 as u32;
    match (name, sentence) {
        (Some(name), Some(sentence)) => format!("{name} ({sentence})"),
        (Some(words), None) | (None, Some(words)) => format!("{words} (status {number})"),
        (None, None) => format!("status {number}, for which it has no words"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_a_kernel_is_to_blame_for_refuses_it() {
        let arch = Arch::of_device(9, 0);
        let compile = |blames_kernel| {
            let [compiler, entry, reason, log] = [(); 4].map(|()| String::new());
            Error::Compile(CompileError { compiler, entry, arch, reason, log, blames_kernel })
        };
        let room = Error::Room { entry: String::new(), needed: 16, room: 0 };
        let [entry, reason, log] = [(); 3].map(|()| String::new());
        let module = Error::Module { entry, arch, reason, log };
        let memory = Error::Cuda { doing: "load a compiled kernel", reason: String::new() };
        for (error, refusal) in [
            (room, Some(Refusal::NoRoom)),
            (module, Some(Refusal::Unusable)),
            (compile(true), Some(Refusal::Unusable)),
            (compile(false), None),
            (memory, None),
            (Error::Context { what: "the stream".into(), given: 1, engine: 0 }, None),
        ] {
            assert_eq!(error.refusal(), refusal, "{error}");
        }
    }
}
