//! Runs the kernels on the host, with every access checked. Needs a C++ compiler; without one every test fails.
#![allow(clippy::unwrap_used, reason = "a test stops at the first surprise")]

mod case;
mod cover;
mod dealt;
mod dtypes;
mod exactness;
mod faults;
mod filter;
mod functions;
mod fuzz;
mod input;
mod launches;
mod launching;
mod merging;
mod mutation;
mod outputs;
mod program;
mod ragged;
mod rows;
mod seams;
mod special;
mod speed;
#[path = "../tour/steps.rs"]
mod steps;
mod ties;
mod tour;
