//! Packs: kernels compiled ahead, in one file, for machines that shall not or cannot compile.
//!
//! A pack is made where NVRTC is, by `topkit pack` or [`PackWriter`], and opened where kernels are
//! launched, by [`EngineBuilder::pack`](crate::EngineBuilder::pack) or `TOPKIT_PACKS`. Engines look
//! into their packs, in order, after memory and before the disk cache, and never write to one. An
//! engine with packs needs no NVRTC: it launches what they hold, and says what they lack.
//!
//! **What is found.** A packed kernel is taken for a variant when its symbol, the SHA-256 of its
//! CUDA C and the compiler's options that decide code are those that the engine would compile, and
//! its architecture is that of the engine or [stands in for it](crate::Arch::stands_in_for). Whether
//! source lines are kept ([`Config::line_info`](crate::Config::line_info)) decides no code, so a pack
//! with them and one without serve every engine alike. The version of NVRTC is told and not asked
//! for: a machine without NVRTC has none to compare with, and whatever compiled it, it is the machine
//! code of this very source. A driver can refuse code of a later CUDA than its own, so pack with an
//! NVRTC that is no newer than the drivers. Two packs may hold one kernel; the first counts.
//!
//! **What is missing** is compiled where there is NVRTC. Where there is none, plans take the best of
//! the kernels that the packs hold and that can serve the problem. If there is none, and wherever a
//! kernel is asked for that no pack has, the error is [`NotPacked`](crate::cache::NotPacked). A source that was edited
//! ([`Config::override_dir`](crate::Config::override_dir)) is another source, which no pack has.
//!
//! **What is checked.** Opening reads the index alone and checks it whole; the machine code of a
//! kernel is read when it is needed, and handed out only if its digest is the one of the index.
//! A pack that cannot be opened fails the engine that was to have it. A packed kernel that turned
//! out damaged is logged and compiled, where there is a compiler. Digests find damage, not forgery:
//! take packs from those from whom you would take a program.
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
mod tests;
mod write;

pub use error::PackError;
pub use format::{FORMAT, PackedKernel};
pub use read::Pack;
pub use set::Packs;
pub use write::PackWriter;
