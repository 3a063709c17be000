//! Turns the syntax of a declaration into a spec: checks the names of its keys, reads their values and
//! validates the spec.
//!
//! The rules of a valid spec are not here but in `SelectorSpec::validate`. This module reports each of its
//! faults at the token that caused the fault. `keys` reads the values of a key, and
//! `functions` the user's functions. A key with a fault gets its
//! default value, so that later faults are reported too.

mod functions;
mod keys;

pub use functions::{Own, Sound};

use crate::diagnostic::{self, Diagnostic};
use crate::fallback;
use crate::parse::{Body, Declaration, Entry, Value};
use keys::Reader;
use proc_macro2::TokenStream;
use quote::ToTokens;
use syn::ext::IdentExt;
use topkit_codegen::{Fault, Key, KeyKind, SelectorSpec};

/// The spec of the declaration, always valid, even if the declaration is not; and its functions.
pub fn spec(
    declaration: &Declaration,
    diagnostics: &mut Vec<Diagnostic>,
) -> (SelectorSpec, Option<Own>) {
    let mut spec = fallback::spec(declaration.name.unraw().to_string());
    let Some(Body { entries, .. }) = &declaration.body else { return (spec, None) };
    let mut given: Vec<Given> = Vec::new();
    let mut misspelt = Vec::new();
    for entry in entries {
        let Some(key) = Key::from_name(&entry.key.unraw().to_string()) else {
            let nearest = nearest(entry);
            misspelt.extend(nearest);
            diagnostics.push(diagnostic::unknown_key(&entry.key, nearest, entry.in_tuning));
            continue;
        };
        if given.iter().any(|given| given.key == key) {
            diagnostics.push(diagnostic::duplicate_key(&entry.key));
            continue;
        }
        match (matches!(key.kind(), KeyKind::Tuning(_)), entry.in_tuning) {
            (true, false) => {
                let value = entry.value.as_ref().map(|value| value.place().to_string());
                diagnostics.push(diagnostic::outside_tuning(&entry.key, value, key));
            }
            (false, true) => diagnostics.push(diagnostic::inside_tuning(&entry.key)),
            _ => {}
        }
        let mut reader = Reader { key, each: Vec::new(), diagnostics };
        if let Some(value) = &entry.value {
            reader.set(value, &mut spec);
        }
        let each = reader.each;
        let whole = entry.value.as_ref().map_or(entry.key.to_token_stream(), Value::place);
        given.push(Given { key, whole, each });
    }
    let has = |key| given.iter().any(|given| given.key == key) || misspelt.contains(&key);
    if !has(Key::Dtype) {
        diagnostics.push(diagnostic::missing_dtype(&declaration.name));
    }
    let own = functions::functions(declaration, diagnostics);
    if let Some(sound) = own.as_ref().and_then(|own| own.sound.as_ref()) {
        spec.program = Some(sound.program.clone());
        let keys: Vec<Key> = given.iter().map(|given| given.key).collect();
        spec.suit_functions(&keys);
    }
    for fault in spec.validate() {
        fallback::restore(fault.key, &mut spec);
        let place = place(&fault, &given, declaration);
        diagnostics.push(diagnostic::spec_fault(fault, place));
    }
    (spec, own)
}

/// The key nearest to a misspelt one.
fn nearest(entry: &Entry) -> Option<Key> {
    let written = entry.key.unraw().to_string();
    diagnostic::nearest(&written, Key::ALL.iter().map(|key| key.name())).and_then(Key::from_name)
}

/// A key that the declaration gives, and where.
struct Given {
    key: Key,
    whole: TokenStream,
    /// The values of a list, or the two ends of a range, as the spec counts them.
    each: Vec<TokenStream>,
}

fn place(fault: &Fault, given: &[Given], declaration: &Declaration) -> TokenStream {
    match given.iter().find(|given| given.key == fault.key) {
        Some(given) => {
            let value = fault.value.and_then(|i| given.each.get(i));
            value.unwrap_or(&given.whole).clone()
        }
        None => declaration.name.to_token_stream(),
    }
}
