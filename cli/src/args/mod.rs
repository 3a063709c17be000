//! What commands read: flags that several of them have, their grammars, and files with scores or text.
//!
//! Whatever is wrong is one line that says what was found and what would do. Nothing here runs a kernel.

pub mod document;
pub mod kernel;
pub mod member;
pub mod place;
pub mod scores;
pub mod spec;
