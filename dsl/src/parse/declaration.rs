//! One declaration: attributes, visibility, `kernel`, name and braces.

use super::entry::{Body, entries};
use super::{attributes, take_until};
use crate::diagnostic::{self, Diagnostic};
use proc_macro2::{Ident, TokenTree};
use quote::{ToTokens, quote};
use syn::ext::IdentExt;
use syn::parse::{ParseStream, Result};
use syn::{Attribute, Token, Visibility, token};

/// One `kernel Name { .. }`.
pub struct Declaration {
    pub attrs: Vec<Attribute>,
    pub vis: Visibility,
    pub name: Ident,
    /// What is in the braces; `None` if the braces are missing, which has been reported.
    pub body: Option<Body>,
}

/// Reads a declaration; none where only its fault could be read.
pub(super) fn declaration(
    input: ParseStream<'_>,
    diagnostics: &mut Vec<Diagnostic>,
) -> Result<Option<Declaration>> {
    let attrs = attributes(input, diagnostics)?;
    let vis: Visibility = input.parse()?;
    let Ok(word) = input.call(Ident::parse_any) else {
        diagnostics.push(match skip_to_declaration(input)? {
            Some(junk) => diagnostic::not_kernel(junk),
            None => diagnostic::no_kernel(quote!(#(#attrs)* #vis)),
        });
        return Ok(None);
    };
    let name = if word != "kernel" && input.peek(token::Brace) {
        diagnostics.push(diagnostic::missing_kernel(&word));
        Some(word)
    } else {
        if word != "kernel" {
            diagnostics.push(diagnostic::not_kernel(&word));
        }
        let name = input.parse::<Ident>().ok();
        if name.is_none() {
            diagnostics.push(diagnostic::missing_name(&word));
        }
        name
    };
    let body = body(input, name.as_ref(), diagnostics)?;
    Ok(name.map(|name| Declaration { attrs, vis, name, body }))
}

fn body(
    input: ParseStream<'_>,
    name: Option<&Ident>,
    diagnostics: &mut Vec<Diagnostic>,
) -> Result<Option<Body>> {
    let stray = take_until(input, |input| input.peek(token::Brace) || input.peek(Token![;]))?;
    if input.peek(token::Brace) {
        if let (Some(_), false) = (name, stray.is_empty()) {
            diagnostics.push(diagnostic::before_body(stray));
        }
        let content;
        syn::braced!(content in input);
        let mut body = Body::default();
        entries(&content, None, &mut body, diagnostics)?;
        return Ok(Some(body));
    }
    input.parse::<Option<Token![;]>>()?;
    if let Some(name) = name {
        let place = if stray.is_empty() { name.to_token_stream() } else { stray };
        diagnostics.push(diagnostic::missing_body(place));
    }
    Ok(None)
}

/// Passes at least one token, so that reading always ends, and returns the first.
fn skip_to_declaration(input: ParseStream<'_>) -> Result<Option<TokenTree>> {
    if input.is_empty() {
        return Ok(None);
    }
    let first = input.parse()?;
    take_until(input, |input| {
        let word = input.fork().call(Ident::parse_any);
        input.peek(Token![#]) || word.is_ok_and(|word| word == "kernel" || word == "pub")
    })?;
    Ok(Some(first))
}
