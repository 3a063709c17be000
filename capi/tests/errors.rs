//! What the library says to C and C++ programs that use it wrongly, or on a machine that lacks what
//! it needs. The header is compiled with every warning an error.

mod support;

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
fn the_interface_for_benchmarks_refuses_what_it_does_not_serve() {
    let library = Library::build("peer");
    for language in Language::ALL {
        succeed(&mut library.program(language, &["tests/c/peer.c"], &[]));
    }
}
