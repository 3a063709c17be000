//! Exact top-k selection on NVIDIA GPUs, with kernels generated from a declaration.
//!
//! `topk_kernel!` declares a selector; an [`Engine`] renders, compiles, caches and loads its variants; a
//! [`Selector`] plans and launches them. [`host`] serves the same contract in plain Rust, without a GPU.
//! This crate is the only one that users depend on, and all side effects live here: files, the
//! environment, NVRTC and the driver. Nothing here panics on any input.
//!
//! ```no_run
//! use topkit::{Engine, Rows, topk_kernel};
//!
//! topk_kernel! {
//!     /// The K best KV positions of one query row.
//!     pub kernel IndexerTopK {
//!         dtype: [f32, bf16],
//!         k: 1..=2048,
//!     }
//! }
//!
//! # fn main() -> Result<(), Box<dyn std::error::Error>> {
//! let engine = Engine::new()?;
//! let stream = engine.stream();
//! let scores = stream.clone_htod(&vec![0.5f32; 32 * 131_072])?;
//! let mut indices = stream.alloc_zeros::<i32>(32 * 512)?;
//!
//! let topk = IndexerTopK::new(&engine)?;
//! topk.launch(&stream, &Rows::new(&scores, 32, 131_072), 512, &mut indices)?;
//! # Ok(())
//! # }
//! ```
//!
//! # Features
//!
//! - `cuda-12`, the default: bindings of CUDA 12.0, which serve every later driver.
//! - `cuda-any`: the bindings that another crate of the program names for cudarc, else the bindings
//!   for the `nvcc` on `PATH`, else the newest, which need a driver as new. For libraries, and for
//!   programs in which another crate names a version: cudarc does not compile with two.
//! - `tables`, a default: the measured tables that come with the library, 295556 bytes. Without them
//!   plans use rules, and this machine's own records if it has some.
//! - `tune`, a default: `Engine::tune` and the module `tune`, which write such records. Plans read
//!   the records with and without it.
//! - `interpret`: runs kernels on the host, for tests; see the module of that name.
//!
//! The driver's library is loaded at run time, unless another crate lets cudarc link with it.

mod backend;
mod compile;
mod engine;
mod error;
pub mod host;
#[cfg(feature = "interpret")]
pub mod interpret;
mod library;
pub mod measure;
mod plan;
mod problem;
mod select;
#[cfg(feature = "tune")]
pub mod tune;

pub use backend::launch::RawLaunch;
pub use backend::output::Output;
pub use backend::rows::Rows;
pub use cudarc;
pub use cudarc::driver::CudaStream;
pub use engine::{Config, Engine, EngineBuilder, Toolchain};
pub use error::Error;
pub use plan::{Explanation, Plan};
pub use problem::{F8E4M3, F8E5M2, IndexInt, Problem, Score, Workload};
pub use select::selector::Selector;
pub use select::workspace::Workspace;
pub use topkit_codegen::{Arch, DType, SelectorSpec, Variant};
pub use topkit_dsl::topk_kernel;

/// The content of a declaration, for specs that are built at run time.
///
/// [`SpecBuilder`](spec::SpecBuilder) makes a [`SelectorSpec`]; each key of `topk_kernel!` has a type here.
pub mod spec {
    pub use topkit_codegen::{
        ArchError, Fault, Fill, Ids, IndexType, KSet, KernelKind, Key, KeyKind, LaunchKind, Mask,
        NanPolicy, Order, RowShape, Select, SemanticKey, Semantics, Sizes, SpecBuilder, SpecError,
        Ties, TuningKey, UnknownName,
    };
}

/// Compiled kernels: in memory, in packs and on disk; their compilers, and the results of a warm-up.
pub mod cache {
    pub use crate::compile::cache::{
        CacheStats, Compiling, Denied, KernelCache, KernelError, NotPacked, PtxDenied,
    };
    pub use crate::compile::store::{
        Artifact, CacheKey, Checked, Claim, Cleared, DiskCache, DiskError, Entry, FORMAT,
        KeyInputs, Lookup, Memory, NotKept, Origin, Pruned, Published, SizeError, Store, Unneeded,
        Wanted, pack, parse_size,
    };
    pub use crate::compile::{CompileError, Compiled, Compiler};
    pub use crate::plan::Uncovered;
    pub use crate::select::warmup::{CompileKey, Warmed, Warmup};
}

/// A selector's own functions, which run inside its kernels, and their arguments at a launch.
///
/// [`topk_kernel!`](crate::topk_kernel) says which functions there are, and what the language has.
///
/// ```
/// use topkit::{Rows, host, topk_kernel};
///
/// topk_kernel! {
///     /// Scores with a bias for each column.
///     pub kernel Biased {
///         dtype: f32,
///         args { scale: f32, bias: [f32] }
///
///         fn score(x: f32, col: i32) -> f32 { x * scale + bias[col] }
///     }
/// }
///
/// let bias = [0.0f32, 9.0, 0.0, 0.0];
/// let args = BiasedArgs { scale: 2.0, bias: &bias };
/// let topk = host::Selector::new(Biased::SPEC)?;
/// let mut indices = [0i32; 2];
/// topk.launch_given(&Rows::host(&[1.0f32, 0.5, 4.0, 3.0], 1, 4), 2, &args, &mut indices)?;
/// assert_eq!(indices, [1, 2]);
/// // Each function is one of Rust, too: call it in a test.
/// assert_eq!(Biased::score(&args, 0.5, 1), 10.0);
/// # Ok::<(), topkit::Error>(())
/// ```
pub mod functions {
    pub use crate::backend::arguments::{ArgSlice, Args, Arguments};
    pub use crate::problem::args::{ArgValue, ArgsError};
    pub use topkit_codegen::FunctionsError;

    // What `topk_kernel!` writes, and the language for tests.
    #[doc(hidden)]
    pub use crate::backend::arguments::Given;
    #[doc(hidden)]
    pub use crate::backend::host::{ElementIndex, Elements};
    #[doc(hidden)]
    pub use half::{bf16, f16};
    #[doc(hidden)]
    pub use topkit_codegen::{
        Arg, ArgKind, Arithmetic, Declared, Function, FunctionFault, Functions, Inputs, NoInputs,
        Origin, Place, Program, Stage, Stages, Stop, Type, Value,
    };
}

/// Programs: what a selector's own functions add to its kernels. Not for users yet.
#[doc(hidden)]
pub mod program {
    pub use crate::problem::args::ProgramArgs;
    pub use topkit_codegen::{
        ArgsLayout, Field, FieldType, KernelArgs, Program, ProgramBuilder, ProgramError, ProgramId,
        Scalar, UnknownProgram,
    };
}

/// Looking at kernels and plans: generated source, edited source, resources, SASS, and the reasons for a
/// plan.
pub mod inspect {
    pub use crate::compile::dump::DumpError;
    pub use crate::compile::overrides::{OverrideError, Overrides};
    pub use crate::compile::resources::Resources;
    pub use crate::compile::sass::{Disassembler, SassError};
    pub use crate::plan::{Basis, Expected, Hysteresis, Measured, Narrowed, PlanError, Reason};
    pub use crate::problem::{TooLarge, TooShort};
    pub use topkit_codegen::{RenderError, RenderedSource, render};
}

/// Where scores and indices are: what [`Rows`] and [`Output`] are views of.
pub mod memory {
    pub use crate::backend::memory::{Cuda, Host, Memory};
}

/// The hardware and libraries of this machine: its GPUs and their limits, the driver, and NVRTC.
pub mod machine {
    pub use crate::backend::cuda::device::{DeviceFacts, devices};
    pub use crate::compile::nvrtc::{Nvrtc, NvrtcError};
    pub use crate::error::driver_words;
    pub use crate::library::environment::unsearched;
    pub use crate::library::{LibraryError, probe_driver};
    pub use crate::plan::Limits;
}
