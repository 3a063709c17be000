//! Packs: kernels compiled ahead, in one file, for machines that must not or cannot compile.
//!
//! A pack is made on a machine with NVRTC, by `topkit pack` or [`PackWriter`], and opened where kernels
//! are launched, by [`EngineBuilder::pack`](crate::EngineBuilder::pack) or `TOPKIT_PACKS`. Engines look
//! into their packs, in order, after memory and before the disk cache, and never write to one. An
//! engine with packs needs no NVRTC: it launches the packed kernels, and names a kernel that no pack has.
//!
//! **Which kernel is found.** A packed kernel is used for a variant if its symbol, the SHA-256 of its
//! CUDA C and the compiler's options that decide code match the engine's, and its
//! architecture is the engine's or [stands in for it](crate::Arch::runs_as). Source lines
//! ([`Config::line_info`](crate::Config::line_info)) decide no code, so a pack with them and a pack
//! without them serve every engine alike. The version of NVRTC is shown and not compared: a machine
//! without NVRTC has none to compare with, and any version made the machine code from this same source. A
//! driver can refuse code of a later CUDA than its own, so pack with an NVRTC that is no newer than the
//! drivers. If two packs have the same kernel, the first is used.
//!
//! **A kernel that no pack has** is compiled where there is NVRTC. Without NVRTC, plans use the best
//! packed kernel that can serve the problem. If there is none, and wherever a kernel is asked for that no
//! pack has, the error is [`NotPacked`](crate::cache::NotPacked). An edited source
//! ([`Config::override_dir`](crate::Config::override_dir)) is another source, which no pack has.
//!
//! **Checks.** Opening reads the index alone and checks all of it. The machine code of a kernel is read
//! when it is needed, and used only if its digest is the one in the index. An engine is not made with a
//! pack that cannot be opened. A damaged packed kernel is logged, and compiled where there is a
//! compiler. Digests find damage, not forgery: take packs only from people whose programs you would run.
//!
//! ```no_run
//! # fn main() -> Result<(), topkit::Error> {
//! let engine = topkit::Engine::builder().pack("kernels.pack").build()?; // needs no NVRTC
//! # Ok(())
//! # }
//! ```

mod error;
mod format;
mod read;
mod set;
#[cfg(test)]
pub(crate) mod tests;
mod write;

pub use error::PackError;
pub use format::{FORMAT, PackedKernel};
pub use read::Pack;
pub use set::Packs;
pub use write::PackWriter;
