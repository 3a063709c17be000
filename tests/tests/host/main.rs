//! The tests that need nothing: the oracle and both checks of answers, the text of the kernels, the macro.
#![allow(clippy::unwrap_used, reason = "a test stops at the first surprise")]

mod accepted;
mod check;
mod checker;
mod exactness;
mod golden;
mod launching;
mod merging;
mod oracle;
mod problem;
mod refused;
mod renamed;
