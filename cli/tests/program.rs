//! The program, as a user runs it. Tests that need NVRTC have the feature `nvrtc`.
#![allow(clippy::unwrap_used, reason = "a test stops at what it did not expect")]

mod bench;
mod cache;
#[cfg(feature = "nvrtc")]
mod compile;
mod diff;
mod doctor;
#[cfg(target_os = "linux")]
mod drivers;
mod emit;
mod formats;
mod given;
mod input;
mod interpret;
#[cfg(target_os = "linux")]
mod libraries;
mod pack;
#[cfg(feature = "nvrtc")]
mod packing;
#[cfg(any(feature = "numpy", feature = "torch"))]
mod parity;
mod recall;
mod run;
mod support;
mod tune;
#[cfg(feature = "nvrtc")]
mod warmup;
