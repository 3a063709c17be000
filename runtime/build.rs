//! Refuses a build without bindings of the CUDA driver in one message, before the crate itself
//! fails on every name of them. It generates nothing and looks at nothing of the machine.

#[cfg(not(any(feature = "cuda-12", feature = "cuda-any")))]
compile_error!(
    "topkit needs bindings of the CUDA driver: enable its feature `cuda-12` (the default, for every \
     driver since CUDA 12.0), or `cuda-any` where another crate of the program chooses the version"
);

fn main() {
    println!("cargo::rerun-if-changed=build.rs");
}
