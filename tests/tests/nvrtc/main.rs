//! Compiles the generated text with NVRTC. Needs NVRTC and no GPU.
#![allow(clippy::unwrap_used, reason = "a test stops at the first surprise")]

mod compiling;
mod empty;
mod engine;
mod functions;
mod loads;
mod outputs;
mod program;
mod seams;
mod search;
mod settings;
#[path = "../tour/steps.rs"]
mod steps;
mod tour;
mod warmup;
