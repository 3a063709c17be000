//! The library on a GPU: the example of the README, in C, on a stream and in memory of its own.

mod support;

use support::{Language, Library, succeed};

#[test]
fn the_example_selects_the_best() {
    let library = Library::build("");
    for language in Language::ALL {
        let sources = ["examples/select.c", "tests/c/cuda/cuda_runtime.c"];
        let printed = succeed(&mut library.program(language, &sources, &["tests/c/cuda"]));
        assert!(printed.contains("\n0 of 65536 indices are wrong\n"), "{printed}");
    }
}
