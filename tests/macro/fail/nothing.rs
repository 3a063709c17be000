//! An invocation that declares nothing.
topkit::topk_kernel! {}

fn main() {}
