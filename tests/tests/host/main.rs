//! What needs nothing: the oracle and both judges, the text of the kernels, the macro.
#![allow(clippy::unwrap_used, reason = "a test stops at the first surprise")]

mod accepted;
mod check;
mod golden;
mod judge;
mod oracle;
mod question;
mod refused;
