//! What this repository promises of itself, read from its sources. Needs nothing.
#![allow(clippy::unwrap_used, reason = "a test stops at the first surprise")]

mod absent;
mod documents;
mod packages;
mod rooms;
mod tokens;
mod tree;
mod words;
