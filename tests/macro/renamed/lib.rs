//! The library under another name, re-exported, and the macro in modules and functions; in every edition.
#![deny(warnings, missing_docs, unreachable_pub, missing_debug_implementations)]

/// What an engine hands on.
pub mod engine {
    pub use selection as topkit;
}

selection::topk_kernel! {
    /// At the root.
    pub kernel Renamed {
        crate: selection,
        dtype: f32,
        args { scale: f32, bias: [f32] }
        fn score(x: f32, col: i32) -> f32 { twice(x * scale) + bias[col] }
        fn twice(x: f32) -> f32 { x * TWO }
        const TWO: f32 = 2.0;
    }
}

/// A module, in which nothing is called as the macro expects it.
pub mod inner {
    #![allow(non_camel_case_types, dead_code)]
    use crate::engine::topkit::topk_kernel;

    struct Option;
    struct Given;
    struct Vec;
    struct u32;
    mod std {}
    fn score() {}

    topk_kernel! {
        /// In a module.
        pub kernel Nested {
            dtype: [f32, bf16], crate: crate::engine::topkit,
            args { given: i32, args: [i32] }
            fn keep(row: i32, col: i32) -> bool { args[row] + given != col }
        }
    }
}

macro_rules! scaled {
    ($name:ident, $factor:expr, $arg:ident) => {
        selection::topk_kernel! {
            /// From another macro, whose fragments are whole.
            pub kernel $name {
                crate: selection,
                dtype: f32,
                args { $arg: f32, offset: f32 }
                fn score(x: f32) -> f32 { x * $factor + $arg + offset }
            }
        }
    };
}
scaled!(Made, 1.0 + 2.0, shift);

/// In a function.
pub fn kernels() -> usize {
    selection::topk_kernel! {
        kernel Local {
            crate: selection,
            dtype: f32,
            args { scale: f32 }
            fn score(x: f32) -> f32 { x * scale }
        }
    }
    let args = LocalArgs { scale: 2.0 };
    Local::score(&args, 1.0) as usize + Local::variants().len()
}
