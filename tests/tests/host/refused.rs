//! What `topk_kernel!` says of a declaration that it refuses.
//!
//! The messages are kept beside the cases. They are rustc's rendering, so they hold for the
//! toolchain that wrote them; `TRYBUILD=overwrite` writes them anew.

#[test]
fn refused() {
    trybuild::TestCases::new().compile_fail("macro/fail/*.rs");
}
