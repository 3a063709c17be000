//! Checks the syntax of functions and makes their tree: names, types, and what the language has not.
//!
//! Every fault is reported, each at its tokens and with what to write instead; an expression with a fault suits every
//! place, so that it causes no further one. `signature` reads what is declared, `constants` the constants, `body` and
//! the files that it names a function; `finish` gives the numbers their types.

mod body;
mod calls;
mod constants;
mod control;
mod cover;
mod finish;
mod foreign;
mod infer;
mod operators;
mod pattern;
mod signature;

use super::fault::{FunctionFault, place_of};
use super::parse::Item;
use super::tree::{Arg, Constant, Function, Functions};
use body::Body;
use proc_macro2::TokenStream;
use quote::ToTokens;
use signature::Signature;
use syn::ext::IdentExt;

/// The names of functions, for faults that only the use of a function tells.
pub(super) struct Names {
    /// Of all functions, in the order of the source.
    pub functions: Vec<TokenStream>,
    /// Of those that a function calls.
    pub called: Vec<String>,
}

/// The functions of these items. If there were no new faults, they are sound.
pub(super) fn check(
    args: Vec<Arg>,
    items: Vec<Item>,
    faults: &mut Vec<FunctionFault>,
) -> (Functions, Names) {
    let mut known = Known { args, constants: Vec::new(), signatures: Vec::new() };
    let (mut constants, mut functions) = (Vec::new(), Vec::new());
    for item in items {
        match item {
            Item::Constant(constant) => constants.push(constant),
            Item::Function(function) => functions.push(function),
        }
    }
    signature::names(&known.args, &constants, &functions, faults);
    constants::check(&mut known, &constants, faults);
    known.signatures = functions.iter().map(|function| signature::read(function, faults)).collect();
    let mut checked = Vec::new();
    let mut calls = Vec::new();
    for (function, signature) in functions.iter().zip(&known.signatures) {
        let mut body = Body::new(&known, signature.result, faults);
        let block = body.function(function, signature);
        calls.push(std::mem::take(&mut body.calls));
        let reads_args = body.reads_args;
        let (body, locals) = body.finish(block);
        checked.push(Function {
            name: signature.name.clone(),
            params: signature.params.len(),
            result: signature.result,
            locals,
            body,
            place: place_of(&function.sig.ident.to_token_stream()),
            reads_args,
        });
    }
    recursion(&known.signatures, &calls, faults);
    // A function reads what those read that it calls.
    for _ in 0..checked.len() {
        for (caller, calls) in calls.iter().enumerate() {
            let reads = calls.iter().any(|(called, _)| checked[*called].reads_args);
            checked[caller].reads_args |= reads;
        }
    }
    let called = calls.iter().flatten().map(|(called, _)| checked[*called].name.clone()).collect();
    let functions_of = functions.iter().map(|function| function.sig.ident.to_token_stream());
    let names = Names { functions: functions_of.collect(), called };
    let Known { args, constants, .. } = known;
    (Functions { args, constants, functions: checked }, names)
}

/// What a function can name.
struct Known {
    args: Vec<Arg>,
    constants: Vec<Constant>,
    signatures: Vec<Signature>,
}

impl Known {
    fn constant(&self, name: &str) -> Option<usize> {
        self.constants.iter().position(|constant| constant.name == name)
    }

    fn function(&self, name: &str) -> Option<usize> {
        self.signatures.iter().position(|function| function.name == name)
    }

    fn arg(&self, name: &str) -> Option<usize> {
        self.args.iter().position(|arg| arg.name == name)
    }
}

/// The functions that each function calls, each with the tokens of the call.
type Calls = Vec<(usize, TokenStream)>;

/// Refuses the calls that close a circle.
fn recursion(functions: &[Signature], calls: &[Calls], faults: &mut Vec<FunctionFault>) {
    for (caller, own) in calls.iter().enumerate() {
        let Some((called, place)) = own.iter().find(|(called, _)| reaches(calls, *called, caller))
        else {
            continue;
        };
        let (caller, called) = (&functions[caller].name, &functions[*called].name);
        let text = match caller == called {
            true => format!("`{caller}` calls itself"),
            false => format!("`{caller}` calls `{called}`, which leads back to `{caller}`"),
        };
        faults.push(FunctionFault::new(place, text, "write a loop, `for i in 0..n { .. }`"));
    }
}

/// Whether a function calls another, directly or through others.
fn reaches(calls: &[Calls], from: usize, to: usize) -> bool {
    let (mut seen, mut next) = (vec![false; calls.len()], vec![from]);
    while let Some(function) = next.pop() {
        if function == to {
            return true;
        }
        if !std::mem::replace(&mut seen[function], true) {
            next.extend(calls[function].iter().map(|(called, _)| *called));
        }
    }
    false
}

/// The text of a name.
fn text_of(name: &syn::Ident) -> String {
    name.unraw().to_string()
}
