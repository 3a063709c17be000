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
/// # Functions
///
/// A declaration may have functions of its own, which run inside its kernels, and arguments that each launch gives them:
///
/// ```text
/// topk_kernel! {
///     /// The best KV positions of one query row, as places in a paged cache.
///     pub kernel PagedIndexer {
///         dtype: [f32, bf16], k: [512, 1024, 2048],
///         args { scale: f32, seq_lens: [i32], pages: [i32], pages_per_row: i64 }
///
///         fn row_len(row: i32) -> i32 { seq_lens[row] }
///         fn score(x: f32) -> f32 { x * scale }
///         fn emit(row: i32, col: i32) -> i32 {
///             pages[row as i64 * pages_per_row + (col >> 6) as i64] * 64 + (col & 63)
///         }
///     }
/// }
/// ```
///
/// A stage is a function of its name. It has those of its parameters that it needs.
///
/// | function | says |
/// |---|---|
/// | `row_start(row: i32) -> i32` | the first column of a row |
/// | `row_len(row: i32) -> i32` | how many columns a row has; both make the rows ragged |
/// | `keep(row: i32, col: i32) -> bool` | whether an element may win |
/// | `score(x: f32, row: i32, col: i32) -> f32` | the score of an element, of f32, bf16 or f16 |
/// | `emit(row: i32, col: i32) -> i32` | what is written for a winner: `i32`, `u32` or `i64`, which is the index type |
///
/// Other functions and constants are for them to use. All are a subset of Rust, with Rust's meaning: `let`, `if`,
/// `match` on integers, `for` over ranges, arithmetic, `as`, calls, and the elements of slices. What is not part of it is
/// an error that says what to write instead. rustc checks the functions too, and each stage is a function of the type,
/// `PagedIndexer::score(&args, x)`, for tests.
///
/// Arguments are `f32`, `i32`, `u32`, `i64`, `bool`, `bf16` and `f16`, and slices of them. The macro declares
/// `PagedIndexerArgs` with a field for each, and `launch` takes it after `k`.
///
/// # What it expands to
///
/// A type of the declared name and visibility that is `Debug` and `Clone`, with `SPEC`, `new`,
/// `variants`, `plan`, `prepare`, `warmup`, `launch`, `workspace`, `launch_with`, `source`, `explain` and `selector`. Doc
/// comments and other attributes above `kernel` are carried to the type, and `#[cfg]` to all that
/// belongs to it. All paths start at `::topkit`. Where the crate has another name or is re-exported, name its path:
/// `crate: my_engine::topkit`.
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
