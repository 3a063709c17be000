//! Exact top-k selection on NVIDIA GPUs, with kernels generated from a declaration.
//!
//! `topk_kernel!` declares a family of kernels; an [`Engine`] renders, compiles, caches and loads
//! its members; a [`Family`] plans and launches them. [`host`] is the same contract in plain Rust.
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
//! let stream = engine.context().expect("Engine::new has a GPU").default_stream();
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
//! - `cuda-any`: the bindings that another crate of the program names for cudarc, else those of the
//!   `nvcc` on `PATH`, else the newest, which need a driver as new. For libraries, and for programs
//!   in which another crate names a version: cudarc does not compile with two.
//! - `interpret`: runs kernels on the host, for tests; see the module of that name.
//!
//! The driver's library is loaded at run time, unless another crate lets cudarc link with it.

mod blame;
mod builder;
pub mod cache;
mod capture;
mod compiler;
mod config;
mod device;
mod dump;
mod engine;
mod environment;
mod error;
mod family;
pub mod host;
#[cfg(feature = "interpret")]
pub mod interpret;
mod launch;
mod library;
mod module;
mod modules;
mod nvrtc;
mod overrides;
pub mod pack;
mod plan;
mod problem;
mod release;
mod resources;
mod rows;
mod sass;
mod score;
mod substitute;
pub mod tune;
mod typed;
mod warmup;
mod workload;
mod workspace;

pub use builder::EngineBuilder;
pub use compiler::{CompileError, Compiled, Compiler};
pub use config::Config;
pub use cudarc;
pub use cudarc::driver::CudaStream;
pub use device::{DeviceFacts, devices};
pub use engine::Engine;
pub use environment::unsearched;
pub use error::{Error, driver_words};
pub use family::Family;
pub use launch::RawLaunch;
pub use library::{LibraryError, probe_driver};
pub use nvrtc::{Nvrtc, NvrtcError};
pub use overrides::Overrides;
pub use plan::{Alternative, Basis, Explanation, Kept, Limits, Measured, Plan, Reason};
pub use problem::Problem;
pub use resources::Resources;
pub use rows::{Output, Rows};
pub use sass::{Disassembler, SassError};
pub use score::{IndexInt, Score};
pub use topkit_codegen::{
    Arch, ArchError, DType, Fault, IndexType, KSet, KernelKind, KernelSpec, Key, LaunchKind,
    NanPolicy, Order, RenderError, RenderedSource, RowShape, Select, Semantics, SpecBuilder,
    SpecError, Ties, Variant, render,
};
pub use topkit_dsl::topk_kernel;
pub use warmup::{CompileKey, Warmed, Warmup};
pub use workload::Workload;
pub use workspace::Workspace;
