//! The language of a selector's own functions: a subset of Rust that runs inside of the kernels.
//!
//! The macro gives tokens, the builder at run time a string; both are read by `parse` and checked by `check` into one
//! tree, [`Functions`]. `cuda` writes the tree as CUDA C++, `evaluate` runs it on the host. Nothing here knows of
//! kernels: what a function is for, and what it must take, is checked where it is used. All faults are reported at
//! once.

mod arguments;
mod builtin;
mod check;
mod cuda;
mod evaluate;
mod fault;
mod parse;
mod stages;
#[cfg(test)]
mod tests;
mod tree;
mod ty;
mod value;

pub(crate) use arguments::MEMBERS;
pub(crate) use cuda::identifier_fault;
pub use evaluate::{Arithmetic, Inputs, NoInputs, Stop};
pub use fault::{FunctionFault, FunctionsError};
pub(crate) use stages::PROGRAM;
pub use stages::{Origin, Stage, Stages};
pub use tree::{Arg, ArgKind, Function, Functions, Place};
pub use ty::Type;
pub use value::Value;

use check::Names;
use proc_macro2::{Ident, TokenStream};
use quote::ToTokens;

impl Functions {
    /// Reads and checks functions from tokens; the tree is sound if there are no faults.
    pub fn from_tokens(args: Vec<Arg>, tokens: TokenStream) -> (Functions, Vec<FunctionFault>) {
        let (functions, _, faults) = Functions::named(args, tokens);
        (functions, faults)
    }

    /// The same, with the names of the functions.
    fn named(args: Vec<Arg>, tokens: TokenStream) -> (Functions, Names, Vec<FunctionFault>) {
        let mut faults = Vec::new();
        let items = parse::items(tokens, &mut faults);
        let (functions, names) = check::check(args, items, &mut faults);
        (functions, names, faults)
    }

    /// Reads and checks functions from their source.
    ///
    /// # Errors
    /// All their faults.
    pub fn parse(args: Vec<Arg>, source: &str) -> Result<Functions, FunctionsError> {
        let (functions, faults) = Functions::from_tokens(args, tokens(source)?);
        if faults.is_empty() { Ok(functions) } else { Err(FunctionsError::new(source, &faults)) }
    }
}

/// The tokens of a source.
fn tokens(source: &str) -> Result<TokenStream, FunctionsError> {
    source.parse::<TokenStream>().map_err(|error| {
        let here = Ident::new("here", error.span()).into_token_stream();
        let text = format!("cannot read this: {error}");
        let hint = "see whether each bracket has its other one";
        FunctionsError::new(source, &[FunctionFault::new(here, text, hint)])
    })
}
