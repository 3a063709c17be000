//! What `topk_kernel!` accepts, and what it says of what it does not.
//!
//! The messages are kept beside the cases. They are rustc's rendering, so they hold for the
//! toolchain that wrote them; `TRYBUILD=overwrite` writes them anew.

#[test]
fn accepted() {
    trybuild::TestCases::new().pass("macro/pass/*.rs");
}

#[test]
fn refused() {
    trybuild::TestCases::new().compile_fail("macro/fail/*.rs");
}
