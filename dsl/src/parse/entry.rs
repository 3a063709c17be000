//! The keys of a declaration, each with its value, and the block of the tuning axes.

use super::value::{Value, value};
use super::{attributes, take_until};
use crate::diagnostic::{self, Diagnostic, TUNING};
use proc_macro2::{Ident, TokenTree};
use quote::quote;
use syn::ext::IdentExt;
use syn::parse::{ParseStream, Parser, Result};
use syn::{Token, token};

/// One `key: value`.
pub struct Entry {
    pub key: Ident,
    /// None where it is missing, which has been reported.
    pub value: Option<Value>,
    /// It is in `tuning { .. }`.
    pub in_tuning: bool,
}

/// Reads entries up to the end of the braces, of the block that `block` names if there is one.
pub(super) fn entries(
    input: ParseStream<'_>,
    block: Option<&Ident>,
    diagnostics: &mut Vec<Diagnostic>,
) -> Result<Vec<Entry>> {
    let mut entries = Vec::new();
    let mut tuned = false;
    while !input.is_empty() {
        let attrs = attributes(input, diagnostics)?;
        if !attrs.is_empty() {
            diagnostics.push(diagnostic::attribute_on_key(quote!(#(#attrs)*)));
        }
        if input.is_empty() {
            break;
        }
        let Ok(key) = input.call(Ident::parse_any) else {
            diagnostics.push(diagnostic::not_a_key(input.fork().parse::<TokenTree>()?));
            take_until(input, ends_entry)?;
            if !input.is_empty() {
                input.parse::<TokenTree>()?;
            }
            continue;
        };
        if starts_block(&key, input) {
            if key == TUNING && (tuned || block.is_some()) {
                diagnostics.push(diagnostic::duplicate_key(&key));
            }
            tuned |= key == TUNING;
            entries.extend(tuning(&key, input, diagnostics)?);
            continue;
        }
        if key == TUNING {
            diagnostics.push(diagnostic::tuning_without_braces(&key));
            take_until(input, |input| ends_entry(input) || starts_entry(input))?;
            input.parse::<Option<Token![,]>>()?;
            continue;
        }
        let value = value_of(&key, input, diagnostics)?;
        if input.peek(Token![,]) {
            input.parse::<Token![,]>()?;
        } else if let Some(semicolon) = input.parse::<Option<Token![;]>>()? {
            diagnostics.push(diagnostic::not_a_comma(semicolon));
        } else if !input.is_empty() {
            diagnostics.push(diagnostic::missing_comma(&input.fork().call(Ident::parse_any)?));
        }
        entries.push(Entry { key, value, in_tuning: block.is_some() });
    }
    Ok(entries)
}

/// Whether the block of the tuning axes follows, well formed or not.
fn starts_block(key: &Ident, input: ParseStream<'_>) -> bool {
    let braces = input.peek(token::Brace);
    braces || (*key == TUNING && input.peek(Token![:]) && input.peek2(token::Brace))
}

/// Reads the block; the comma after it may be left out.
fn tuning(
    key: &Ident,
    input: ParseStream<'_>,
    diagnostics: &mut Vec<Diagnostic>,
) -> Result<Vec<Entry>> {
    if *key != TUNING {
        diagnostics.push(diagnostic::unknown_block(key));
    }
    if let Some(colon) = input.parse::<Option<Token![:]>>()? {
        diagnostics.push(diagnostic::colon_before_block(colon));
    }
    let content;
    syn::braced!(content in input);
    let read = entries(&content, Some(key), diagnostics);
    input.parse::<Option<Token![,]>>()?;
    read
}

fn value_of(
    key: &Ident,
    input: ParseStream<'_>,
    diagnostics: &mut Vec<Diagnostic>,
) -> Result<Option<Value>> {
    if input.is_empty() || ends_entry(input) {
        diagnostics.push(diagnostic::missing_value(key));
        return Ok(None);
    }
    if input.peek(Token![:]) && !input.peek(Token![::]) {
        input.parse::<Token![:]>()?;
    } else if let Some(equals) = input.parse::<Option<Token![=]>>()? {
        diagnostics.push(diagnostic::missing_colon(equals, key));
    } else {
        diagnostics.push(diagnostic::missing_colon(key, key));
    }
    let tokens = take_until(input, |input| ends_entry(input) || starts_entry(input))?;
    if tokens.is_empty() {
        diagnostics.push(diagnostic::missing_value(key));
        return Ok(None);
    }
    value.parse2(tokens).map(Some)
}

fn ends_entry(input: ParseStream<'_>) -> bool {
    input.peek(Token![,]) || input.peek(Token![;])
}

/// Whether a key with its colon or its braces comes next: the comma before it is missing.
fn starts_entry(input: ParseStream<'_>) -> bool {
    let colon = input.peek2(Token![:]) && !input.peek2(Token![::]);
    input.peek(Ident::peek_any) && (colon || input.peek2(token::Brace))
}
