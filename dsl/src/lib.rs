//! `topk_kernel!`: declares a selector of top-k kernels as a Rust type.
//!
//! The macro turns tokens into a checked [`SelectorSpec`], and the spec into a Rust type that uses the crate
//! `topkit`, which re-exports the macro. It prints no CUDA and reads only its tokens. For a faulty declaration
//! it reports every fault at once, each at its own token and with a hint, and still emits the type, so that
//! code that uses the type shows no further errors.
//!
//! Tokens pass through `parse` (syntax) → `check` (the spec) → `fallback` (defaults for faulty keys)
//! → `expand` (Rust items); `diagnostic` has the text of every fault.
//!
//! [`SelectorSpec`]: topkit_codegen::SelectorSpec

mod check;
mod diagnostic;
mod expand;
mod fallback;
mod parse;
mod source;
#[cfg(test)]
mod tests;

use diagnostic::Diagnostic;
use proc_macro2::TokenStream;

/// Declares one or more selectors of top-k kernels, each as a type.
///
/// ```text
/// use topkit::topk_kernel;
///
/// topk_kernel! {
///     /// The K best KV positions of one query row.
///     pub kernel IndexerTopK {
///         dtype: [f32, bf16, f16],
///         k:     1..=2048,
///         rows:  ragged,
///     }
/// }
///
/// let engine = topkit::Engine::new()?;
/// let indexer = IndexerTopK::new(&engine)?;
/// ```
///
/// # Keys
///
/// Keys may be in any order, each at most once. The tuning axes have their own block:
/// `tuning { vec_size: [4, 8], threads: 512 }`. Every key but `dtype` has a default.
///
#[doc = include_str!("keys.md")]
///
/// `dtype` takes one value or a list. `k` takes one value, a list or a range with both ends,
/// `1..=2048`; it bounds what may be asked for and adds no kernels. The keys from `select` on say what
/// the answer is and take one word.
///
/// The tuning axes decide only the speed and belong in `tuning { .. }`. Each takes one value or a list;
/// the selector has a variant for each combination, and a plan names one. Leave them out unless you
/// measure: each default size is the fastest for some problem.
///
/// Values that contradict each other are a compile error at their token.
///
/// # What it expands to
///
/// A type of the declared name and visibility that is `Debug` and `Clone`, with `SPEC`, `new`,
/// `variants`, `plan`, `prepare`, `warmup`, `launch`, `workspace`, `launch_with`, `source`, `explain` and `selector`. Doc
/// comments and other attributes above `kernel` are carried to the type, and `#[cfg]` to all that
/// belongs to it. All paths start at `::topkit`, so the crate must be a dependency under that name.
#[proc_macro]
pub fn topk_kernel(input: proc_macro::TokenStream) -> proc_macro::TokenStream {
    let (items, diagnostics) = declare(input.into());
    let errors = diagnostics.iter().map(Diagnostic::to_compile_error);
    items.into_iter().chain(errors.flatten()).collect::<TokenStream>().into()
}

/// The items of every declaration, sound or not, and all faults in the order of the source.
fn declare(input: TokenStream) -> (TokenStream, Vec<Diagnostic>) {
    let mut diagnostics = Vec::new();
    let mut items = TokenStream::new();
    for declaration in parse::parse(input, &mut diagnostics) {
        let (spec, own) = check::spec(&declaration, &mut diagnostics);
        items.extend(expand::items(&declaration, &spec, own.as_ref()));
    }
    diagnostics.sort_by_key(Diagnostic::position);
    (items, diagnostics)
}
