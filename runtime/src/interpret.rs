//! Runs the text of a kernel on the CPU, unmodified, and checks every access.
//!
//! An [`Interpreter`] compiles what NVRTC would get with the system's C++ compiler, against a small
//! shim (`templates/host/`), so that every load and store calls it before it happens. CUDA threads
//! are coroutines, and one runs at a time; a seeded random number chooses which, so a seed repeats a
//! schedule. A [`Kernel::launch`] ends with a [`Report`] or at its first
//! [`Fault`], which names the template's line, the block and the thread. It needs Linux and `c++`,
//! `g++` or `clang++`; it needs no GPU and no CUDA.
//!
//! ```no_run
//! use topkit::interpret::Interpreter;
//! use topkit::{DType, Rows, SelectorSpec, inspect::render};
//!
//! # fn main() -> Result<(), Box<dyn std::error::Error>> {
//! let spec = SelectorSpec::builder("Example").dtype([DType::F32]).build()?;
//! let kernel = Interpreter::new()?.load(&render(&spec, &spec.variants()[0])?)?;
//! let scores: Vec<f32> = (0..5000).map(|i| (i % 997) as f32).collect();
//! for seed in 0..8 {
//!     let best: Vec<i32> = kernel.seed(seed).select(&Rows::host(&scores, 1, 5000), 64)?;
//!     assert_eq!(best.len(), 64);
//! }
//! # Ok(())
//! # }
//! ```
//!
//! # What it runs
//!
//! [`Kernel::select`] runs one kernel on scores of the host. A [`Gpu`] runs the whole launch path of the
//! library: its [`Selector`] checks, plans and launches as [`topkit::Selector`](crate::Selector) does, by the
//! same code, with streams, workspaces and captures of the interpreter. Use it to test a program's launches
//! without a GPU.
//!
//! # What it models
//!
//! - Grids, clusters, blocks and warps of one dimension; `__syncthreads` and its reductions, named
//!   barriers, warp collectives with masks, cluster barriers split and whole, barriers of a
//!   cooperative grid, mbarriers with bulk copies and asynchronous stores. The memory of an mbarrier is its own until
//!   its CTA ends: an ordinary access to it is a fault.
//! - Shared memory by CTA, of its real size, poisoned; distributed shared memory; global memory as
//!   buffers with bounds; which bytes were ever written.
//! - The bounds of each row: a block may read the scores of its own row, from its start and as far as
//!   its length, and write its own k indices, though rows are next to each other in memory.
//! - A selector's own functions as Rust: an overflow, a division by zero and an index that no element has are faults
//!   at the user's line. [`Interpreter::device_arithmetic`] goes on with the values that a GPU has.
//! - Each place of the output is written once; and the source of a program is pure: asked again for a
//!   column of a row, it gives the same score, and keeps or drops it as before.
//! - Order between accesses, by vector clocks: barriers, `__syncwarp`, mbarriers, and the pattern of
//!   write, fence, atomic, and atomic, fence, read, each at its scope. Every pair of accesses that
//!   conflicts and that nothing orders is a race, whichever way this schedule happened to run them.
//!   As in CUDA, warp collectives other than `__syncwarp` order no memory, and warps do not run in
//!   lockstep.
//! - Launches as a plan has them, workspace and all, on a GPU of four multiprocessors.
//! - Barriers of a whole block, more strictly than the hardware: a thread that has returned, or that is
//!   at another line, has not arrived.
//!
//! # What it does not
//!
//! - Time. Nothing here says how fast a kernel is.
//! - Reordering of one thread's accesses by the machine: memory is sequentially consistent. A program
//!   that is free of races by the rules above cannot tell; a program of relaxed atomics could.
//! - Proxy fences, bulk stores, multicast, tensor memory, textures; launches in two dimensions, with
//!   clusters in a cooperative grid, or with more than 16384 threads alive at once.
//! - An atomic of too small a scope, if another atomic came between it and the one it misses.
//! - A subscript of one past the end of an array inside a struct, where only its address is taken;
//!   what a compiler keeps in registers, and a loop that neither reads nor writes memory.
//!
//! # Debug a kernel with it
//!
//! The text and its object are in [`Kernel::folder`]. Run the failing test with its seed under gdb,
//! from the root of the repository; `#line` takes it to the templates:
//!
//! ```text
//! gdb --args target/debug/deps/interpret-... --exact the_test
//! (gdb) set breakpoint pending on
//! (gdb) set substitute-path /kernel .
//! (gdb) break threshold.cuh:47 if threadIdx.x == 3
//! (gdb) run
//! ```
//!
//! Each CUDA thread has its own stack, so `backtrace` and `print` show the thread that runs.
//! `threadIdx`, `blockIdx`, `blockDim` and `gridDim` are variables.

pub use crate::backend::interpret::{
    Buffer, Context, Gpu, Graph, Interpreted, Interpreter, Kernel, Launch, Memory, Report, Slice,
    Stream, Word,
};
pub use crate::error::{Fault, InterpretError, Line, Site};
pub use crate::select::interpreted::Selector;
