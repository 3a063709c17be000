//! The library for C and C++, and for every language that can call C. `include/topkit.h` documents it.
//!
//! It wraps the launches by address of the `topkit` crate and adds no selection of its own: it converts
//! handles, codes and structs to that crate's types, and errors to a status and a sentence. No panic
//! leaves it: a panic becomes `TOPKIT_ERROR_INTERNAL`. It cannot check the caller's promises: that a
//! pointer to host memory is valid as the header says, that a handle came from here and was not
//! destroyed, and that device addresses are valid.

mod abi;
mod context;
mod convert;
mod engine;
mod failure;
mod last_error;
#[cfg(feature = "peer")]
mod peer;
mod selector;
mod sized;

use std::ffi::{CStr, c_char};

const VERSION: &CStr =
    match CStr::from_bytes_with_nul(concat!(env!("CARGO_PKG_VERSION"), "\0").as_bytes()) {
        Ok(version) => version,
        Err(_) => panic!("a version holds no NUL byte"),
    };

/// `topkit_version` of the header.
// SAFETY: no other symbol of this prefix exists in the program.
#[unsafe(no_mangle)]
pub extern "C" fn topkit_version() -> *const c_char {
    VERSION.as_ptr()
}

/// `topkit_last_error` of the header.
// SAFETY: as for `topkit_version`.
#[unsafe(no_mangle)]
pub extern "C" fn topkit_last_error() -> *const c_char {
    last_error::get()
}
