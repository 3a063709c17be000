//! The errors that C and C++ programs get when they use the library wrongly, or run on a machine that
//! lacks a GPU or a library. The header is compiled with every warning an error.

#![allow(clippy::unwrap_used, reason = "a test stops at what it did not expect")]

mod support;

use std::process::Command;
use support::{Language, Library, succeed};

#[test]
fn every_error_that_needs_no_gpu_has_its_status_and_text() {
    let library = Library::build("");
    for language in Language::ALL {
        succeed(&mut library.program(language, &["tests/c/errors.c"], &[]));
        succeed(&mut library.static_program(language, &["tests/c/errors.c"]));
    }
}

#[test]
fn a_driver_that_lacks_functions_is_an_error() {
    let (library, old) = (Library::build(""), tempfile::tempdir().unwrap());
    let source = old.path().join("cuda.c");
    std::fs::write(&source, "int cuInit(unsigned flags) { return (int)flags; }\n").unwrap();
    for name in ["libcuda.so", "libcuda.so.1"] {
        let mut compiler = Command::new(std::env::var_os("CC").unwrap_or_else(|| "cc".into()));
        compiler.args(["-shared", "-fPIC", "-Wl,-soname,libcuda.so.1", "-o"]);
        succeed(compiler.arg(old.path().join(name)).arg(&source));
    }
    let mut program = library.program(Language::C99, &["tests/c/driver.c"], &[]);
    succeed(program.env("LD_LIBRARY_PATH", old.path()));
}

#[test]
fn the_interface_for_benchmarks_refuses_what_it_does_not_serve() {
    let library = Library::build("peer");
    for language in Language::ALL {
        succeed(&mut library.program(language, &["tests/c/peer.c"], &[]));
    }
}
