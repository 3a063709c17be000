//! `topk_kernel!`: declares a selector of top-k kernels as a Rust type.
//!
//! The macro turns tokens into a checked [`SelectorSpec`] and that into a type of the crate
//! `topkit`, which re-exports it. It prints no CUDA and reads nothing but its tokens. A faulty
//! declaration gives every fault at once, each at its own token and with a hint; the type is
//! emitted all the same, so that code that uses it shows no further errors.
//!
//! Tokens pass through `ast` (syntax) → `check` (meaning) → `fallback` (defaults for faulty keys)
//! → `expand` (Rust items); `messages` has the text of every fault.
//!
//! [`SelectorSpec`]: topkit_codegen::SelectorSpec

mod ast;
mod check;
mod expand;
mod fallback;
mod messages;
#[cfg(test)]
mod tests;

use messages::Problem;
use proc_macro2::TokenStream;

/// Declares one or more selectors of top-k kernels, each as a type.
///
/// ```text
/// use topkit::topk_kernel;
///
/// topk_kernel! {
///     /// The K best KV positions of one query row.
///     pub kernel IndexerTopK {
///         dtype:    [f32, bf16, f16],
///         k:        1..=2048,
///         vec_size: [1, 2, 4, 8],
///         rows:     ragged,
///     }
/// }
///
/// let engine = topkit::Engine::new()?;
/// let indexer = IndexerTopK::new(&engine)?;
/// ```
///
/// # Keys
///
/// Keys stand in any order, each at most once. Every key but `dtype` has a default.
///
/// | key | takes | default | meaning |
/// |---|---|---|---|
/// | `dtype` | `f32`, `bf16`, `f16` | required | score types that the selector serves |
/// | `k` | 1 to 2147483647 | `1..=2048` | values of k that a plan may ask for |
/// | `vec_size` | 1, 2, 4, 8 | `[4, 8]` | elements that a thread loads at once; no demand on the caller's alignment |
/// | `bins` | 256, 512, 1024, 2048, 4096 | `[1024, 2048, 4096]` | histogram bins of one radix pass |
/// | `threads` | 128, 256, 512, 1024 | `[256, 512, 1024]` | threads of a CTA |
/// | `select` | `largest`, `smallest` | `largest` | which end of the order wins |
/// | `nan` | `highest`, `lowest` | `highest` | where NaN of either sign ranks: above +inf, as `torch.topk` has it, or below -inf |
/// | `ties` | `any`, `lowest_index`, `highest_index` | `any` | which of equal scores win when not all of them can |
/// | `order` | `unsorted`, `by_value`, `by_index` | `unsorted` | in what order the winners of a row are written |
/// | `index` | `i32`, `u32`, `i64` | `i32` | the integer type of the indices; the fill is -1, all bits set for `u32` |
/// | `values` | `true`, `false` | `false` | whether the winners' scores are written too |
/// | `rows` | `dense`, `ragged` | `dense` | rows of one length, or of a `start` and `len` read on the device |
///
/// `dtype`, `vec_size`, `bins` and `threads` take one value or a list, `[4, 8]`. A list is an
/// axis: the selector has a kernel for each combination, and a plan picks one. `k` takes one value,
/// a list or a range with both ends, `1..=2048`; it bounds what may be asked for and adds no
/// kernels. The other keys say what the answer is and take one word.
///
/// A value that the table names and no kernel supports yet is a compile error that says so.
///
/// # What it expands to
///
/// A type of the declared name and visibility that is `Debug` and `Clone`, with `SPEC`, `new`,
/// `variants`, `plan`, `prepare`, `warmup`, `launch`, `workspace`, `launch_with`, `source`, `explain` and `selector`. Doc
/// comments and other attributes above `kernel` are carried to the type, and `#[cfg]` to all that
/// belongs to it. All paths start at `::topkit`, so the crate must be a dependency under that name.
#[proc_macro]
pub fn topk_kernel(input: proc_macro::TokenStream) -> proc_macro::TokenStream {
    let (items, problems) = declare(input.into());
    let errors = problems.iter().map(Problem::to_compile_error);
    items.into_iter().chain(errors.flatten()).collect::<TokenStream>().into()
}

/// The items of every declaration, sound or not, and all faults in the order of the source.
fn declare(input: TokenStream) -> (TokenStream, Vec<Problem>) {
    let mut problems = Vec::new();
    let mut items = TokenStream::new();
    for declaration in ast::parse(input, &mut problems) {
        let spec = check::spec(&declaration, &mut problems);
        items.extend(expand::items(&declaration, &spec));
    }
    problems.sort_by_key(Problem::position);
    (items, problems)
}
