//! The syntax of declarations. Every token keeps its span.
//!
//! `declaration` reads the tokens around the keys, `entry` the keys and `value` their values. The parser never
//! stops at a fault: it reports the fault, finds the next entry or declaration, and continues. It does not
//! know the meaning of keys and values; `check` does.

mod declaration;
mod entry;
mod value;

pub use declaration::Declaration;
pub use entry::{Body, Entry};
pub use value::{Item, Value};

use crate::diagnostic::{self, Diagnostic};
use declaration::declaration;
use proc_macro2::{Delimiter, Group, TokenStream, TokenTree};
use quote::quote;
use syn::parse::{ParseStream, Parser, Result};
use syn::{Attribute, Token, token};

/// Reads every declaration of one invocation.
pub fn parse(tokens: TokenStream, diagnostics: &mut Vec<Diagnostic>) -> Vec<Declaration> {
    if tokens.is_empty() {
        diagnostics.push(diagnostic::no_kernel(TokenStream::new()));
    }
    let mut declarations = Vec::new();
    let read = |input: ParseStream<'_>| -> Result<()> {
        while !input.is_empty() {
            declarations.extend(declaration(input, diagnostics)?);
        }
        Ok(())
    };
    if let Err(error) = read.parse2(flat(tokens)) {
        diagnostics.push(diagnostic::malformed(&error));
    }
    declarations
}

/// Without the invisible groups that `macro_rules!` puts around its fragments: `$k:expr` may be a
/// range or a list here. Functions and constants keep them, as parentheses of their expressions.
fn flat(tokens: TokenStream) -> TokenStream {
    let (mut in_item, mut gives) = (false, false);
    let flatten = |token| {
        match &token {
            TokenTree::Ident(word) if word == "fn" || word == "const" => {
                in_item = true;
                return token.into();
            }
            TokenTree::Punct(punct) if in_item && punct.as_char() == '=' => gives = true,
            TokenTree::Punct(punct) if in_item && punct.as_char() == ';' => {
                (in_item, gives) = (false, false);
            }
            TokenTree::Group(group) if in_item => {
                in_item = gives || group.delimiter() != Delimiter::Brace;
                return token.into();
            }
            _ => {}
        }
        match token {
            TokenTree::Group(group) if group.delimiter() == Delimiter::None => flat(group.stream()),
            TokenTree::Group(group) => {
                let mut inner = Group::new(group.delimiter(), flat(group.stream()));
                inner.set_span(group.span());
                TokenTree::Group(inner).into()
            }
            other => other.into(),
        }
    };
    tokens.into_iter().map(flatten).collect()
}

/// Attributes that are none are reported and left out, so that the rest can be read.
fn attributes(input: ParseStream<'_>, diagnostics: &mut Vec<Diagnostic>) -> Result<Vec<Attribute>> {
    let mut attrs = Vec::new();
    while let Some(pound) = input.parse::<Option<Token![#]>>()? {
        let brackets =
            if input.peek(token::Bracket) { Some(input.parse::<TokenTree>()?) } else { None };
        let tokens = quote!(#pound #brackets);
        match Attribute::parse_outer.parse2(tokens.clone()) {
            Ok(read) => attrs.extend(read),
            Err(_) => diagnostics.push(diagnostic::malformed_attribute(tokens)),
        }
    }
    Ok(attrs)
}

fn take_until(
    input: ParseStream<'_>,
    stop: impl Fn(ParseStream<'_>) -> bool,
) -> Result<TokenStream> {
    let mut taken = TokenStream::new();
    while !input.is_empty() && !stop(input) {
        taken.extend([input.parse::<TokenTree>()?]);
    }
    Ok(taken)
}
